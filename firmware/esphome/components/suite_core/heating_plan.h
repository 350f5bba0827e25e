// What a heating controller does: config of docs/device-sync.md, and its own control while Home Assistant is away.
#pragma once

#include <stdint.h>

#include "json.h"
#include "week_schedule.h"

namespace suite {

constexpr float SETBACK_C = 17.0f;          // room temperature setpoint between slots, as in Home Assistant by default
constexpr float ECO_REDUCTION_K = 3.0f;     // likewise
constexpr float UNKNOWN_OUTDOOR_C = 0.0f;   // assumed while the outdoor temperature is unknown
constexpr float FROST_C = 5.0f;             // a room or water temperature below it starts frost protection
constexpr float FROST_OUTDOOR_C = 2.0f;     // without such a reading, an outdoor temperature below it does
constexpr float FROST_FLOW_C = 30.0f;       // minimum flow temperature setpoint during frost protection

enum class Force : uint8_t { Auto, On, Off };

// The last valid configuration. Before the first one it heats by a moderate curve.
struct HeatingConfig {
  bool iot_enabled = true;
  float curve_value = 50.0f;
  float min_external_c = -15.0f;
  WeekSchedule schedule;
  // Protocol 2; these hold only while the lease does.
  Force force = Force::Auto;
  bool has_flow_setpoint = false;
  float flow_setpoint_c = 0.0f;
  uint32_t lease_s = 900;

  // Apply the `config` of a reply. Returns false and changes nothing if a member is missing or invalid.
  bool apply(const JsonValue &config);
};

// A reading that may be unknown.
struct Reading {
  bool is_known = false;
  float value = 0.0f;
};

struct HeatingInputs {
  bool lease_holds = false;
  bool is_time_known = false;
  uint8_t weekday = 0;  // local, 0 Monday
  uint16_t minute_of_day = 0;
  Reading outdoor_c;
  Reading room_c;
  Reading flow_c;
  Reading return_c;
};

enum class HeatingReason : uint8_t { Disabled, ForcedOff, ForcedOn, Setpoint, Curve, Frost };

struct HeatingDecision {
  bool heats;
  float flow_setpoint_c;  // 0 if it does not heat
  HeatingReason reason;
};

// Whether a room or the water may freeze, as far as the readings show.
bool has_frost(const HeatingInputs &inputs);

// Decide by the configuration; frost protection takes precedence over everything.
HeatingDecision decide(const HeatingConfig &config, const HeatingInputs &inputs);

// Room temperature setpoint of the schedule. Without a schedule or a known time it is 20 degC.
float room_setpoint_c(const HeatingConfig &config, const HeatingInputs &inputs);

}  // namespace suite
