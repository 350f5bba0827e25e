// The key of a controller and its rotation (docs/device-sync.md): a new key is stored before it is used, and the old
// one is kept until Home Assistant has accepted the new one. No heap.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "blob_store.h"

namespace suite {

constexpr size_t MAX_KEY = 64;

class DeviceKey {
 public:
  explicit DeviceKey(BlobStore &store) : store_(store) {}

  // Load the keys. A configured key that differs from the one of the last start replaces all stored keys: the device
  // was flashed again with a key that its owner has just created.
  void begin(const char *configured);

  const char *current() const { return uses_next_ ? next_ : key_; }

  // Handle a `new_key` of Home Assistant. It is used only if it was stored.
  void rotate(const char *new_key);

  // The last request with current() was authenticated: the older key is no longer needed.
  void accepted();

  // It was refused: use the other key, if there is one.
  void refused();

  bool is_rotating() const { return next_[0] != '\0'; }

 private:
  bool save();

  BlobStore &store_;
  char key_[MAX_KEY + 1] = "";
  char next_[MAX_KEY + 1] = "";
  char configured_[MAX_KEY + 1] = "";
  bool uses_next_ = false;
};

}  // namespace suite
