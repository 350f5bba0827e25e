#include <math.h>
#include <string.h>

#include "check.h"
#include "heating_curve.h"
#include "heating_plan.h"

using namespace suite;

namespace {

JsonToken tokens[128];
JsonDocument document(tokens, 128);

JsonValue parse(const char *text) {
  CHECK(document.parse(text, strlen(text)) == JsonError::None);
  return document.root();
}

HeatingConfig config;  // large; reset by each test

const HeatingConfig &with(const char *text) {
  config = HeatingConfig();
  CHECK(config.apply(parse(text)));
  return config;
}

const char REPLY[] = R"({"protocol_version": 2, "iot_enabled": true, "curve": {"value": 60, "min_external_temp": -10},
  "schedule": [{"day": "Mon", "slots": ["06:00-22:00"], "target": "21C"}, {"day": "Mon", "slots": ["12:00-13:00"], "mode": "Eco"}],
  "force": "auto", "force_until": null, "flow_setpoint": 41.3, "lease_s": 900, "new_member": {"a": []}})";

HeatingInputs monday(uint16_t minute, float outdoor_c) {
  HeatingInputs inputs;
  inputs.is_time_known = true;
  inputs.minute_of_day = minute;
  inputs.outdoor_c = {true, outdoor_c};
  inputs.room_c = {true, 19.0f};
  return inputs;
}

bool near(float a, float b) { return fabsf(a - b) < 0.01f; }

}  // namespace

TEST_CASE("while the lease holds the setpoint of home assistant applies") {
  HeatingInputs inputs = monday(600, 0);
  inputs.lease_holds = true;
  const HeatingDecision decision = decide(with(REPLY), inputs);
  CHECK(decision.heats);
  CHECK(decision.reason == HeatingReason::Setpoint);
  CHECK(near(decision.flow_setpoint_c, 41.3f));
}

TEST_CASE("without the lease the stored curve and schedule apply") {
  with(REPLY);
  const HeatingDecision day = decide(config, monday(600, 0));
  CHECK(day.reason == HeatingReason::Curve);
  CHECK(near(day.flow_setpoint_c, curve_flow_c(60, -10, 0, 21)));
  CHECK(near(decide(config, monday(750, 0)).flow_setpoint_c, curve_flow_c(60, -10, 0, 17)));  // Eco
  CHECK(near(decide(config, monday(1400, 0)).flow_setpoint_c, curve_flow_c(60, -10, 0, SETBACK_C)));
  CHECK(decide(config, monday(1400, 0)).flow_setpoint_c < day.flow_setpoint_c);
}

TEST_CASE("an unknown time or outdoor temperature heats by the curve") {
  HeatingInputs inputs = monday(1400, -5);
  inputs.is_time_known = false;
  CHECK(near(decide(with(REPLY), inputs).flow_setpoint_c, curve_flow_c(60, -10, -5, 20)));
  inputs.outdoor_c.is_known = false;
  CHECK(near(decide(config, inputs).flow_setpoint_c, curve_flow_c(60, -10, 0, 20)));
}

TEST_CASE("before the first configuration the controller heats") {
  config = HeatingConfig();
  CHECK(decide(config, monday(600, 0)).heats);
}

TEST_CASE("a forced state ends with the lease") {
  char text[sizeof REPLY];
  strcpy(text, REPLY);
  memcpy(strstr(text, "\"force\": \"auto\""), "\"force\": \"off\" ", 15);
  HeatingInputs inputs = monday(600, 0);
  inputs.lease_holds = true;
  CHECK(!decide(with(text), inputs).heats);
  CHECK(decide(config, inputs).reason == HeatingReason::ForcedOff);
  inputs.lease_holds = false;
  CHECK(decide(config, inputs).reason == HeatingReason::Curve);
}

TEST_CASE("forced on takes precedence over disabled and keeps to the curve") {
  HeatingInputs inputs = monday(600, 0);
  with(R"({"iot_enabled": false, "curve": {"value": 60, "min_external_temp": -10}, "schedule": [], "force": "on"})");
  CHECK(!decide(config, inputs).heats);
  inputs.lease_holds = true;
  const HeatingDecision decision = decide(config, inputs);
  CHECK(decision.heats);
  CHECK(decision.reason == HeatingReason::ForcedOn);
  CHECK(near(decision.flow_setpoint_c, curve_flow_c(60, -10, 0)));
}

TEST_CASE("frost protection takes precedence") {
  with(R"({"iot_enabled": false, "curve": {"value": 60, "min_external_temp": -10}, "schedule": [], "force": "off"})");
  for (const bool lease : {false, true}) {
    HeatingInputs inputs = monday(600, -10);
    inputs.lease_holds = lease;
    CHECK(!decide(config, inputs).heats);
    inputs.return_c = {true, 4.9f};
    HeatingDecision decision = decide(config, inputs);
    CHECK(decision.heats);
    CHECK(decision.reason == HeatingReason::Frost);
    CHECK(near(decision.flow_setpoint_c, FROST_FLOW_C));
    inputs.return_c = {true, 5.1f};
    CHECK(!decide(config, inputs).heats);
    inputs.return_c.is_known = inputs.room_c.is_known = false;
    CHECK(decide(config, inputs).reason == HeatingReason::Frost);  // only the outdoor temperature is known
    inputs.outdoor_c.is_known = false;
    CHECK(!decide(config, inputs).heats);
  }
}

TEST_CASE("frost protection never lowers a setpoint") {
  HeatingInputs inputs = monday(600, -10);
  inputs.room_c = {true, 3.0f};
  const HeatingDecision decision = decide(with(REPLY), inputs);
  CHECK(decision.reason == HeatingReason::Curve);
  CHECK(decision.flow_setpoint_c > FROST_FLOW_C);
}

TEST_CASE("an invalid configuration changes nothing") {
  with(REPLY);
  for (const char *text : {
           "{}", "[]", "null", "{\"iot_enabled\": true}",
           "{\"iot_enabled\": 1, \"curve\": {\"value\": 1, \"min_external_temp\": 1}, \"schedule\": []}",
           "{\"iot_enabled\": true, \"curve\": {\"value\": 101, \"min_external_temp\": 1}, \"schedule\": []}",
           "{\"iot_enabled\": true, \"curve\": {\"value\": \"1\", \"min_external_temp\": 1}, \"schedule\": []}",
           "{\"iot_enabled\": true, \"curve\": {\"value\": 1, \"min_external_temp\": null}, \"schedule\": []}",
           "{\"iot_enabled\": true, \"curve\": {\"value\": 1, \"min_external_temp\": 1}, \"schedule\": [{\"day\": \"Mon\"}]}",
           "{\"iot_enabled\": true, \"curve\": {\"value\": 1, \"min_external_temp\": 1}, \"schedule\": [], \"force\": \"high\"}",
           "{\"iot_enabled\": true, \"curve\": {\"value\": 1, \"min_external_temp\": 1}, \"schedule\": [], \"flow_setpoint\": 500}",
           "{\"iot_enabled\": true, \"curve\": {\"value\": 1, \"min_external_temp\": 1}, \"schedule\": [], \"lease_s\": -1}",
       }) {
    CHECK(!config.apply(parse(text)));
    CHECK(near(config.curve_value, 60));
    CHECK(near(config.min_external_c, -10));
    CHECK(config.schedule.size() == 2);
    CHECK(config.has_flow_setpoint);
    CHECK(config.lease_s == 900);
  }
}
