// Central Control Unit on ESPHome: a thin layer between the UART, requests and the portable core.
#pragma once

#include <string>

#include "esphome/components/binary_sensor/binary_sensor.h"
#include "esphome/components/http_request/http_request.h"
#include "esphome/components/sensor/sensor.h"
#include "esphome/components/suite_core/ccu.h"
#include "esphome/components/suite_core/ota_check.h"
#include "esphome/components/suite_device/device_slots.h"
#include "esphome/components/suite_device/firmware_client.h"
#include "esphome/components/suite_device/flash_records.h"
#include "esphome/components/uart/uart.h"
#include "esphome/core/automation.h"
#include "esphome/core/component.h"

namespace suite {

class CcuComponent final : public esphome::Component, public esphome::uart::UARTDevice {
 public:
  void set_http(esphome::http_request::HttpRequestComponent *http) { this->http_ = http; }
  template<typename V> void set_url(V value) { this->url_ = value; }
  template<typename V> void set_ccu_id(V value) { this->ccu_id_ = value; }
  template<typename V> void set_key(V value) { this->key_ = value; }
  void set_version(const char *version) { this->version_ = version; }
  void set_chip(const char *chip) { this->chip_ = chip; }
  void set_transfer_delay(uint32_t delay_ms) { this->transfer_delay_ms_ = delay_ms; }
  void set_main_current(esphome::sensor::Sensor *sensor) { this->main_current_ = sensor; }
  void set_connected(esphome::binary_sensor::BinarySensor *sensor) { this->connected_ = sensor; }
  void set_online_outlets(esphome::sensor::Sensor *sensor) { this->online_outlets_ = sensor; }

  void setup() override;
  void loop() override;
  void dump_config() override;
  float get_setup_priority() const override { return esphome::setup_priority::AFTER_CONNECTION; }

 private:
  void move_bytes_(uint32_t now_ms);
  void call_home_assistant_(uint32_t now_ms);
  void check_firmware_(uint32_t now_ms);
  void publish_(uint32_t now_ms);

  esphome::http_request::HttpRequestComponent *http_{nullptr};
  esphome::TemplatableValue<std::string> url_;
  esphome::TemplatableValue<std::string> ccu_id_;
  esphome::TemplatableValue<std::string> key_;
  const char *version_{""};
  const char *chip_{""};
  uint32_t transfer_delay_ms_{80};
  esphome::sensor::Sensor *main_current_{nullptr};
  esphome::binary_sensor::BinarySensor *connected_{nullptr};
  esphome::sensor::Sensor *online_outlets_{nullptr};

  std::string base_url_;
  std::string id_text_;
  std::string key_text_;
  std::string fleet_id_;

  // Created in setup(), when preferences can be read.
  FlashRecords *records_{nullptr};
  BlobStore *store_{nullptr};
  Ccu *core_{nullptr};
  FirmwareUpdate *update_{nullptr};
  FirmwareClient *firmware_{nullptr};
  OtaCheck *check_{nullptr};
  CcuRequest request_;
};

}  // namespace suite
