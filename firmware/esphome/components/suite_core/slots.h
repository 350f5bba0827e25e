// The two firmware slots of a device, docs/ota-protocol.md.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace suite {

constexpr uint8_t SLOTS = 2;

class Slots {
 public:
  virtual uint8_t running() const = 0;
  // Maximum size of an image.
  virtual uint32_t capacity() const = 0;
  // Size of the complete image in a slot; 0 if there is none.
  virtual uint32_t image_size(uint8_t slot) = 0;
  virtual bool read(uint8_t slot, uint32_t offset, uint8_t *data, size_t length) = 0;
  // Erase a slot; its image no longer exists, whatever happens next.
  virtual bool begin(uint8_t slot, uint32_t size) = 0;
  virtual bool write(uint8_t slot, uint32_t offset, const uint8_t *data, size_t length) = 0;
  // The image is complete.
  virtual bool finish(uint8_t slot, uint32_t size) = 0;
  // Start a slot at the next restart, on trial.
  virtual bool boot(uint8_t slot) = 0;
  // Whether the running image is on trial: without confirm(), the next restart starts the other one.
  virtual bool is_on_trial() const = 0;
  virtual bool confirm() = 0;
  // Whether the image in a slot was started and not confirmed.
  virtual bool was_rolled_back(uint8_t slot) = 0;
  // Whether the bootloader returns to the other image if the new one does not start.
  virtual bool can_roll_back() const = 0;

 protected:
  ~Slots() = default;
};

}  // namespace suite
