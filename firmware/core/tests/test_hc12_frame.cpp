#include <string.h>

#include "check.h"
#include "hc12_frame.h"
#include "vectors.h"

using namespace suite;

namespace {

JsonValue vectors() {
  static const JsonValue root = load_vectors("hc12.json");
  return root;
}

bool matches(const Frame &frame, const JsonValue &hex) {
  uint8_t expected[MAX_FRAME];
  uint8_t encoded[MAX_FRAME];
  const size_t length = from_hex(hex, expected, sizeof expected);
  return encode_frame(frame, encoded) == length && memcmp(encoded, expected, length) == 0;
}

}  // namespace

TEST_CASE("crc vectors") {
  const JsonValue cases = vectors()["crc16"];
  CHECK(cases.size() > 3);
  for (size_t i = 0; i < cases.size(); i++) {
    uint8_t data[64];
    uint8_t crc[2] = {};
    const size_t length = from_hex(cases.at(i)["data"], data, sizeof data);
    CHECK(from_hex(cases.at(i)["crc"], crc, 2) == 2);
    CHECK(crc16(data, length) == (crc[0] << 8 | crc[1]));
  }
}

TEST_CASE("frame vectors are encoded and decoded") {
  const JsonValue cases = vectors()["frames"];
  CHECK(cases.size() > 10);
  for (size_t i = 0; i < cases.size(); i++) {
    const JsonValue vector = cases.at(i);
    Frame frame;
    frame.destination = static_cast<uint8_t>(number_of(vector["destination"]));
    frame.source = static_cast<uint8_t>(number_of(vector["source"]));
    frame.sequence = static_cast<uint8_t>(number_of(vector["sequence"]));
    frame.command = static_cast<uint8_t>(number_of(vector["command"]));
    frame.payload_length = static_cast<uint8_t>(from_hex(vector["payload"], frame.payload, MAX_PAYLOAD));
    CHECK(matches(frame, vector["frame"]));

    uint8_t bytes[MAX_FRAME];
    const size_t length = from_hex(vector["frame"], bytes, sizeof bytes);
    FrameDecoder decoder;
    Frame decoded;
    for (size_t place = 0; place < length; place++) {
      decoder.push(bytes[place], 0);
      CHECK(decoder.next(decoded) == (place + 1 == length));
    }
    CHECK(matches(decoded, vector["frame"]));
  }
}

TEST_CASE("stream vectors") {
  const JsonValue cases = vectors()["streams"];
  CHECK(cases.size() > 5);
  for (size_t i = 0; i < cases.size(); i++) {
    const JsonValue vector = cases.at(i);
    uint8_t bytes[256];
    const size_t length = from_hex(vector["bytes"], bytes, sizeof bytes);
    FrameDecoder decoder;
    Frame frame;
    size_t found = 0;
    for (size_t place = 0; place < length; place++) {
      decoder.push(bytes[place], 0);
      while (decoder.next(frame)) {
        CHECK(matches(frame, vector["frames"].at(found)));
        found++;
      }
    }
    CHECK(found == vector["frames"].size());
    CHECK(decoder.crc_errors() == static_cast<uint32_t>(number_of(vector["crc_errors"])));
  }
}

TEST_CASE("a cut frame is dropped after a silence") {
  Frame ping;
  ping.destination = 0xFE;
  ping.source = 1;
  ping.command = 1;
  uint8_t bytes[MAX_FRAME];
  const size_t length = encode_frame(ping, bytes);
  for (size_t cut = 1; cut < length; cut++) {
    for (const uint32_t pause : {0u, 101u}) {
      FrameDecoder decoder;
      Frame frame;
      size_t found = 0;
      for (size_t i = 0; i < cut; i++) {
        decoder.push(bytes[i], 1000);
        found += decoder.next(frame);
      }
      for (size_t i = 0; i < length; i++) {
        decoder.push(bytes[i], 1000 + pause);
        while (decoder.next(frame)) found++;
      }
      // Without a silence the cut frame may claim bytes of the one after it.
      if (pause) CHECK(found == 1);
      CHECK(found <= 1);
    }
  }
}

TEST_CASE("a frame before a silence and inside a false start is found") {
  Frame ping;
  ping.destination = 0xFE;
  ping.source = 1;
  ping.command = 1;
  uint8_t bytes[MAX_FRAME];
  const size_t length = encode_frame(ping, bytes);
  FrameDecoder decoder;
  Frame frame;
  decoder.push(0xA5, 0);
  decoder.push(0x1C, 0);  // claims 32 bytes
  for (size_t i = 0; i < length; i++) decoder.push(bytes[i], 0);
  CHECK(!decoder.next(frame));
  decoder.push(0x00, 200);
  CHECK(decoder.next(frame));
  CHECK(frame.destination == 0xFE);
  CHECK(!decoder.next(frame));
}

TEST_CASE("a payload that is too long is not encoded") {
  Frame frame;
  frame.payload_length = MAX_PAYLOAD + 1;
  uint8_t bytes[MAX_FRAME];
  CHECK(encode_frame(frame, bytes) == 0);
}

TEST_CASE("the decoder accepts any bytes") {
  FrameDecoder decoder;
  Frame frame;
  uint32_t random = 1;
  for (int i = 0; i < 200000; i++) {
    random = random * 1664525 + 1013904223;
    const auto byte = static_cast<uint8_t>(random >> 24);
    decoder.push(byte & 0x40 ? FRAME_START : static_cast<uint8_t>(byte & 0x1F), static_cast<uint32_t>(i) * (random >> 29));
    if (random & 0x10000) {
      while (decoder.next(frame)) CHECK(frame.payload_length <= MAX_PAYLOAD);
    }
  }
}
