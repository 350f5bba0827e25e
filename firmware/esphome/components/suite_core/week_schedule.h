// Week schedule of docs/device-sync.md. Vectors: docs/vectors/week_schedule.json. No heap.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "json.h"

namespace suite {

constexpr size_t MAX_SCHEDULE_ENTRIES = 64;
constexpr size_t MAX_ENTRY_SLOTS = 48;
constexpr size_t MAX_SCHEDULE_SLOTS = 512;  // of all entries together
constexpr uint16_t DAY_MINUTES = 1440;

enum class ScheduleMode : uint8_t { Auto, Eco, Manual };

// A time of day in minutes since midnight; the end is excluded and may be on the next day (above 1440).
struct ScheduleSlot {
  uint16_t start;
  uint16_t end;
};

struct ScheduleEntry {
  uint8_t days;  // bit 0 Monday to bit 6 Sunday
  ScheduleMode mode;
  bool has_target;
  float target_c;
  uint16_t first_slot;
  uint16_t slots;
};

bool parse_days(const char *text, uint8_t &days);
bool parse_slot(const char *text, ScheduleSlot &slot);
bool parse_target(const char *text, float &target_c);

class WeekSchedule {
 public:
  // Replace the schedule. Returns false and keeps the previous one if the value is invalid or too large.
  bool parse(const JsonValue &value);

  // Index of the active entry at a local time, -1 for none. Weekdays count from Monday, 0.
  int active(uint8_t weekday, uint16_t minute_of_day) const;

  size_t size() const { return entries_used_; }
  const ScheduleEntry &entry(size_t place) const { return entries_[place]; }

 private:
  bool parse_entry(const JsonValue &value, ScheduleEntry &entry, size_t &slots_used, bool stores);
  bool parse_all(const JsonValue &value, bool stores);

  ScheduleEntry entries_[MAX_SCHEDULE_ENTRIES] = {};
  ScheduleSlot slots_[MAX_SCHEDULE_SLOTS] = {};
  size_t entries_used_ = 0;
};

}  // namespace suite
