// A firmware update with two slots: download, check by SHA-256, restart, confirm or roll back (docs/ota-protocol.md).
// A state machine without I/O, clock or heap. After a power outage in any state the device runs a complete image.
#pragma once

#include <stdint.h>

#include "sha256.h"
#include "slots.h"

namespace suite {

constexpr size_t HASHED_PER_POLL = 4096;
constexpr uint32_t TRIAL_MS = 10 * 60 * 1000;  // time for the first successful sync with a new image
constexpr uint8_t DOWNLOAD_ATTEMPTS = 3;
constexpr uint32_t DOWNLOAD_RETRY_MS = 60 * 1000;  // doubled with each further attempt

struct FirmwareOffer {
  char version[32] = "";
  char path[192] = "";
  uint32_t size = 0;
  uint8_t sha256[SHA256_BYTES] = {};
};

enum class UpdateState : uint8_t {
  Hashing,      // reading the slots after the start
  Idle,
  Downloading,
  Checking,     // reading back what was written
  Ready,        // waiting until a restart does no harm
  Restarting,
  Failed,
};

enum class UpdateError : uint8_t { None, TooLarge, Flash, Hash, Download, RolledBack, CannotBoot };

const char *describe(UpdateError error);

class FirmwareUpdate {
 public:
  explicit FirmwareUpdate(Slots &slots) : slots_(slots) {}

  // Begin after a start of the device.
  void begin(uint32_t now_ms);

  // Continue; reads at most HASHED_PER_POLL bytes of flash.
  void poll(uint32_t now_ms);

  // Apply the offer of a reply; null: there is none.
  void offer(const FirmwareOffer *offer, uint32_t now_ms);

  // Whether the image of offered() has to be fetched now, from byte received().
  bool wants_download(uint32_t now_ms) const;
  const FirmwareOffer &offered() const { return offer_; }
  uint32_t received() const { return received_; }
  // Handle the next bytes of the image; false after an error.
  bool receive(const uint8_t *data, size_t length, uint32_t now_ms);
  // The transfer ended before its last byte.
  void interrupted(uint32_t now_ms);

  // Whether to restart now: a checked image is ready and a restart does no harm, or the trial of this one has failed.
  // `has_frost`: frost protection is active, and a restart would interrupt it.
  bool restarts(uint32_t now_ms, bool has_frost);

  // A sync with Home Assistant succeeded: the running image works.
  void synced();

  UpdateState state() const { return state_; }
  UpdateError error() const { return error_; }
  bool is_on_trial() const { return slots_.is_on_trial(); }
  uint8_t running() const { return slots_.running(); }
  bool can_roll_back() const { return slots_.can_roll_back(); }
  // Hash of the image in a slot, null while it is not known or the slot is empty.
  const uint8_t *hash(uint8_t slot) const { return has_hash_[slot] ? hashes_[slot] : nullptr; }

 private:
  void fail(UpdateError error, uint32_t now_ms);
  void start_hashing(uint8_t slot);
  bool hash_piece();
  void hashed(uint32_t now_ms);
  void evaluate(uint32_t now_ms);
  uint8_t other() const { return static_cast<uint8_t>(1 - slots_.running()); }

  Slots &slots_;
  UpdateState state_ = UpdateState::Hashing;
  UpdateError error_ = UpdateError::None;
  bool has_offer_ = false;
  FirmwareOffer offer_;
  uint8_t hashes_[SLOTS][SHA256_BYTES] = {};
  bool has_hash_[SLOTS] = {};
  Sha256 sha_;
  uint8_t hashing_ = 0;
  uint32_t hashed_ = 0;
  uint32_t hash_size_ = 0;
  uint32_t received_ = 0;
  uint8_t attempts_ = 0;
  uint32_t retry_at_ms_ = 0;
  bool waits_ = false;
  uint32_t trial_since_ms_ = 0;
};

}  // namespace suite
