#include "heating_plan.h"

#include <initializer_list>

#include "heating_curve.h"

namespace suite {

namespace {

bool get_number(const JsonValue &value, double low, double high, float &number) {
  double found = 0;
  if (!value.get(found) || found < low || found > high) return false;
  number = static_cast<float>(found);
  return true;
}

// Read an optional member; false only for an invalid value.
bool get_force(const JsonValue &value, Force &force) {
  if (!value.exists() || value.equals("auto")) {
    force = Force::Auto;
  } else if (value.equals("on")) {
    force = Force::On;
  } else if (value.equals("off")) {
    force = Force::Off;
  } else {
    return false;
  }
  return true;
}

HeatingDecision decide_without_frost(const HeatingConfig &config, const HeatingInputs &inputs) {
  const float outdoor_c = inputs.outdoor_c.is_known ? inputs.outdoor_c.value : UNKNOWN_OUTDOOR_C;
  if (inputs.lease_holds && config.force == Force::Off) return {false, 0.0f, HeatingReason::ForcedOff};
  if (inputs.lease_holds && config.force == Force::On) {
    return {true, curve_flow_c(config.curve_value, config.min_external_c, outdoor_c), HeatingReason::ForcedOn};
  }
  if (!config.iot_enabled) return {false, 0.0f, HeatingReason::Disabled};
  if (inputs.lease_holds && config.has_flow_setpoint) return {true, config.flow_setpoint_c, HeatingReason::Setpoint};
  const float room_c = room_setpoint_c(config, inputs);
  return {true, curve_flow_c(config.curve_value, config.min_external_c, outdoor_c, room_c), HeatingReason::Curve};
}

}  // namespace

bool HeatingConfig::apply(const JsonValue &config) {
  bool enabled = false;
  float value = 0.0f;
  float external_c = 0.0f;
  float setpoint_c = 0.0f;
  float lease = 900.0f;
  Force new_force = Force::Auto;
  const JsonValue setpoint = config["flow_setpoint"];
  const JsonValue lease_value = config["lease_s"];
  if (!config["iot_enabled"].get(enabled)) return false;
  if (!get_number(config["curve"]["value"], 0, 100, value)) return false;
  if (!get_number(config["curve"]["min_external_temp"], -60, 60, external_c)) return false;
  if (!get_force(config["force"], new_force)) return false;
  if (!setpoint.is_absent() && !get_number(setpoint, 0, 120, setpoint_c)) return false;
  if (!lease_value.is_absent() && !get_number(lease_value, 0, 604800, lease)) return false;
  if (!schedule.parse(config["schedule"])) return false;  // last: it is the only part that is stored in place
  iot_enabled = enabled;
  curve_value = value;
  min_external_c = external_c;
  force = new_force;
  has_flow_setpoint = !setpoint.is_absent();
  flow_setpoint_c = setpoint_c;
  lease_s = static_cast<uint32_t>(lease);
  return true;
}

float room_setpoint_c(const HeatingConfig &config, const HeatingInputs &inputs) {
  if (!config.schedule.size() || !inputs.is_time_known) return CURVE_ROOM_C;
  const int active = config.schedule.active(inputs.weekday, inputs.minute_of_day);
  if (active < 0) return SETBACK_C;
  const ScheduleEntry &entry = config.schedule.entry(static_cast<size_t>(active));
  const float target_c = entry.has_target ? entry.target_c : CURVE_ROOM_C;
  return entry.mode == ScheduleMode::Eco ? target_c - ECO_REDUCTION_K : target_c;
}

bool has_frost(const HeatingInputs &inputs) {
  bool is_any_known = false;
  for (const Reading *reading : {&inputs.room_c, &inputs.flow_c, &inputs.return_c}) {
    if (!reading->is_known) continue;
    is_any_known = true;
    if (reading->value < FROST_C) return true;
  }
  return !is_any_known && inputs.outdoor_c.is_known && inputs.outdoor_c.value < FROST_OUTDOOR_C;
}

HeatingDecision decide(const HeatingConfig &config, const HeatingInputs &inputs) {
  const HeatingDecision decision = decide_without_frost(config, inputs);
  if (!has_frost(inputs) || decision.flow_setpoint_c >= FROST_FLOW_C) return decision;
  return {true, FROST_FLOW_C, HeatingReason::Frost};
}

}  // namespace suite
