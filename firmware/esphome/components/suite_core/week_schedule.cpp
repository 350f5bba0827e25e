#include "week_schedule.h"

#include <math.h>
#include <string.h>

namespace suite {

namespace {

constexpr size_t MAX_TEXT = 160;
const char *const DAYS[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

struct Group {
  const char *name;
  uint8_t days;
};
const Group GROUPS[] = {
    {"daily", 0x7F}, {"everyday", 0x7F}, {"all", 0x7F}, {"weekdays", 0x1F}, {"weekend", 0x60}, {"weekends", 0x60},
};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c; }

// Part of a text without the spaces around it.
struct Word {
  const char *start;
  size_t length;

  Word(const char *from, const char *to) : start(from), length(0) {
    while (from < to && is_space(*from)) from++;
    while (to > from && is_space(to[-1])) to--;
    start = from;
    length = static_cast<size_t>(to - from);
  }

  bool begins(const char *name) const {
    for (size_t i = 0; i < length; i++) {
      if (to_lower(start[i]) != name[i]) return false;  // also at the end of the name
    }
    return true;
  }
  bool is(const char *name) const { return strlen(name) == length && begins(name); }

  int day() const {
    for (int day = 0; length >= 3 && day < 7; day++) {
      if (begins(DAYS[day])) return day;
    }
    return -1;
  }
};

// Days of one part of a list, 0 if it is invalid.
uint8_t days_of(const char *start, const char *end) {
  const Word whole(start, end);
  for (const Group &group : GROUPS) {
    if (whole.is(group.name)) return group.days;
  }
  const auto *dash = static_cast<const char *>(memchr(start, '-', static_cast<size_t>(end - start)));
  const int first = Word(start, dash ? dash : end).day();
  const int last = dash ? Word(dash + 1, end).day() : first;
  if (first < 0 || last < 0) return 0;
  uint8_t days = 0;
  for (int day = first;; day = (day + 1) % 7) {
    days = static_cast<uint8_t>(days | 1 << day);
    if (day == last) return days;
  }
}

// A cursor over a text.
struct Cursor {
  const char *place;

  void skip_space() {
    while (is_space(*place)) place++;
  }
  bool take(char c) {
    if (*place != c) return false;
    place++;
    return true;
  }
  // A number of at least `least` and at most `most` digits, -1 for none.
  int number(int least, int most) {
    int value = 0;
    int count = 0;
    while (count < most && *place >= '0' && *place <= '9') {
      value = value * 10 + (*place++ - '0');
      count++;
    }
    return count < least ? -1 : value;
  }
  // Minutes since midnight of a time such as 6:30, -1 if it is invalid.
  int time() {
    const int hour = number(1, 2);
    if (hour < 0 || !take(':')) return -1;
    const int minute = number(2, 2);
    if (minute < 0 || minute > 59 || hour * 60 + minute > DAY_MINUTES) return -1;
    return hour * 60 + minute;
  }
};

bool parse_mode(const char *text, ScheduleMode &mode) {
  const Word word(text, text + strlen(text));
  if (word.length != strlen(text)) return false;
  if (word.is("auto")) {
    mode = ScheduleMode::Auto;
  } else if (word.is("eco")) {
    mode = ScheduleMode::Eco;
  } else if (word.is("manual")) {
    mode = ScheduleMode::Manual;
  } else {
    return false;
  }
  return true;
}

bool is_target(float celsius) { return celsius >= 0.0f && celsius <= 100.0f; }

}  // namespace

bool parse_days(const char *text, uint8_t &days) {
  uint8_t found = 0;
  for (const char *start = text;; start++) {
    const char *end = strchr(start, ',');
    if (!end) end = start + strlen(start);
    const uint8_t part = days_of(start, end);
    if (!part) return false;
    found = static_cast<uint8_t>(found | part);
    if (!*end) break;
    start = end;
  }
  days = found;
  return true;
}

bool parse_slot(const char *text, ScheduleSlot &slot) {
  Cursor cursor{text};
  cursor.skip_space();
  const int start = cursor.time();
  cursor.skip_space();
  if (start < 0 || !cursor.take('-')) return false;
  cursor.skip_space();
  const int end = cursor.time();
  cursor.skip_space();
  if (end < 0 || *cursor.place || start == end || start == DAY_MINUTES) return false;
  slot.start = static_cast<uint16_t>(start);
  slot.end = static_cast<uint16_t>(end > start ? end : end + DAY_MINUTES);
  return true;
}

bool parse_target(const char *text, float &target_c) {
  Cursor cursor{text};
  cursor.skip_space();
  const bool is_negative = *cursor.place == '-';
  if (*cursor.place == '-' || *cursor.place == '+') cursor.place++;
  const int whole = cursor.number(1, 6);
  if (whole < 0) return false;
  float value = static_cast<float>(whole);
  if (cursor.take('.')) {
    if (*cursor.place < '0' || *cursor.place > '9') return false;
    for (float unit = 0.1f; *cursor.place >= '0' && *cursor.place <= '9'; unit /= 10.0f) {
      value += unit * static_cast<float>(*cursor.place++ - '0');
    }
  }
  if (is_negative) value = -value;
  cursor.skip_space();
  if (cursor.take('\xC2') && !cursor.take('\xB0')) return false;  // the degree sign
  cursor.skip_space();
  const char unit = to_lower(*cursor.place);
  if (unit == 'c' || unit == 'f') cursor.place++;
  cursor.skip_space();
  if (*cursor.place) return false;
  if (unit == 'f') value = (value - 32.0f) / 1.8f;
  if (!is_target(value)) return false;
  target_c = value;
  return true;
}

bool WeekSchedule::parse_entry(const JsonValue &value, ScheduleEntry &entry, size_t &slots_used, bool stores) {
  char text[MAX_TEXT];
  if (value.type() != JsonType::Object) return false;
  if (!value["day"].get(text, sizeof text) || !parse_days(text, entry.days)) return false;

  const JsonValue slots = value["slots"];
  if (slots.type() != JsonType::Array || slots.size() > MAX_ENTRY_SLOTS) return false;
  if (slots_used + slots.size() > MAX_SCHEDULE_SLOTS) return false;
  entry.first_slot = static_cast<uint16_t>(slots_used);
  entry.slots = static_cast<uint16_t>(slots.size());
  for (size_t i = 0; i < slots.size(); i++) {
    ScheduleSlot slot{};
    if (!slots.at(i).get(text, sizeof text) || !parse_slot(text, slot)) return false;
    if (stores) slots_[slots_used] = slot;
    slots_used++;
  }

  const JsonValue target = value["target"];
  entry.has_target = !target.is_absent();
  entry.target_c = 0.0f;
  double number = 0;
  if (target.get(number)) {
    entry.target_c = static_cast<float>(number);
    if (!is_target(entry.target_c)) return false;
  } else if (entry.has_target && (!target.get(text, sizeof text) || !parse_target(text, entry.target_c))) {
    return false;
  }

  entry.mode = ScheduleMode::Auto;
  const JsonValue mode = value["mode"];
  return mode.is_absent() || (mode.get(text, sizeof text) && parse_mode(text, entry.mode));
}

bool WeekSchedule::parse_all(const JsonValue &value, bool stores) {
  size_t slots_used = 0;
  for (size_t i = 0; i < value.size(); i++) {
    ScheduleEntry entry{};
    if (!parse_entry(value.at(i), entry, slots_used, stores)) return false;
    if (stores) entries_[i] = entry;
  }
  return true;
}

bool WeekSchedule::parse(const JsonValue &value) {
  if (value.type() != JsonType::Array || value.size() > MAX_SCHEDULE_ENTRIES) return false;
  // The first pass only checks, so an invalid schedule leaves the previous one as it is.
  if (!parse_all(value, false)) return false;
  parse_all(value, true);
  entries_used_ = value.size();
  return true;
}

int WeekSchedule::active(uint8_t weekday, uint16_t minute_of_day) const {
  const auto today = static_cast<uint8_t>(1 << weekday % 7);
  const auto yesterday = static_cast<uint8_t>(1 << (weekday + 6) % 7);
  for (int place = static_cast<int>(entries_used_) - 1; place >= 0; place--) {
    const ScheduleEntry &entry = entries_[place];
    for (size_t i = 0; i < entry.slots; i++) {
      const ScheduleSlot &slot = slots_[entry.first_slot + i];
      if ((entry.days & today) && slot.start <= minute_of_day && minute_of_day < slot.end) return place;
      if ((entry.days & yesterday) && minute_of_day + DAY_MINUTES < slot.end) return place;
    }
  }
  return -1;
}

}  // namespace suite
