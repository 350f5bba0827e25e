// Fuzz target: the first byte selects what reads the rest. Built with libFuzzer, or with fuzz_main.cpp by g++.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../tests/memory_records.h"
#include "ccu.h"
#include "device_sync.h"
#include "hc12_frame.h"
#include "json.h"
#include "ota_check.h"

using namespace suite;

namespace {

struct Memory : Slots {
  uint8_t data[4096] = {};
  uint32_t size[2] = {100, 0};
  bool trial = false;
  uint8_t running() const override { return 0; }
  uint32_t capacity() const override { return sizeof data; }
  uint32_t image_size(uint8_t slot) override { return size[slot]; }
  bool read(uint8_t, uint32_t offset, uint8_t *out, size_t length) override {
    if (offset + length > sizeof data) abort();
    memcpy(out, data + offset, length);
    return true;
  }
  bool begin(uint8_t slot, uint32_t) override { return slot == 1; }
  bool write(uint8_t slot, uint32_t offset, const uint8_t *in, size_t length) override {
    if (slot != 1 || offset + length > sizeof data) abort();
    memcpy(data + offset, in, length);
    return true;
  }
  bool finish(uint8_t slot, uint32_t bytes) override {
    size[slot] = bytes;
    return true;
  }
  bool boot(uint8_t slot) override { return size[slot] != 0; }
  bool is_on_trial() const override { return trial; }
  bool confirm() override {
    trial = false;
    return true;
  }
  bool was_rolled_back(uint8_t) override { return false; }
  bool can_roll_back() const override { return true; }
};

void read_json(const char *text, size_t length) {
  static JsonToken tokens[512];
  JsonDocument document(tokens, 512);
  if (document.parse(text, length) != JsonError::None) return;
  HeatingConfig config;
  config.apply(document.root()["config"]);
  config.apply(document.root());
  WeekSchedule schedule;
  schedule.parse(document.root());
  char copy[256];
  document.root().get(copy, sizeof copy);
  double number = 0;
  document.root().get(number);
}

void read_frames(const uint8_t *data, size_t length) {
  FrameDecoder decoder;
  Frame frame;
  for (size_t i = 0; i < length; i++) {
    decoder.push(data[i], static_cast<uint32_t>(i));
    while (decoder.next(frame)) {
      uint8_t bytes[MAX_FRAME];
      if (!encode_frame(frame, bytes)) abort();
    }
  }
}

void sync(const char *text, size_t length) {
  static MemoryRecords records;
  static BlobStore config_store(records, 0);
  static BlobStore key_store(records, RECORDS_PER_BLOB);
  static Memory slots;
  static FirmwareUpdate update(slots);
  static DeviceSync client(config_store, key_store, update, 1);
  static uint32_t now_ms = 0;
  now_ms += 30000;
  client.handle_reply(200, text, length, now_ms);
  for (int i = 0; i < 4; i++) update.poll(now_ms);
  if (update.wants_download(now_ms)) update.receive(reinterpret_cast<const uint8_t *>(text), length, now_ms);
  Telemetry telemetry;
  telemetry.outdoor_c = {true, static_cast<float>(length % 60) - 30.0f};
  const HeatingDecision decision = client.decide(telemetry, now_ms);
  if (decision.flow_setpoint_c < 0.0f || decision.flow_setpoint_c > 120.0f) abort();
  static char report[MAX_REPORT];
  if (!client.write_report(report, sizeof report, telemetry, now_ms)) abort();
  read_json(report, strlen(report));
}

void run_ccu(const uint8_t *data, size_t length) {
  static MemoryRecords records;
  static BlobStore store(records, 0);
  static Ccu ccu(store, LinkTiming::of(25, 9600), 1);
  static uint32_t now_ms = 0;
  static CcuRequest request;
  Frame frame;
  for (size_t i = 0; i < length; i++) ccu.receive(data[i], now_ms += 2);
  for (int i = 0; i < 40; i++) {
    now_ms += 50;
    if (ccu.poll_radio(now_ms, frame)) {
      // The outlet answers with what was found.
      frame.destination = 1;
      frame.source = 0xFE;
      frame.command |= ANSWER;
      frame.payload_length = static_cast<uint8_t>(length % (MAX_PAYLOAD + 1));
      memcpy(frame.payload, data, frame.payload_length < length ? frame.payload_length : length);
      uint8_t bytes[MAX_FRAME];
      const size_t count = encode_frame(frame, bytes);
      for (size_t k = 0; k < count; k++) ccu.receive(bytes[k], now_ms);
    }
    if (ccu.next_request(now_ms, request)) {
      ccu.handle_reply(request, 200, reinterpret_cast<const char *>(data), length, now_ms);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size) return 0;
  // A copy of exactly this length, so that reading beyond it is noticed.
  const size_t length = size - 1;
  auto *copy = static_cast<uint8_t *>(malloc(length ? length : 1));
  memcpy(copy, data + 1, length);
  const char *text = reinterpret_cast<const char *>(copy);
  switch (data[0] % 5) {
    case 0:
      read_json(text, length);
      break;
    case 1:
      read_frames(copy, length);
      break;
    case 2:
      sync(text, length);
      break;
    case 3:
      run_ccu(copy, length);
      break;
    default: {
      static Memory slots;
      static FirmwareUpdate update(slots);
      static OtaCheck check(update, 1);
      check.handle_reply(200, text, length, 0);
    }
  }
  free(copy);
  return 0;
}
