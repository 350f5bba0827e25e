#include "boot_record.h"

namespace suite {

namespace {

constexpr size_t BYTES = 11;

bool is_state(uint8_t value) { return value <= static_cast<uint8_t>(SlotState::Failed); }

}  // namespace

void BootRecord::begin(uint32_t first_image_size) {
  size_[0] = first_image_size;
  uint8_t bytes[BYTES];
  if (store_.load(bytes, sizeof bytes) != sizeof bytes) return;
  if (bytes[0] >= SLOTS || !is_state(bytes[1]) || !is_state(bytes[6])) return;
  active_ = bytes[0];
  for (uint8_t slot = 0; slot < SLOTS; slot++) {
    const uint8_t *part = bytes + 1 + 5 * slot;
    state_[slot] = static_cast<SlotState>(part[0]);
    size_[slot] = static_cast<uint32_t>(part[1]) << 24 | static_cast<uint32_t>(part[2]) << 16 |
                  static_cast<uint32_t>(part[3]) << 8 | part[4];
  }
}

uint8_t BootRecord::start() {
  const auto other = static_cast<uint8_t>(1 - active_);
  switch (state_[active_]) {
    case SlotState::Written:
      // Only a trial that is on record may start: otherwise it would start again and again.
      if (set(active_, SlotState::Trial, size_[active_], active_)) return active_;
      return state_[other] == SlotState::Confirmed ? other : active_;
    case SlotState::Confirmed:
      return active_;
    case SlotState::Trial:
      if (state_[other] != SlotState::Confirmed) return active_;
      set(active_, SlotState::Failed, size_[active_], other);
      return other;
    default:
      if (state_[other] == SlotState::Confirmed) set(active_, state_[active_], size_[active_], other);
      return active_;
  }
}

bool BootRecord::select(uint8_t slot) {
  if (state_[slot] == SlotState::Empty || state_[slot] == SlotState::Failed) return false;
  return set(slot, SlotState::Written, size_[slot], slot);
}

bool BootRecord::set(uint8_t slot, SlotState state, uint32_t size, uint8_t active) {
  const SlotState old_state = state_[slot];
  const uint32_t old_size = size_[slot];
  const uint8_t old_active = active_;
  state_[slot] = state;
  size_[slot] = size;
  active_ = active;
  uint8_t bytes[BYTES] = {active_};
  for (uint8_t each = 0; each < SLOTS; each++) {
    uint8_t *part = bytes + 1 + 5 * each;
    part[0] = static_cast<uint8_t>(state_[each]);
    for (unsigned i = 0; i < 4; i++) part[1 + i] = static_cast<uint8_t>(size_[each] >> (24 - 8 * i));
  }
  if (store_.save(bytes, sizeof bytes)) return true;
  state_[slot] = old_state;
  size_[slot] = old_size;
  active_ = old_active;
  return false;
}

}  // namespace suite
