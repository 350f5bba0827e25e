// Monotonic time of the core. Host programs add the milliseconds in the file SUITE_CLOCK, so that tests pass days.
#pragma once

#include <cstdint>

namespace suite {

uint32_t device_now_ms();

}  // namespace suite
