// Time for which the last reply of Home Assistant holds (config.lease_s of docs/device-sync.md).
#pragma once

#include <stdint.h>

namespace suite {

// A lease on a monotonic clock in milliseconds that may wrap around; check() must be called at least every 24 days.
class Lease {
 public:
  // Start or extend the lease; 0 ends it.
  void renew(uint32_t now_ms, uint32_t lease_s) {
    started_ms_ = now_ms;
    length_ms_ = lease_s > MAX_S ? MAX_S * 1000 : lease_s * 1000;
    holds_ = lease_s != 0;
  }

  // Return whether the lease holds. An expired lease stays expired until it is renewed, also when the clock wraps.
  bool check(uint32_t now_ms) {
    if (holds_ && now_ms - started_ms_ >= length_ms_) holds_ = false;
    return holds_;
  }

 private:
  static constexpr uint32_t MAX_S = 7 * 24 * 3600;
  uint32_t started_ms_ = 0;
  uint32_t length_ms_ = 0;
  bool holds_ = false;
};

}  // namespace suite
