// Readings of the host programs: files in the folder SUITE_SENSORS.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace suite_ci {

inline std::string sensor_path(const char *name) { return std::string(getenv("SUITE_SENSORS")) + "/" + name; }

inline bool exists(const char *name) { return access(sensor_path(name).c_str(), F_OK) == 0; }

inline float read(const char *name) {
  float value = NAN;
  FILE *file = fopen(sensor_path(name).c_str(), "r");
  if (!file) return NAN;
  if (fscanf(file, "%f", &value) != 1) value = NAN;
  fclose(file);
  return value;
}

}  // namespace suite_ci
