#include "heating_controller.h"

#include <cmath>

#include "esphome/components/network/util.h"
#include "esphome/components/suite_device/device_clock.h"
#include "esphome/components/suite_device/home_assistant.h"
#include "esphome/core/application.h"
#include "esphome/core/helpers.h"
#include "esphome/core/log.h"
#ifdef USE_WIFI
#include "esphome/components/wifi/wifi_component.h"
#endif
#ifdef USE_ESP32
#include <esp_system.h>
#endif

namespace suite {

static const char *const TAG = "heating_controller";
static constexpr uint32_t CONTROL_MS = 1000;
static constexpr uint32_t WRONG_STATE_MS = 60000;
static constexpr uint32_t HEATING_RECORDS = 0x48454154;  // "HEAT"

static const char *describe_mode(HeatingReason reason) {
  switch (reason) {
    case HeatingReason::Disabled:
      return "disabled";
    case HeatingReason::ForcedOff:
      return "forced_off";
    case HeatingReason::ForcedOn:
      return "forced_on";
    case HeatingReason::Setpoint:
      return "setpoint";
    case HeatingReason::Curve:
      return "curve";
    default:
      return "frost_protection";
  }
}

static Reading read(esphome::sensor::Sensor *sensor) {
  if (!sensor || !sensor->has_state() || !std::isfinite(sensor->state))
    return {};
  return {true, sensor->state};
}

void HeatingController::setup() {
  Slots &slots = device_slots();  // first: on the host it may start another program
  const uint32_t now_ms = device_now_ms();
  this->base_url_ = this->url_.value();
  while (!this->base_url_.empty() && this->base_url_.back() == '/')
    this->base_url_.pop_back();
  this->device_id_text_ = this->device_id_.value();
  this->facts_.device_id = this->device_id_text_.c_str();
  if (this->base_url_.empty() || this->device_id_text_.empty()) {
    // Idle, so an image of the flashing page is not taken for one that cannot reach Home Assistant.
    ESP_LOGW(TAG, "Set the substitutions that Home Assistant shows with the key");
    this->mark_failed();
    return;
  }

  auto starts = esphome::global_preferences->make_preference<uint32_t>(HEATING_RECORDS - 1);
  starts.load(&this->facts_.boot_count);
  this->facts_.boot_count++;
  starts.save(&this->facts_.boot_count);
  esphome::global_preferences->sync();

  this->records_ = new FlashRecords(HEATING_RECORDS, 2 * RECORDS_PER_BLOB);
  this->config_store_ = new BlobStore(*this->records_, 0);
  this->key_store_ = new BlobStore(*this->records_, RECORDS_PER_BLOB);
  this->update_ = new FirmwareUpdate(slots);
  this->firmware_ = new FirmwareClient(*this->update_, this->http_);
  this->core_ = new DeviceSync(*this->config_store_, *this->key_store_, *this->update_, esphome::random_uint32());
  this->update_->begin(now_ms);
  this->core_->begin(this->facts_, this->key_.value().c_str(), now_ms);
  this->control_(now_ms);
}

void HeatingController::loop() {
  const uint32_t now_ms = device_now_ms();
  if (now_ms - this->controlled_ms_ >= CONTROL_MS)
    this->control_(now_ms);
  if (this->core_->is_due(now_ms))
    this->sync_(now_ms);
  if (esphome::network::is_connected())
    this->firmware_->poll(this->base_url_, this->core_->key(), now_ms);
  this->firmware_->restart_if_due(now_ms, this->core_->has_frost());
}

Telemetry HeatingController::measure_() {
  Telemetry telemetry;
  telemetry.outdoor_c = read(this->outdoor_);
  telemetry.flow_c = read(this->flow_);
  telemetry.return_c = read(this->return_);
  telemetry.room_c = read(this->room_);
  telemetry.voltage_v = read(this->voltage_);
  if (this->feedback_) {
    telemetry.is_heating_known = this->feedback_->has_state();
    telemetry.is_heating = telemetry.is_heating_known && this->feedback_->state;
#ifdef USE_SWITCH
  } else if (this->heat_switch_) {
    telemetry.is_heating_known = true;
    telemetry.is_heating = this->heat_switch_->state;
#endif
  } else {
    telemetry.is_heating_known = this->is_commanded_;
    telemetry.is_heating = this->commands_heat_;
  }
#ifdef USE_WIFI
  const int8_t rssi = esphome::wifi::global_wifi_component->wifi_rssi();
  telemetry.rssi_dbm = {rssi < 0, static_cast<float>(rssi)};
#endif
#ifdef USE_ESP32
  telemetry.free_heap = esp_get_free_heap_size();
#endif
  return telemetry;
}

void HeatingController::control_(uint32_t now_ms) {
  this->controlled_ms_ = now_ms;
  const HeatingDecision decision = this->core_->decide(this->measure_(), now_ms);
  const bool is_first = !this->is_commanded_;
  if (is_first || decision.heats != this->commands_heat_) {
    this->commands_heat_ = decision.heats;
    this->is_commanded_ = true;
    this->is_wrong_ = false;
  }
#ifdef USE_SWITCH
  // It belongs to the controller: any other command would end frost protection.
  if (this->heat_switch_ && (is_first || this->heat_switch_->state != decision.heats))
    this->heat_switch_->control(decision.heats);
#endif
  if (this->flow_setpoint_ && (!this->flow_setpoint_->has_state() || this->flow_setpoint_->state != decision.flow_setpoint_c))
    this->flow_setpoint_->publish_state(decision.flow_setpoint_c);
  if (this->heating_ && (!this->heating_->has_state() || this->heating_->state != decision.heats))
    this->heating_->publish_state(decision.heats);
  const bool is_connected = this->core_->lease_holds(now_ms);
  if (this->connected_ && (!this->connected_->has_state() || this->connected_->state != is_connected))
    this->connected_->publish_state(is_connected);
  const char *mode = describe_mode(decision.reason);
  if (this->control_mode_ && (!this->control_mode_->has_state() || this->control_mode_->state != mode))
    this->control_mode_->publish_state(mode);
}

// Whether the heating has not followed its command for a minute, as with a stuck relay.
bool HeatingController::is_heating_wrong_(uint32_t now_ms) {
  if (!this->feedback_ || !this->feedback_->has_state() || this->feedback_->state == this->commands_heat_) {
    this->is_wrong_ = false;
    return false;
  }
  if (!this->is_wrong_)
    this->wrong_since_ms_ = now_ms;
  this->is_wrong_ = true;
  return now_ms - this->wrong_since_ms_ >= WRONG_STATE_MS;
}

void HeatingController::sync_(uint32_t now_ms) {
  if (!esphome::network::is_connected()) {
    this->core_->handle_reply(0, "", 0, now_ms);
    return;
  }
  Telemetry telemetry = this->measure_();
  this->errors_[0] = "heating does not follow its command";
  telemetry.errors = this->errors_;
  telemetry.errors_used = this->is_heating_wrong_(now_ms) ? 1 : 0;
  char path[128];
  const size_t length = this->core_->write_report(this->report_, sizeof this->report_, telemetry, now_ms);
  if (!length || !this->core_->write_path(path, sizeof path)) {
    this->core_->handle_reply(0, "", 0, now_ms);
    return;
  }
  const Reply reply = request(this->http_, this->base_url_ + path, "POST", std::string(this->report_, length),
                              this->core_->key(), MAX_REPLY);
  const SyncOutcome outcome = this->core_->handle_reply(reply.status, reply.body.data(), reply.body.size(), device_now_ms());
  switch (outcome) {
    case SyncOutcome::Applied:
      this->status_clear_warning();
      break;
    case SyncOutcome::Refused:
      this->status_set_warning("Home Assistant refuses the key");
      break;
    case SyncOutcome::Invalid:
      this->status_set_warning("The configuration cannot be used");
      break;
    default:
      this->status_set_warning("Home Assistant does not answer");
  }
  this->act_();
  this->control_(device_now_ms());
}

void HeatingController::act_() {
  switch (this->core_->take_action()) {
    case DeviceAction::Identify:
      ESP_LOGI(TAG, "Identify");
      this->identify_trigger_.trigger();
      break;
    case DeviceAction::Reboot:
      ESP_LOGI(TAG, "Restarting on request of Home Assistant");
      esphome::App.safe_reboot();
      break;
    default:
      break;
  }
}

void HeatingController::dump_config() {
  ESP_LOGCONFIG(TAG,
                "Heating controller:\n"
                "  Device ID: %s\n"
                "  Home Assistant: %s\n"
                "  Firmware: %s %s (%s), slot %u\n"
                "  Stored configuration: %s",
                this->facts_.device_id, this->base_url_.c_str(), this->facts_.product, this->facts_.version,
                this->facts_.chip, this->update_ ? this->update_->running() : 0,
                YESNO(this->core_ && this->core_->has_stored_config()));
}

}  // namespace suite
