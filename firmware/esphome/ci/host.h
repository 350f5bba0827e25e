// What the host program of the tests needs: environment, readings from files, states on the standard output.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace suite_ci {

inline std::string environment(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}

inline std::string sensor_path(const char *name) { return environment("SUITE_SENSORS") + "/" + name; }

inline bool exists(const char *name) { return access(sensor_path(name).c_str(), F_OK) == 0; }

inline float read(const char *name) {
  float value = NAN;
  FILE *file = fopen(sensor_path(name).c_str(), "r");
  if (!file) return NAN;
  if (fscanf(file, "%f", &value) != 1) value = NAN;
  fclose(file);
  return value;
}

inline void show(const char *name, float value) {
  printf("STATE %s %.1f\n", name, value);
  fflush(stdout);
}

inline void show(const char *name, const std::string &value) {
  printf("STATE %s %s\n", name, value.c_str());
  fflush(stdout);
}

}  // namespace suite_ci
