#include "heating_curve.h"

namespace suite {

namespace {

float lower(float a, float b) { return a < b ? a : b; }
float higher(float a, float b) { return a > b ? a : b; }

}  // namespace

float curve_shape(float outdoor_c, float room_c) {
  const float d = lower(outdoor_c - room_c, 0.0f);
  return -d * (1.4347f + 0.021f * d + 247.9e-6f * d * d);
}

float curve_flow_c(float curve_value, float min_external_c, float outdoor_c, float room_c) {
  const float coldest = lower(min_external_c, CURVE_ROOM_C - CURVE_LEAST_SPREAD_K);
  const float share = higher(0.0f, lower(curve_value, 100.0f)) / 100.0f;
  const float slope = share * (CURVE_MAX_FLOW_C - CURVE_ROOM_C) / curve_shape(coldest, CURVE_ROOM_C);
  const float flow = room_c + slope * curve_shape(higher(outdoor_c, coldest), room_c);
  return higher(0.0f, lower(flow, CURVE_MAX_FLOW_C));
}

}  // namespace suite
