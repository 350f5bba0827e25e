#include "device_clock.h"

#include "esphome/core/hal.h"

#ifdef USE_HOST
#include <cstdio>
#include <cstdlib>
#endif

namespace suite {

#ifdef USE_HOST
static uint32_t clock_offset_ms() {
  static const char *const PATH = getenv("SUITE_CLOCK");
  unsigned long long offset = 0;
  FILE *file = PATH ? fopen(PATH, "r") : nullptr;
  if (!file)
    return 0;
  if (fscanf(file, "%llu", &offset) != 1)
    offset = 0;
  fclose(file);
  return static_cast<uint32_t>(offset);
}
#else
static uint32_t clock_offset_ms() { return 0; }
#endif

uint32_t device_now_ms() { return esphome::millis() + clock_offset_ms(); }

}  // namespace suite
