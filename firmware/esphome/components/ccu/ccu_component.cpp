#include "ccu_component.h"

#include <cmath>

#include "esphome/components/network/util.h"
#include "esphome/components/suite_device/device_clock.h"
#include "esphome/components/suite_device/home_assistant.h"
#include "esphome/core/application.h"
#include "esphome/core/helpers.h"
#include "esphome/core/log.h"

namespace suite {

static const char *const TAG = "ccu";
static constexpr uint32_t CCU_RECORDS = 0x43435500;  // "CCU"
static constexpr size_t MOST_REPLY = 8192;

void CcuComponent::setup() {
  Slots &slots = device_slots();  // first: on the host it may start another program
  const uint32_t now_ms = device_now_ms();
  this->base_url_ = this->url_.value();
  while (!this->base_url_.empty() && this->base_url_.back() == '/')
    this->base_url_.pop_back();
  this->id_text_ = this->ccu_id_.value();
  this->key_text_ = this->key_.value();
  if (this->base_url_.empty() || this->id_text_.size() != 2) {
    // Idle, so an image of the flashing page is not taken for one that cannot reach Home Assistant.
    ESP_LOGW(TAG, "Set the substitutions that Home Assistant shows with the key");
    this->mark_failed();
    return;
  }
  this->fleet_id_ = "smart_outlet:ccu-" + this->id_text_;

  uint32_t boot_count = 0;
  auto starts = esphome::global_preferences->make_preference<uint32_t>(CCU_RECORDS - 1);
  starts.load(&boot_count);
  boot_count++;
  starts.save(&boot_count);
  esphome::global_preferences->sync();

  this->records_ = new FlashRecords(CCU_RECORDS, RECORDS_PER_BLOB);
  this->store_ = new BlobStore(*this->records_, 0);
  this->core_ = new Ccu(*this->store_, LinkTiming::of(this->transfer_delay_ms_, this->parent_->get_baud_rate()),
                        esphome::random_uint32());
  this->update_ = new FirmwareUpdate(slots);
  this->firmware_ = new FirmwareClient(*this->update_, this->http_);
  this->check_ = new OtaCheck(*this->update_, esphome::random_uint32());
  this->core_->begin(this->id_text_.c_str(), this->version_, this->chip_, now_ms);
  this->update_->begin(now_ms);
  this->check_->begin(this->fleet_id_.c_str(), this->version_, boot_count, now_ms);
}

void CcuComponent::loop() {
  const uint32_t now_ms = device_now_ms();
  this->move_bytes_(now_ms);
  if (esphome::network::is_connected()) {
    this->call_home_assistant_(now_ms);
    this->check_firmware_(now_ms);
    this->firmware_->poll(this->base_url_, this->key_text_.c_str(), now_ms);
  }
  this->firmware_->restart_if_due(now_ms, false);
  this->publish_(now_ms);
}

void CcuComponent::move_bytes_(uint32_t now_ms) {
  uint8_t byte;
  while (this->available() && this->read_byte(&byte))
    this->core_->receive(byte, now_ms);
  Frame frame;
  if (!this->core_->poll_radio(now_ms, frame))
    return;
  uint8_t bytes[MAX_FRAME];
  this->write_array(bytes, encode_frame(frame, bytes));
}

// One request per loop, so that the radio is served in between.
void CcuComponent::call_home_assistant_(uint32_t now_ms) {
  if (this->main_current_) {
    const float current_a = this->main_current_->state;
    this->core_->set_main_current({this->main_current_->has_state() && std::isfinite(current_a), current_a});
  }
  if (!this->core_->next_request(now_ms, this->request_))
    return;
  const Reply reply = request(this->http_, this->base_url_ + this->request_.path, this->request_.is_post ? "POST" : "GET",
                              std::string(this->request_.body, this->request_.length), this->key_text_.c_str(), MOST_REPLY);
  const bool was_connected = this->core_->is_connected();
  this->core_->handle_reply(this->request_, reply.status, reply.body.data(), reply.body.size(), device_now_ms());
  if (this->core_->is_connected()) {
    this->update_->synced();
    this->status_clear_warning();
  } else {
    if (was_connected)
      ESP_LOGW(TAG, "Home Assistant %s", this->core_->is_refused() ? "refuses the key" : "does not answer");
    this->status_set_warning();
  }
}

void CcuComponent::check_firmware_(uint32_t now_ms) {
  if (!this->check_->is_due(now_ms) || this->update_->state() == UpdateState::Hashing)
    return;
  char path[96];
  char body[512];
  const size_t length = this->check_->write_body(body, sizeof body, false);
  if (!this->check_->write_path(path, sizeof path))
    return;
  const Reply reply = request(this->http_, this->base_url_ + path, "POST", std::string(body, length),
                              this->key_text_.c_str(), MOST_REPLY);
  this->check_->handle_reply(reply.status, reply.body.data(), reply.body.size(), device_now_ms());
}

void CcuComponent::publish_(uint32_t now_ms) {
  const bool is_connected = this->core_->is_connected();
  if (this->connected_ && (!this->connected_->has_state() || this->connected_->state != is_connected))
    this->connected_->publish_state(is_connected);
  if (!this->online_outlets_)
    return;
  size_t online = 0;
  for (size_t i = 0; i < this->core_->outlets(); i++)
    online += this->core_->outlet(i).has_state(now_ms);
  if (!this->online_outlets_->has_state() || this->online_outlets_->state != static_cast<float>(online))
    this->online_outlets_->publish_state(static_cast<float>(online));
}

void CcuComponent::dump_config() {
  ESP_LOGCONFIG(TAG,
                "Central Control Unit:\n"
                "  ID: %s\n"
                "  Home Assistant: %s\n"
                "  Firmware: %s",
                this->id_text_.c_str(), this->base_url_.c_str(), this->version_);
}

}  // namespace suite
