#include <math.h>

#include "check.h"
#include "heating_curve.h"
#include "lease.h"
#include "vectors.h"
#include "week_schedule.h"

using namespace suite;

TEST_CASE("heating curve vectors") {
  const JsonValue cases = load_vectors("heating_curve.json")["cases"];
  CHECK(cases.size() > 50);
  for (size_t i = 0; i < cases.size(); i++) {
    const JsonValue row = cases.at(i);
    const float flow = curve_flow_c(static_cast<float>(number_of(row["value"])),
                                    static_cast<float>(number_of(row["min_external_temp"])),
                                    static_cast<float>(number_of(row["temp_out"])),
                                    static_cast<float>(number_of(row["room_setpoint"])));
    CHECK(fabs(static_cast<double>(flow) - number_of(row["flow"])) < 0.002);
  }
}

TEST_CASE("a curve value out of range is limited") {
  CHECK(fabsf(curve_flow_c(150, -10, -10) - 55.0f) < 0.001f);
  CHECK(fabsf(curve_flow_c(-5, -10, -10) - 20.0f) < 0.001f);
}

TEST_CASE("week schedule vectors") {
  const JsonValue cases = load_vectors("week_schedule.json")["cases"];
  CHECK(cases.size() > 20);
  for (size_t i = 0; i < cases.size(); i++) {
    const JsonValue vector = cases.at(i);
    static WeekSchedule schedule;
    bool is_valid = false;
    vector["valid"].get(is_valid);
    if (schedule.parse(vector["schedule"]) != is_valid) {
      char name[80] = "";
      vector["name"].get(name, sizeof name);
      FAIL_CHECK(name);
    }
    const JsonValue times = vector["active"];
    for (size_t t = 0; t < times.size(); t++) {
      const auto weekday = static_cast<uint8_t>(number_of(times.at(t).at(0)));
      const auto minute = static_cast<uint16_t>(number_of(times.at(t).at(1)));
      CHECK(schedule.active(weekday, minute) == static_cast<int>(number_of(times.at(t).at(2))));
    }
    const JsonValue targets = vector["targets"];
    for (size_t t = 0; t < targets.size(); t++) {
      const ScheduleEntry &entry = schedule.entry(t);
      CHECK(entry.has_target == (targets.at(t).type() == JsonType::Number));
      if (entry.has_target) CHECK(fabs(static_cast<double>(entry.target_c) - number_of(targets.at(t))) < 0.001);
    }
    const JsonValue modes = vector["modes"];
    for (size_t t = 0; t < modes.size(); t++) {
      static const char *const NAMES[] = {"auto", "eco", "manual"};
      CHECK(modes.at(t).equals(NAMES[static_cast<int>(schedule.entry(t).mode)]));
    }
  }
}

TEST_CASE("an invalid schedule keeps the previous one") {
  static WeekSchedule schedule;
  JsonToken tokens[32];
  JsonDocument document(tokens, 32);
  const char good[] = R"([{"day": "Mon", "slots": ["06:00-07:00"]}])";
  CHECK(document.parse(good, sizeof good) == JsonError::None);
  CHECK(schedule.parse(document.root()));
  const char bad[] = R"([{"day": "Tue", "slots": ["01:00-02:00"]}, {"day": "Tue", "slots": ["6-7"]}])";
  CHECK(document.parse(bad, sizeof bad) == JsonError::None);
  CHECK(!schedule.parse(document.root()));
  CHECK(schedule.active(0, 390) == 0);
  CHECK(schedule.active(1, 90) == -1);
  CHECK(!schedule.parse(document.root()["missing"]));
}

TEST_CASE("a lease expires and stays expired") {
  Lease lease;
  CHECK(!lease.check(0));
  lease.renew(1000, 900);
  CHECK(lease.check(900999));
  CHECK(!lease.check(901000));
  CHECK(!lease.check(1000));  // the clock has wrapped around
  lease.renew(0xFFFFF000u, 10);
  CHECK(lease.check(0x00000100u));
  CHECK(!lease.check(0x00002000u));
  lease.renew(5, 0xFFFFFFFFu);
  CHECK(lease.check(1000000));
  lease.renew(5, 0);
  CHECK(!lease.check(5));
}
