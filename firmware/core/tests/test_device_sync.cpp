#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <new>

#include "check.h"
#include "device_sync.h"
#include "memory_records.h"

using namespace suite;

namespace {

const char *const CONFIG =
    R"("config":{"protocol_version":2,"device_id":"A","iot_enabled":true,"curve":{"value":60,"min_external_temp":-10},)"
    R"("schedule":[{"day":"Daily","slots":["06:00-22:00"],"target":"22C","mode":"Auto"}],)"
    R"("server_time":"2025-12-29T10:46:12Z","utc_offset_s":3600,"force":"auto","flow_setpoint":41.3,)"
    R"("poll_interval_s":30,"poll_jitter_s":3,"lease_s":900})";

struct NoSlots : Slots {
  bool is_trial = false;
  uint8_t running() const override { return 0; }
  uint32_t capacity() const override { return 1000; }
  uint32_t image_size(uint8_t slot) override { return slot ? 0 : 4; }
  bool read(uint8_t, uint32_t, uint8_t *data, size_t length) override { return memcpy(data, "abcd", length); }
  bool begin(uint8_t, uint32_t) override { return true; }
  bool write(uint8_t, uint32_t, const uint8_t *, size_t) override { return true; }
  bool finish(uint8_t, uint32_t) override { return true; }
  bool boot(uint8_t) override { return true; }
  bool is_on_trial() const override { return is_trial; }
  bool confirm() override {
    is_trial = false;
    return true;
  }
  bool was_rolled_back(uint8_t) override { return false; }
  bool can_roll_back() const override { return true; }
};

struct Controller {
  MemoryRecords records;
  NoSlots slots;
  BlobStore config_store{records, 0};
  BlobStore key_store{records, RECORDS_PER_BLOB};
  FirmwareUpdate update{slots};
  DeviceSync sync{config_store, key_store, update, 7};
  uint32_t now = 0;
  Telemetry telemetry;
  char report_text[MAX_REPORT];

  Controller() { start(); }
  void start() {
    sync.~DeviceSync();
    new (&sync) DeviceSync(config_store, key_store, update, 7);
    DeviceFacts facts;
    facts.device_id = "ESP32-001";
    facts.version = "1.0.0";
    facts.product = "heating";
    facts.chip = "esp32";
    sync.begin(facts, "key", now);
    update.begin(now);
    for (int i = 0; i < 3; i++) update.poll(now);
  }
  // Pass the time until the next report is due and return how long that was.
  uint32_t wait() {
    const uint32_t from = now;
    while (!sync.is_due(now)) now += 100;
    return now - from;
  }
  const char *report() {
    const size_t length = sync.write_report(report_text, sizeof report_text, telemetry, now);
    report_text[length] = '\0';
    return report_text;
  }
  SyncOutcome reply(int status, const char *text) { return sync.handle_reply(status, text, strlen(text), now); }
  SyncOutcome reply_with(const char *members, const char *config = CONFIG) {
    static char text[MAX_REPLY];
    snprintf(text, sizeof text, "{%s%s}", config, members);
    return reply(200, text);
  }
};

}  // namespace

TEST_CASE("times of home assistant are read") {
  int64_t unix_s = 0;
  CHECK(parse_utc("2025-12-29T10:46:12Z", unix_s));
  CHECK(unix_s == 1767005172);
  CHECK(parse_utc("2024-02-29T23:59:59.123Z", unix_s));
  CHECK(unix_s == 1709251199);
  for (const char *text : {"", "2025-12-29", "2025-12-29T10:46Z", "2025-12-29T10:46:12", "2025-12-29T10:46:12+01:00",
                           "2025-13-29T10:46:12Z", "2025-12-29T24:46:12Z", "1999-12-29T10:46:12Z", "2025-12-29T10:46:1Z"}) {
    CHECK(!parse_utc(text, unix_s));
  }
}

TEST_CASE("the local time continues without home assistant") {
  LocalClock clock;
  CHECK(!clock.is_known());
  clock.set(1767005172, 3600, 0xFFFFFF00u);  // Monday, 11:46:12; the counter wraps soon
  clock.poll(0xFFFFFF00u);
  CHECK(clock.weekday() == 0);
  CHECK(clock.minute_of_day() == 11 * 60 + 46);
  clock.poll(0xFFFFFF00u + 12 * 3600 * 1000 + 48000);
  CHECK(clock.weekday() == 0);
  CHECK(clock.minute_of_day() == 23 * 60 + 47);
  clock.poll(0xFFFFFF00u + 25 * 3600 * 1000);
  CHECK(clock.weekday() == 1);
  CHECK(clock.minute_of_day() == 12 * 60 + 46);
}

TEST_CASE("a report contains what is known") {
  Controller controller;
  controller.telemetry.outdoor_c = {true, 8.7f};
  controller.telemetry.is_heating_known = true;
  controller.telemetry.is_heating = true;
  const char *errors[] = {"sensor"};
  controller.telemetry.errors = errors;
  controller.telemetry.errors_used = 1;
  const char *text = controller.report();
  for (const char *part : {R"("protocol_version":2)", R"("state":"on")", R"("temp_out":8.7)", R"("room_temp":null)",
                           R"("errors":["sensor"])", R"("firmware_version":"1.0.0")", R"("running_slot":0)",
                           R"("can_roll_back":true)", R"("slots":["88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589",null])"}) {
    CHECK(strstr(text, part));
  }
  CHECK(!strstr(text, "acks"));
  char small[100];
  CHECK(controller.sync.write_report(small, sizeof small, controller.telemetry, 0) == 0);
  char path[80];
  CHECK(controller.sync.write_path(path, sizeof path));
  CHECK(!strcmp(path, "/api/iot/device/ESP32-001/sync/?protocol_version=2"));
  CHECK(!controller.sync.write_path(path, 20));
}

TEST_CASE("it calls again after the interval with jitter") {
  Controller controller;
  CHECK(controller.wait() <= 2000);
  uint32_t shortest = 1000000, longest = 0;
  for (int i = 0; i < 200; i++) {
    CHECK(controller.reply_with("") == SyncOutcome::Applied);
    const uint32_t pause = controller.wait();
    shortest = pause < shortest ? pause : shortest;
    longest = pause > longest ? pause : longest;
  }
  CHECK(shortest >= 27000);
  CHECK(longest <= 33100);
  CHECK(longest - shortest > 4000);
}

TEST_CASE("it waits longer after each failure") {
  Controller controller;
  uint32_t total = 0;
  for (int i = 0; i < 12; i++) {
    CHECK(controller.reply(i % 2 ? 503 : 0, "") == SyncOutcome::Unavailable);
    const uint32_t pause = controller.wait();
    CHECK(pause <= 450100);
    if (i < 2) CHECK(pause <= 15100);
    if (i > 8) CHECK(pause >= 150000);
    total += pause;
  }
  CHECK(controller.sync.failures() == 12);
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(controller.sync.failures() == 0);
  (void) total;
}

TEST_CASE("the configuration survives a restart and the setpoint does not") {
  Controller controller;
  CHECK(!controller.sync.has_stored_config());
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(controller.sync.decide(controller.telemetry, controller.now).reason == HeatingReason::Setpoint);
  const int writes = controller.records.writes;
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(controller.records.writes == writes);
  controller.start();
  CHECK(controller.sync.has_stored_config());
  CHECK(controller.sync.config().curve_value == 60.0f);
  CHECK(controller.sync.config().schedule.size() == 1);
  const HeatingDecision decision = controller.sync.decide(controller.telemetry, controller.now);
  CHECK(decision.reason == HeatingReason::Curve);
}

TEST_CASE("after the lease it heats by curve and schedule") {
  Controller controller;
  controller.telemetry.outdoor_c = {true, -10.0f};
  controller.telemetry.room_c = {true, 20.0f};
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(controller.sync.decide(controller.telemetry, 899999).flow_setpoint_c > 41.2f);
  HeatingDecision decision = controller.sync.decide(controller.telemetry, 900000);  // 12:01 local
  CHECK(decision.reason == HeatingReason::Curve);
  CHECK(decision.heats);
  const float day_c = decision.flow_setpoint_c;
  decision = controller.sync.decide(controller.telemetry, 11 * 3600 * 1000);  // 22:46
  CHECK(decision.flow_setpoint_c < day_c);
  decision = controller.sync.decide(controller.telemetry, 24 * 3600 * 1000);  // 11:46 on the next day
  CHECK(decision.flow_setpoint_c == day_c);
  controller.telemetry.room_c = {true, 4.0f};
  controller.sync.decide(controller.telemetry, 24 * 3600 * 1000);
  CHECK(controller.sync.has_frost());
}

TEST_CASE("a reply that cannot be used changes nothing") {
  Controller controller;
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  const char *const replies[] = {
      "", "{", "null", "[]", "{}", R"({"config":null})", R"({"config":{"iot_enabled":true}})",
      R"({"config":{"iot_enabled":true,"curve":{"value":900,"min_external_temp":0},"schedule":[]}})",
      R"({"config":{"iot_enabled":true,"curve":{"value":9,"min_external_temp":0},"schedule":[{"day":"x","slots":[]}]}})",
      "<html>502 Bad Gateway</html>",
  };
  for (const char *text : replies) {
    CHECK(controller.reply(200, text) == SyncOutcome::Invalid);
    CHECK(controller.sync.config().curve_value == 60.0f);
    CHECK(controller.sync.config().schedule.size() == 1);
    CHECK(strstr(controller.report(), "configuration cannot be used"));
  }
  CHECK(controller.sync.lease_holds(controller.now));
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(strstr(controller.report(), R"("errors":[])"));
}

TEST_CASE("a refused key is tried again later and a new key is used") {
  Controller controller;
  CHECK(!strcmp(controller.sync.key(), "key"));
  CHECK(controller.reply(401, R"({"error":"unauthorized"})") == SyncOutcome::Refused);
  CHECK(controller.wait() >= 45000);
  CHECK(!strcmp(controller.sync.key(), "key"));
  CHECK(controller.reply_with(R"(,"new_key":"second")") == SyncOutcome::Applied);
  CHECK(!strcmp(controller.sync.key(), "second"));
  CHECK(controller.reply(401, "") == SyncOutcome::Refused);  // the reply did not reach Home Assistant's disk
  CHECK(!strcmp(controller.sync.key(), "key"));
  CHECK(controller.wait() <= 2000);
  CHECK(controller.reply(403, "") == SyncOutcome::Refused);
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(!strcmp(controller.sync.key(), "second"));
  controller.start();
  CHECK(!strcmp(controller.sync.key(), "second"));
}

TEST_CASE("commands are executed once and answered soon") {
  Controller controller;
  const char *commands = R"(,"commands":[{"id":"1","name":"set_curve","args":{"value":60}},{"id":"2","name":"identify"},)"
                         R"({"id":"3","name":"dance"},{"id":"","name":"reboot"},7])";
  CHECK(controller.reply_with(commands) == SyncOutcome::Applied);
  CHECK(controller.sync.take_action() == DeviceAction::Identify);
  CHECK(controller.sync.take_action() == DeviceAction::None);
  CHECK(controller.wait() <= 2000);
  CHECK(strstr(controller.report(),
               R"("acks":[{"id":"1","ok":true},{"id":"2","ok":true},{"id":"3","ok":false,"message":"unknown command"}])"));
  CHECK(controller.reply_with(commands) == SyncOutcome::Applied);
  CHECK(controller.sync.take_action() == DeviceAction::None);  // a repetition
}

TEST_CASE("it reboots after the answer was sent and not in frost") {
  Controller controller;
  CHECK(controller.reply_with(R"(,"commands":[{"id":"1","name":"reboot"}])") == SyncOutcome::Applied);
  CHECK(controller.sync.take_action() == DeviceAction::None);
  controller.report();
  CHECK(controller.reply(0, "") == SyncOutcome::Unavailable);
  CHECK(controller.sync.take_action() == DeviceAction::None);
  controller.report();
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(controller.sync.take_action() == DeviceAction::Reboot);
  controller.telemetry.flow_c = {true, 3.0f};
  controller.sync.decide(controller.telemetry, controller.now);
  CHECK(controller.reply_with(R"(,"commands":[{"id":"2","name":"reboot"}])") == SyncOutcome::Applied);
  CHECK(strstr(controller.report(), R"({"id":"2","ok":false,"message":"frost protection is active"})"));
  CHECK(strstr(controller.report(), R"("frost":true)"));
}

TEST_CASE("a firmware offer is passed on and a sync ends the trial") {
  Controller controller;
  controller.slots.is_trial = true;
  CHECK(controller.reply(503, "") == SyncOutcome::Unavailable);
  CHECK(controller.update.is_on_trial());
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(!controller.update.is_on_trial());
  const char *offer =
      R"(,"firmware":{"job_id":"1","version":"2.0.0","size":500,"path":"/api/ota/x.bin",)"
      R"("sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})";
  CHECK(controller.reply_with(offer) == SyncOutcome::Applied);
  CHECK(controller.update.wants_download(controller.now));
  CHECK(!strcmp(controller.update.offered().path, "/api/ota/x.bin"));
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(controller.update.state() == UpdateState::Idle);
  CHECK(controller.reply_with(R"(,"firmware":{"size":-5,"sha256":"xyz"})") == SyncOutcome::Applied);
  CHECK(controller.update.state() == UpdateState::Idle);
}

TEST_CASE("a firmware that cannot be installed is reported") {
  Controller controller;
  const char *offer =
      R"(,"firmware":{"job_id":"1","version":"2.0.0","size":1001,"path":"/api/ota/x.bin",)"
      R"("sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})";
  CHECK(controller.reply_with(offer) == SyncOutcome::Applied);
  CHECK(!controller.update.wants_download(controller.now));
  CHECK(strstr(controller.report(), "firmware image is too large"));
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(!strstr(controller.report(), "firmware image is too large"));
}

TEST_CASE("a schedule that does not fit the flash is used and reported") {
  Controller controller;
  controller.records.writes_left = 0;
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(controller.sync.has_storage_error());
  CHECK(strstr(controller.report(), "configuration cannot be stored"));
  controller.records.writes_left = -1;
  CHECK(controller.reply_with("") == SyncOutcome::Applied);
  CHECK(!controller.sync.has_storage_error());
}
