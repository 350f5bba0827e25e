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

// Printed in each turn of the loop in which sensors are read: a test waits until a change was noticed.
inline void show_turn() {
  printf("TURN\n");
  fflush(stdout);
}

// The native API gets a free port unless SUITE_API_PORT names one; SUITE_RADIO is the radio's serial port.
template<typename Api, typename Uart> void set_ports(Api *api, Uart *uart) {
  api->set_port(static_cast<uint16_t>(atoi(environment("SUITE_API_PORT").c_str())));
  if (!environment("SUITE_RADIO").empty()) uart->set_name(environment("SUITE_RADIO"));
}

// Print a manifest of the `ota` integration and keep the path of its image.
inline void show_manifest(int status, size_t length, const std::string &body, std::string &path) {
  printf("MANIFEST %d length %d %s\n", status, static_cast<int>(length), body.c_str());
  fflush(stdout);
  const size_t start = body.find("\"path\":\"");
  if (start != std::string::npos) path = body.substr(start + 8, body.find('"', start + 8) - start - 8);
}

// Print the length of an image and its FNV-1a.
inline void show_image(int status, const std::string &body) {
  uint32_t sum = 2166136261u;
  for (const char c : body) sum = (sum ^ static_cast<uint8_t>(c)) * 16777619u;
  printf("IMAGE %d length %d fnv %08x\n", status, static_cast<int>(body.size()), static_cast<unsigned>(sum));
  fflush(stdout);
}

}  // namespace suite_ci
