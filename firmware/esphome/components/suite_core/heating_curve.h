// Heating curve of docs/device-sync.md. Vectors: docs/vectors/heating_curve.json.
#pragma once

namespace suite {

constexpr float CURVE_ROOM_C = 20.0f;
constexpr float CURVE_MAX_FLOW_C = 55.0f;    // at curve value 100 and the minimum external temperature
constexpr float CURVE_LEAST_SPREAD_K = 5.0f;  // a minimum external temperature above 15 degC counts as 15 degC

// Rise of the flow above the room temperature per unit of slope, in kelvin.
float curve_shape(float outdoor_c, float room_c);

// Flow temperature in degC for a curve value of 0 to 100; the value is limited to this range. The slope is that for
// 20 degC in the room; another room temperature setpoint moves the curve.
float curve_flow_c(float curve_value, float min_external_c, float outdoor_c, float room_c = CURVE_ROOM_C);

}  // namespace suite
