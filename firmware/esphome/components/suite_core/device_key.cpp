#include "device_key.h"

#include <string.h>

namespace suite {

namespace {

constexpr size_t FIELD = MAX_KEY + 1;

bool is_valid(const char *key) { return key[0] && strlen(key) <= MAX_KEY; }

void copy(char (&to)[FIELD], const char *from) {
  strncpy(to, from, MAX_KEY);
  to[MAX_KEY] = '\0';
}

}  // namespace

void DeviceKey::begin(const char *configured) {
  uint8_t bytes[3 * FIELD];
  if (store_.load(bytes, sizeof bytes) == sizeof bytes) {
    for (size_t i = 1; i <= 3; i++) bytes[i * FIELD - 1] = 0;
    copy(configured_, reinterpret_cast<const char *>(bytes));
    copy(key_, reinterpret_cast<const char *>(bytes + FIELD));
    copy(next_, reinterpret_cast<const char *>(bytes + 2 * FIELD));
  }
  if (!key_[0] || strncmp(configured_, configured, MAX_KEY) != 0) {
    copy(configured_, configured);
    copy(key_, configured);
    next_[0] = '\0';
  }
  uses_next_ = next_[0] != '\0';
}

void DeviceKey::rotate(const char *new_key) {
  if (!is_valid(new_key) || strcmp(new_key, current()) == 0) return;
  char previous[FIELD];
  copy(previous, next_);
  copy(next_, new_key);
  if (save()) {
    uses_next_ = true;
  } else {
    copy(next_, previous);
  }
}

void DeviceKey::accepted() {
  if (!uses_next_) return;
  copy(key_, next_);
  next_[0] = '\0';
  uses_next_ = false;
  save();  // if it fails, both keys stay stored and the new one is tried first after a restart
}

void DeviceKey::refused() {
  if (next_[0]) uses_next_ = !uses_next_;
}

bool DeviceKey::save() {
  uint8_t bytes[3 * FIELD] = {};
  memcpy(bytes, configured_, FIELD);
  memcpy(bytes + FIELD, key_, FIELD);
  memcpy(bytes + 2 * FIELD, next_, FIELD);
  return store_.save(bytes, sizeof bytes);
}

}  // namespace suite
