#include "ota_check.h"

#include <string.h>

#include "text.h"

namespace suite {

namespace {

constexpr uint32_t FIRST_CHECK_MS = 5000;
constexpr uint32_t USUAL_MS = 300 * 1000;
constexpr int32_t LONGEST_S = 24 * 3600;

}  // namespace

void write_slots(JsonWriter &writer, const FirmwareUpdate &update) {
  if (update.state() == UpdateState::Hashing) return;
  char text[2 * SHA256_BYTES + 1];
  writer.name("slots").begin_array();
  for (uint8_t slot = 0; slot < SLOTS; slot++) {
    const uint8_t *hash = update.hash(slot);
    if (!hash) {
      writer.null();
      continue;
    }
    uint8_t digest[SHA256_BYTES];
    memcpy(digest, hash, sizeof digest);
    format_sha256(digest, text);
    writer.value(text);
  }
  writer.end_array();
  writer.name("running_slot").value(static_cast<int32_t>(update.running()));
  writer.name("can_roll_back").value(update.can_roll_back());
}

bool read_offer(const JsonValue &value, const char *path_name, FirmwareOffer &offer) {
  char hash[2 * SHA256_BYTES + 1];
  int32_t size = 0;
  if (!value["sha256"].get(hash, sizeof hash) || !parse_sha256(hash, offer.sha256)) return false;
  if (!value["size"].get(size) || size <= 0) return false;
  if (!value[path_name].get(offer.path, sizeof offer.path) || offer.path[0] != '/') return false;
  if (!value["version"].get(offer.version, sizeof offer.version)) return false;
  offer.size = static_cast<uint32_t>(size);
  return true;
}

void OtaCheck::begin(const char *device, const char *version, uint32_t boot_count, uint32_t now_ms) {
  device_ = device;
  version_ = version;
  boot_count_ = boot_count;
  schedule(now_ms, FIRST_CHECK_MS);
}

void OtaCheck::schedule(uint32_t now_ms, uint32_t pause_ms) {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  next_ms_ = now_ms + pause_ms - pause_ms / 10 + random_ % (pause_ms / 5 + 1);
}

bool OtaCheck::write_path(char *path, size_t capacity) const {
  path[0] = '\0';
  return append(path, capacity, "/api/ota/v1/devices/") && append(path, capacity, device_) &&
         append(path, capacity, "/check/");
}

size_t OtaCheck::write_body(char *buffer, size_t capacity, bool has_frost) const {
  JsonWriter writer(buffer, capacity);
  writer.begin_object().name("version").value(version_);
  writer.name("boot_count").value(static_cast<int32_t>(boot_count_ & 0x7FFFFFFF));
  if (has_frost) writer.name("busy").value("frost");
  write_slots(writer, update_);
  writer.end_object();
  return writer.finish();
}

void OtaCheck::handle_reply(int status, const char *body, size_t length, uint32_t now_ms) {
  JsonDocument document(tokens_, sizeof tokens_ / sizeof tokens_[0]);
  if (status != 200 || document.parse(body, length) != JsonError::None) {
    if (failures_ < 6) failures_++;
    // Without the integration there is nothing to check for.
    return schedule(now_ms, status == 404 || status == 401 ? USUAL_MS : 10000u << failures_);
  }
  failures_ = 0;
  FirmwareOffer offer;
  update_.offer(read_offer(document.root()["update"], "url", offer) ? &offer : nullptr, now_ms);
  int32_t poll_s = 0;
  if (!document.root()["poll_s"].get(poll_s) || poll_s < 1) poll_s = static_cast<int32_t>(USUAL_MS / 1000);
  schedule(now_ms, static_cast<uint32_t>(poll_s > LONGEST_S ? LONGEST_S : poll_s) * 1000);
}

}  // namespace suite
