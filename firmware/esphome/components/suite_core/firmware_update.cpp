#include "firmware_update.h"

#include <string.h>

namespace suite {

const char *describe(UpdateError error) {
  switch (error) {
    case UpdateError::TooLarge:
      return "firmware image is too large";
    case UpdateError::Flash:
      return "flash cannot be written";
    case UpdateError::Hash:
      return "firmware image has another SHA-256";
    case UpdateError::Download:
      return "firmware download failed";
    case UpdateError::RolledBack:
      return "firmware was rolled back before";
    case UpdateError::CannotBoot:
      return "firmware slot cannot be selected";
    default:
      return "";
  }
}

void FirmwareUpdate::begin(uint32_t now_ms) {
  trial_since_ms_ = now_ms;
  state_ = UpdateState::Hashing;
  start_hashing(0);
}

void FirmwareUpdate::start_hashing(uint8_t slot) {
  sha_.reset();
  hashing_ = slot;
  hashed_ = 0;
  hash_size_ = slots_.image_size(slot);
  has_hash_[slot] = false;
}

// Return whether the slot is finished; without an error its hash is then known.
bool FirmwareUpdate::hash_piece() {
  uint8_t piece[256];
  for (size_t done = 0; done < HASHED_PER_POLL && hashed_ < hash_size_;) {
    const uint32_t left = hash_size_ - hashed_;
    const size_t count = left < sizeof piece ? left : sizeof piece;
    if (!slots_.read(hashing_, hashed_, piece, count)) {
      hash_size_ = 0;
      return true;
    }
    sha_.update(piece, count);
    hashed_ += static_cast<uint32_t>(count);
    done += count;
  }
  if (hashed_ < hash_size_) return false;
  if (hash_size_) {
    sha_.finish(hashes_[hashing_]);
    has_hash_[hashing_] = true;
  }
  return true;
}

void FirmwareUpdate::poll(uint32_t now_ms) {
  if (state_ != UpdateState::Hashing && state_ != UpdateState::Checking) return;
  if (hash_piece()) hashed(now_ms);
}

void FirmwareUpdate::hashed(uint32_t now_ms) {
  if (state_ == UpdateState::Hashing) {
    if (hashing_ + 1 < SLOTS) {
      start_hashing(static_cast<uint8_t>(hashing_ + 1));
      return;
    }
    state_ = UpdateState::Idle;
    evaluate(now_ms);
    return;
  }
  const bool is_equal = has_hash_[hashing_] && memcmp(hashes_[hashing_], offer_.sha256, SHA256_BYTES) == 0;
  has_hash_[hashing_] = false;  // until the slot is complete
  if (!is_equal) return fail(UpdateError::Flash, now_ms);
  if (!slots_.finish(hashing_, offer_.size)) return fail(UpdateError::Flash, now_ms);
  has_hash_[hashing_] = true;
  state_ = UpdateState::Ready;
}

void FirmwareUpdate::offer(const FirmwareOffer *offer, uint32_t now_ms) {
  if (state_ == UpdateState::Restarting) return;
  if (!offer) {
    has_offer_ = false;
    if (state_ != UpdateState::Hashing) state_ = UpdateState::Idle;
    error_ = UpdateError::None;
    return;
  }
  const bool is_same = has_offer_ && memcmp(offer_.sha256, offer->sha256, SHA256_BYTES) == 0;
  if (is_same) {
    memcpy(offer_.path, offer->path, sizeof offer_.path);
    return;
  }
  offer_ = *offer;
  has_offer_ = true;
  error_ = UpdateError::None;
  attempts_ = 0;
  waits_ = false;
  if (state_ != UpdateState::Hashing) evaluate(now_ms);
}

void FirmwareUpdate::evaluate(uint32_t now_ms) {
  state_ = UpdateState::Idle;
  // The other slot is what a failed trial returns to, so it is not overwritten before this one is confirmed.
  if (!has_offer_ || slots_.is_on_trial()) return;
  const uint8_t *running_hash = hash(running());
  const uint8_t *other_hash = hash(other());
  if (running_hash && memcmp(running_hash, offer_.sha256, SHA256_BYTES) == 0) return;
  if (other_hash && memcmp(other_hash, offer_.sha256, SHA256_BYTES) == 0) {
    if (slots_.was_rolled_back(other())) {
      attempts_ = DOWNLOAD_ATTEMPTS;  // this image has had its chance
      return fail(UpdateError::RolledBack, now_ms);
    }
    state_ = UpdateState::Ready;
    return;
  }
  if (!offer_.size || offer_.size > slots_.capacity()) {
    attempts_ = DOWNLOAD_ATTEMPTS;
    return fail(UpdateError::TooLarge, now_ms);
  }
  attempts_++;
  received_ = 0;
  sha_.reset();
  has_hash_[other()] = false;
  if (!slots_.begin(other(), offer_.size)) return fail(UpdateError::Flash, now_ms);
  state_ = UpdateState::Downloading;
}

bool FirmwareUpdate::wants_download(uint32_t now_ms) const {
  if (state_ != UpdateState::Downloading) return false;
  return !waits_ || static_cast<int32_t>(now_ms - retry_at_ms_) >= 0;
}

bool FirmwareUpdate::receive(const uint8_t *data, size_t length, uint32_t now_ms) {
  if (state_ != UpdateState::Downloading) return false;
  if (length > offer_.size - received_) {
    fail(UpdateError::Hash, now_ms);
    return false;
  }
  if (!slots_.write(other(), received_, data, length)) {
    fail(UpdateError::Flash, now_ms);
    return false;
  }
  sha_.update(data, length);
  received_ += static_cast<uint32_t>(length);
  if (received_ < offer_.size) return true;
  uint8_t digest[SHA256_BYTES];
  sha_.finish(digest);
  if (memcmp(digest, offer_.sha256, SHA256_BYTES) != 0) {
    fail(UpdateError::Hash, now_ms);
    return false;
  }
  start_hashing(other());
  hash_size_ = offer_.size;  // the slot is not complete yet
  state_ = UpdateState::Checking;
  return true;
}

void FirmwareUpdate::interrupted(uint32_t now_ms) {
  if (state_ == UpdateState::Downloading) fail(UpdateError::Download, now_ms);
}

void FirmwareUpdate::fail(UpdateError error, uint32_t now_ms) {
  error_ = error;
  state_ = UpdateState::Failed;
  received_ = 0;
  if (attempts_ >= DOWNLOAD_ATTEMPTS) return;
  const uint32_t pause_ms = DOWNLOAD_RETRY_MS << (attempts_ ? attempts_ - 1 : 0);
  evaluate(now_ms);
  if (state_ != UpdateState::Downloading) return;
  waits_ = true;
  retry_at_ms_ = now_ms + pause_ms;
  error_ = error;
}

bool FirmwareUpdate::restarts(uint32_t now_ms, bool has_frost) {
  if (slots_.is_on_trial() && now_ms - trial_since_ms_ >= TRIAL_MS) return !has_frost;
  if (state_ != UpdateState::Ready || has_frost) return false;
  if (!slots_.boot(other())) {
    attempts_ = DOWNLOAD_ATTEMPTS;
    fail(UpdateError::CannotBoot, now_ms);
    return false;
  }
  state_ = UpdateState::Restarting;
  return true;
}

void FirmwareUpdate::synced() {
  if (slots_.is_on_trial()) slots_.confirm();
}

}  // namespace suite
