// Which slot to start, for devices whose bootloader has no record of its own. No heap.
//
// The record has two copies, so a power outage during a write leaves the previous one.
#pragma once

#include <stdint.h>

#include "blob_store.h"
#include "slots.h"

namespace suite {

enum class SlotState : uint8_t { Empty, Written, Trial, Confirmed, Failed };

class BootRecord {
 public:
  explicit BootRecord(BlobStore &store) : store_(store) {}

  // Load the record. Without one, slot 0 contains the image of this size.
  void begin(uint32_t first_image_size);

  // What the bootloader does: return the slot to start. A slot on trial that is started a second time has failed.
  uint8_t start();

  uint8_t active() const { return active_; }
  SlotState state(uint8_t slot) const { return state_[slot]; }
  uint32_t size(uint8_t slot) const { return size_[slot]; }

  bool erase(uint8_t slot) { return set(slot, SlotState::Empty, 0, active_); }
  bool written(uint8_t slot, uint32_t size) { return set(slot, SlotState::Written, size, active_); }
  bool select(uint8_t slot);
  bool confirm() { return set(active_, SlotState::Confirmed, size_[active_], active_); }

 private:
  bool set(uint8_t slot, SlotState state, uint32_t size, uint8_t active);

  BlobStore &store_;
  uint8_t active_ = 0;
  SlotState state_[SLOTS] = {SlotState::Confirmed, SlotState::Empty};
  uint32_t size_[SLOTS] = {};
};

}  // namespace suite
