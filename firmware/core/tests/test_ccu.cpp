#include <stdio.h>
#include <string.h>

#include <new>

#include "ccu.h"
#include "check.h"
#include "memory_records.h"
#include "ota_check.h"

using namespace suite;

namespace {

// Outlet FE as docs/hc12-frame.md describes it, on a perfect channel.
struct Radio {
  bool is_off = false;
  uint8_t relays = 0;
  uint16_t threshold_ma = 10000;
  int changes = 0;
  int events_answered = 0;

  bool answer(const Frame &request, Frame &frame) {
    if (request.command == (CMD_EVENT | ANSWER)) {
      events_answered++;
      return false;
    }
    if (is_off || request.destination != 0xFE) return false;
    frame = Frame();
    frame.destination = request.source;
    frame.source = 0xFE;
    frame.sequence = request.sequence;
    frame.command = request.command | ANSWER;
    if (request.command == CMD_SYNC || request.command == CMD_PING) {
      frame.payload_length = 2;
      frame.payload[1] = 7;
      return true;
    }
    if (request.command == CMD_RELAY) {
      relays = static_cast<uint8_t>((relays & ~request.payload[2]) | request.payload[3]);
      changes++;
    } else if (request.command == CMD_SET_THRESHOLD) {
      threshold_ma = static_cast<uint16_t>(request.payload[2] << 8 | request.payload[3]);
      if (threshold_ma == 666) {
        frame.command = CMD_NAK;
        frame.payload_length = 2;
        frame.payload[0] = CMD_SET_THRESHOLD;
        frame.payload[1] = 5;
        return true;
      }
    }
    frame.payload_length = 7;
    frame.payload[0] = relays;
    frame.payload[1] = 4;
    frame.payload[2] = 0xD2;
    frame.payload[5] = static_cast<uint8_t>(threshold_ma >> 8);
    frame.payload[6] = static_cast<uint8_t>(threshold_ma);
    return true;
  }
};

struct Unit {
  MemoryRecords records;
  BlobStore store{records, 0};
  Ccu ccu{store, LinkTiming::of(25, 9600), 3};
  Radio radio;
  uint32_t now = 0xFFFFF000u;  // the counter wraps during the tests
  int status = 200;
  const char *devices = R"({"success":true,"devices":["FE"]})";
  const char *commands = R"({"success":true,"commands":[]})";
  char acks[1600] = "";
  char report[400] = "";
  char breaker[200] = "";
  int cycles = 0;

  Unit() { ccu.begin("01", "1.0.0", "esp32c3", now); }

  void restart() {
    ccu.~Ccu();
    new (&ccu) Ccu(store, LinkTiming::of(25, 9600), 4);
    ccu.begin("01", "1.0.0", "esp32c3", now);
  }

  void send(const Frame &frame) {
    uint8_t bytes[MAX_FRAME];
    const size_t count = encode_frame(frame, bytes);
    for (size_t i = 0; i < count; i++) ccu.receive(bytes[i], now);
  }

  void run(uint32_t ms) {
    for (uint32_t i = 0; i < ms; i += 5, now += 5) {
      Frame frame, answer;
      if (ccu.poll_radio(now, frame) && radio.answer(frame, answer)) send(answer);
      CcuRequest request;
      if (ccu.next_request(now, request)) reply(request);
    }
  }

  void reply(const CcuRequest &request) {
    const char *body = R"({"success":true})";
    switch (request.kind) {
      case RequestKind::Devices:
        CHECK(!strcmp(request.path, "/api/devices/?v=2"));
        CHECK(!request.is_post);
        cycles++;
        body = devices;
        break;
      case RequestKind::Commands:
        CHECK(!strcmp(request.path, "/api/commands/FE/?v=2"));
        body = commands;
        break;
      case RequestKind::Acks:
        CHECK(!strcmp(request.path, "/api/commands/FE/ack/?v=2"));
        strcpy(acks, request.body);
        break;
      case RequestKind::Report:
        CHECK(!strcmp(request.path, "/api/data/?v=2"));
        strcpy(report, request.body);
        break;
      case RequestKind::Breaker:
        strcpy(breaker, request.body);
    }
    ccu.handle_reply(request, status, body, strlen(body), now);
  }
};

}  // namespace

TEST_CASE("a command goes by radio to the outlet and is acknowledged once") {
  Unit unit;
  unit.run(3000);
  CHECK(!strcmp(unit.report, R"({"device_id":"FE","current_a":1234,"current_b":0,"relay_a":false,"relay_b":false,)"
                             R"("is_overload":false,"threshold":10000})"));
  CHECK(!unit.acks[0]);
  CHECK(!strcmp(unit.breaker, R"({"ccu_id":"01","firmware":"1.0.0","chip":"esp32c3"})"));  // no reading of the current
  unit.commands = R"({"success":true,"commands":[{"command":"relay_on","socket":"b","value":null,"id":"01JD","expires_at":"x"}]})";
  unit.ccu.set_main_current({true, 7.321f});
  unit.run(4500);
  CHECK(unit.radio.relays == SOCKET_B);
  CHECK(unit.radio.changes == 1);
  CHECK(!strcmp(unit.acks, R"({"acks":[{"id":"01JD","ok":true}]})"));
  CHECK(strstr(unit.report, R"("relay_b":true)"));
  CHECK(!strcmp(unit.breaker, R"({"ccu_id":"01","current_ma":7321,"firmware":"1.0.0","chip":"esp32c3"})"));
  unit.ccu.set_main_current({false, 7.321f});
  unit.run(2500);
  CHECK(!strstr(unit.breaker, "current_ma"));
  unit.run(6000);  // delivered again and again: it is answered again and not executed
  CHECK(unit.radio.changes == 1);
}

TEST_CASE("all commands are executed in their order") {
  Unit unit;
  unit.commands =
      R"({"commands":[{"command":"set_threshold","socket":"","value":2500,"id":"1"},{"command":"ping","id":"2"},)"
      R"({"command":"read_sensors","id":"3"},{"command":"relay_on","socket":"a","id":"4"},)"
      R"({"command":"relay_off","socket":"a","id":"5"},{"command":"dance","id":"6"},)"
      R"({"command":"set_threshold","value":65535,"id":"7"},{"command":"relay_on","socket":"c","id":"8"},{"id":""},5]})";
  unit.run(3000);
  unit.commands = R"({"commands":[]})";
  unit.run(4000);
  CHECK(unit.radio.threshold_ma == 2500);
  CHECK(unit.radio.relays == 0);
  CHECK(unit.radio.changes == 2);
  CHECK(strstr(unit.report, R"("threshold":2500)"));
  unit.commands = R"({"commands":[{"command":"set_threshold","value":666,"id":"9"}]})";
  unit.run(2500);
  CHECK(!strcmp(unit.acks, R"({"acks":[{"id":"9","ok":false,"error":"outlet refused the command"}]})"));
}

TEST_CASE("an outlet that does not answer is neither reported nor confirmed") {
  Unit unit;
  unit.run(3000);
  unit.radio.is_off = true;
  unit.commands = R"({"commands":[{"command":"relay_on","socket":"a","id":"1"},{"command":"x","id":"2"}]})";
  unit.run(8000);
  CHECK(strstr(unit.acks, R"({"id":"1","ok":false,"error":"outlet does not answer"})"));
  unit.report[0] = '\0';
  unit.run(12000);
  unit.report[0] = '\0';
  unit.run(4000);
  CHECK(!unit.report[0]);
  unit.radio.is_off = false;
  unit.run(12000);
  CHECK(unit.report[0]);
}

TEST_CASE("answers are kept while home assistant is away") {
  Unit unit;
  unit.run(1000);
  unit.commands = R"({"commands":[{"command":"relay_on","socket":"a","id":"1"}]})";
  unit.run(1500);
  unit.commands = R"({"commands":[]})";
  unit.status = 0;
  unit.acks[0] = '\0';
  const int cycles = unit.cycles;
  unit.run(120000);
  CHECK(unit.cycles - cycles < 12);  // it calls less often
  CHECK(!unit.ccu.is_connected());
  CHECK(unit.radio.relays == SOCKET_A);
  unit.status = 200;
  unit.acks[0] = '\0';
  unit.run(60000);
  CHECK(!strcmp(unit.acks, R"({"acks":[{"id":"1","ok":true}]})"));
  CHECK(unit.ccu.is_connected());
}

TEST_CASE("the list of outlets is kept for a start without home assistant") {
  Unit unit;
  unit.run(2500);
  unit.restart();
  unit.status = 401;
  unit.run(3000);
  CHECK(unit.ccu.is_refused());
  CHECK(unit.ccu.outlets() == 1);
  CHECK(unit.ccu.outlet(0).has_state(unit.now));
}

TEST_CASE("invalid replies change nothing") {
  Unit unit;
  unit.run(2500);
  for (const char *text : {"", "[]", "{\"devices\":5}", "<html>", "{\"commands\":{}}"}) {
    unit.devices = unit.commands = text;
    unit.run(2500);
    CHECK(unit.ccu.outlets() == 1);
  }
  unit.devices = R"({"devices":["FE","01","00","FF","xyz",7,"0g"]})";  // 01 is the controller itself
  unit.run(2500);
  CHECK(unit.ccu.outlets() == 1);
  unit.devices = R"({"devices":[]})";
  unit.run(2500);
  CHECK(unit.ccu.outlets() == 0);
}

TEST_CASE("an event is answered and the outlet read at once") {
  Unit unit;
  unit.run(2500);
  Frame event;
  event.destination = 1;
  event.source = 0xFE;
  event.sequence = 9;
  event.command = CMD_EVENT;
  event.payload_length = 7;
  unit.send(event);
  event.source = 0xFD;
  unit.send(event);
  unit.run(100);
  CHECK(unit.radio.events_answered == 1);
}

TEST_CASE("a firmware check passes its offer on") {
  struct Empty : Slots {
    uint8_t running() const override { return 0; }
    uint32_t capacity() const override { return 1000; }
    uint32_t image_size(uint8_t) override { return 0; }
    bool read(uint8_t, uint32_t, uint8_t *, size_t) override { return false; }
    bool begin(uint8_t, uint32_t) override { return true; }
    bool write(uint8_t, uint32_t, const uint8_t *, size_t) override { return true; }
    bool finish(uint8_t, uint32_t) override { return true; }
    bool boot(uint8_t) override { return true; }
    bool is_on_trial() const override { return false; }
    bool confirm() override { return true; }
    bool was_rolled_back(uint8_t) override { return false; }
    bool can_roll_back() const override { return false; }
  } slots;
  FirmwareUpdate update(slots);
  OtaCheck check(update, 5);
  check.begin("smart_outlet:ccu-01", "1.0.0", 3, 0);
  char text[400];
  CHECK(check.write_path(text, sizeof text));
  CHECK(!strcmp(text, "/api/ota/v1/devices/smart_outlet:ccu-01/check/"));
  CHECK(!check.write_path(text, 20));
  update.begin(0);
  CHECK(check.write_body(text, sizeof text, false));
  CHECK(!strcmp(text, R"({"version":"1.0.0","boot_count":3})"));
  update.poll(0);
  update.poll(0);
  CHECK(check.write_body(text, sizeof text, true));
  CHECK(strstr(text, R"("busy":"frost","slots":[null,null],"running_slot":0,"can_roll_back":false)"));
  CHECK(!check.is_due(4000));
  CHECK(check.is_due(6000));
  check.handle_reply(0, "", 0, 6000);
  CHECK(!check.is_due(10000));
  CHECK(check.is_due(30000));
  const char *reply = R"({"update":{"job":"17","version":"1.4.0","size":500,"url":"/api/x.bin","sha256":)"
                      R"("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},"reason":"offered","poll_s":60})";
  check.handle_reply(200, reply, strlen(reply), 30000);
  CHECK(update.wants_download(30000));
  CHECK(!check.is_due(80000));
  CHECK(check.is_due(97000));
  check.handle_reply(200, R"({"update":null})", 15, 30000);
  CHECK(!update.wants_download(30000));
}
