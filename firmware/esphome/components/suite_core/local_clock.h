// Local time from the replies of Home Assistant, on a monotonic clock in milliseconds that may wrap around.
#pragma once

#include <stdint.h>

namespace suite {

// Read "2025-12-29T10:46:12Z" with optional fractions of a second.
bool parse_utc(const char *text, int64_t &unix_s);

class LocalClock {
 public:
  void set(int64_t unix_s, int32_t utc_offset_s, uint32_t now_ms);
  // Must be called at least every 49 days.
  void poll(uint32_t now_ms);

  bool is_known() const { return is_known_; }
  uint8_t weekday() const;  // 0: Monday
  uint16_t minute_of_day() const;
  int64_t unix_s() const { return unix_ms_ / 1000; }
  int32_t utc_offset_s() const { return utc_offset_s_; }

 private:
  int64_t local_s() const { return unix_ms_ / 1000 + utc_offset_s_; }
  bool is_known_ = false;
  int64_t unix_ms_ = 0;
  int32_t utc_offset_s_ = 0;
  uint32_t last_ms_ = 0;
};

}  // namespace suite
