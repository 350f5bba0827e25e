#include "firmware_client.h"

#include "esphome/core/application.h"
#include "esphome/core/log.h"

namespace suite {

static const char *const TAG = "firmware";
static constexpr size_t PIECE = 1024;
#ifdef USE_HOST
static constexpr int PIECES_PER_LOOP = 128;
static constexpr int HASHES_PER_LOOP = 32;
#else
static constexpr int PIECES_PER_LOOP = 4;
static constexpr int HASHES_PER_LOOP = 1;
#endif
static constexpr uint32_t STALLED_MS = 15000;

using esphome::http_request::Header;

void FirmwareClient::poll(const std::string &base_url, const char *key, uint32_t now_ms) {
  const bool was_checking = this->update_.state() == UpdateState::Checking;
  for (int i = 0; i < HASHES_PER_LOOP; i++)
    this->update_.poll(now_ms);
  if (was_checking && this->update_.state() == UpdateState::Ready)
    ESP_LOGI(TAG, "Version %s is complete", this->update_.offered().version);
  if (this->body_) {
    this->receive_(now_ms);
  } else if (this->update_.wants_download(now_ms)) {
    this->start_(base_url, key, now_ms);
  }
}

void FirmwareClient::start_(const std::string &base_url, const char *key, uint32_t now_ms) {
  const FirmwareOffer &offer = this->update_.offered();
  ESP_LOGI(TAG, "Downloading version %s, %u bytes", offer.version, static_cast<unsigned>(offer.size));
  const std::string url = base_url + offer.path;
  this->body_ = this->http_->get(url.c_str(), {Header{"X-Device-Key", key}});
  if (!this->body_ || this->body_->status_code != 200 || this->body_->content_length != offer.size) {
    this->stop_();
    this->update_.interrupted(now_ms);
    return;
  }
  this->last_data_ms_ = esphome::millis();
}

void FirmwareClient::receive_(uint32_t now_ms) {
  uint8_t piece[PIECE];
  for (int i = 0; i < PIECES_PER_LOOP; i++) {
    if (this->update_.state() != UpdateState::Downloading) {
      if (this->update_.state() == UpdateState::Checking)
        ESP_LOGI(TAG, "Checking version %s", this->update_.offered().version);
      return this->stop_();
    }
    const int count = this->body_->read(piece, sizeof piece);
    if (count > 0) {
      this->last_data_ms_ = esphome::millis();
      if (!this->update_.receive(piece, static_cast<size_t>(count), now_ms)) {
        ESP_LOGW(TAG, "%s", describe(this->update_.error()));
        return this->stop_();
      }
    } else if (count < 0 || esphome::millis() - this->last_data_ms_ > STALLED_MS || this->body_->is_read_complete()) {
      this->stop_();
      this->update_.interrupted(now_ms);
      return;
    } else {
      return;
    }
  }
}

void FirmwareClient::stop_() {
  if (this->body_)
    this->body_->end();
  this->body_ = nullptr;
}

void FirmwareClient::restart_if_due(uint32_t now_ms, bool has_frost) {
  if (!this->update_.restarts(now_ms, has_frost))
    return;
  ESP_LOGW(TAG, "Restarting with %s firmware", this->update_.is_on_trial() ? "the previous" : "the new");
  esphome::App.safe_reboot();
}

}  // namespace suite
