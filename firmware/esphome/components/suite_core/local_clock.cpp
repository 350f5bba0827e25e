#include "local_clock.h"

#include <stddef.h>

namespace suite {

namespace {

constexpr int64_t DAY_S = 86400;

bool digits(const char *&text, int count, char end, int &value) {
  value = 0;
  for (int i = 0; i < count; i++, text++) {
    if (*text < '0' || *text > '9') return false;
    value = value * 10 + (*text - '0');
  }
  return *text++ == end;
}

// Days since 1970-01-01 in the Gregorian calendar; years begin with March, so that a leap day is the last one.
int64_t days_from_civil(int year, int month, int day) {
  if (month <= 2) year--;
  const int64_t era = year / 400;
  const int year_of_era = static_cast<int>(year - era * 400);
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

}  // namespace

bool parse_utc(const char *text, int64_t &unix_s) {
  int year, month, day, hour, minute, second = 0;
  if (!digits(text, 4, '-', year) || !digits(text, 2, '-', month) || !digits(text, 2, 'T', day)) return false;
  if (!digits(text, 2, ':', hour) || !digits(text, 2, ':', minute)) return false;
  for (int i = 0; i < 2; i++, text++) {
    if (*text < '0' || *text > '9') return false;
    second = second * 10 + (*text - '0');
  }
  if (*text == '.') {
    do {
      text++;
    } while (*text >= '0' && *text <= '9');
  }
  if (*text != 'Z' || text[1]) return false;
  if (year < 2020 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return false;
  unix_s = days_from_civil(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
  return true;
}

void LocalClock::set(int64_t unix_s, int32_t utc_offset_s, uint32_t now_ms) {
  unix_ms_ = unix_s * 1000;
  utc_offset_s_ = utc_offset_s;
  last_ms_ = now_ms;
  is_known_ = true;
}

void LocalClock::poll(uint32_t now_ms) {
  unix_ms_ += now_ms - last_ms_;
  last_ms_ = now_ms;
}

uint8_t LocalClock::weekday() const { return static_cast<uint8_t>((local_s() / DAY_S + 3) % 7); }

uint16_t LocalClock::minute_of_day() const { return static_cast<uint16_t>(local_s() % DAY_S / 60); }

}  // namespace suite
