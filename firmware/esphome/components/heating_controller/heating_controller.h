// Heating controller on ESPHome: a thin layer between ESPHome's sensors and requests, and the portable core.
#pragma once

#include <string>

#include "esphome/components/binary_sensor/binary_sensor.h"
#include "esphome/components/http_request/http_request.h"
#include "esphome/components/sensor/sensor.h"
#include "esphome/components/suite_core/device_sync.h"
#include "esphome/components/suite_device/device_slots.h"
#include "esphome/components/suite_device/firmware_client.h"
#include "esphome/components/suite_device/flash_records.h"
#include "esphome/components/text_sensor/text_sensor.h"
#include "esphome/core/automation.h"
#include "esphome/core/component.h"
#include "esphome/core/defines.h"
#ifdef USE_SWITCH
#include "esphome/components/switch/switch.h"
#endif

namespace suite {

class HeatingController final : public esphome::Component {
 public:
  void set_http(esphome::http_request::HttpRequestComponent *http) { this->http_ = http; }
  template<typename V> void set_url(V value) { this->url_ = value; }
  template<typename V> void set_device_id(V value) { this->device_id_ = value; }
  template<typename V> void set_key(V value) { this->key_ = value; }
  void set_facts(const char *product, const char *version, const char *chip, const char *model) {
    this->facts_.product = product;
    this->facts_.version = version;
    this->facts_.chip = chip;
    this->facts_.model = model;
  }
  void set_outdoor(esphome::sensor::Sensor *sensor) { this->outdoor_ = sensor; }
  void set_flow(esphome::sensor::Sensor *sensor) { this->flow_ = sensor; }
  void set_return(esphome::sensor::Sensor *sensor) { this->return_ = sensor; }
  void set_room(esphome::sensor::Sensor *sensor) { this->room_ = sensor; }
  void set_voltage(esphome::sensor::Sensor *sensor) { this->voltage_ = sensor; }
#ifdef USE_SWITCH
  void set_heat_switch(esphome::switch_::Switch *heat_switch) { this->heat_switch_ = heat_switch; }
#endif
  void set_heating_feedback(esphome::binary_sensor::BinarySensor *sensor) { this->feedback_ = sensor; }
  void set_flow_setpoint(esphome::sensor::Sensor *sensor) { this->flow_setpoint_ = sensor; }
  void set_heating(esphome::binary_sensor::BinarySensor *sensor) { this->heating_ = sensor; }
  void set_connected(esphome::binary_sensor::BinarySensor *sensor) { this->connected_ = sensor; }
  void set_control_mode(esphome::text_sensor::TextSensor *sensor) { this->control_mode_ = sensor; }
  esphome::Trigger<> *get_identify_trigger() { return &this->identify_trigger_; }

  void setup() override;
  void loop() override;
  void dump_config() override;
  float get_setup_priority() const override { return esphome::setup_priority::AFTER_CONNECTION; }

 private:
  Telemetry measure_();
  void control_(uint32_t now_ms);
  void sync_(uint32_t now_ms);
  void act_();
  bool is_heating_wrong_(uint32_t now_ms);

  esphome::http_request::HttpRequestComponent *http_{nullptr};
  esphome::TemplatableValue<std::string> url_;
  esphome::TemplatableValue<std::string> device_id_;
  esphome::TemplatableValue<std::string> key_;
  DeviceFacts facts_;
  esphome::sensor::Sensor *outdoor_{nullptr};
  esphome::sensor::Sensor *flow_{nullptr};
  esphome::sensor::Sensor *return_{nullptr};
  esphome::sensor::Sensor *room_{nullptr};
  esphome::sensor::Sensor *voltage_{nullptr};
#ifdef USE_SWITCH
  esphome::switch_::Switch *heat_switch_{nullptr};
#endif
  esphome::binary_sensor::BinarySensor *feedback_{nullptr};
  esphome::sensor::Sensor *flow_setpoint_{nullptr};
  esphome::binary_sensor::BinarySensor *heating_{nullptr};
  esphome::binary_sensor::BinarySensor *connected_{nullptr};
  esphome::text_sensor::TextSensor *control_mode_{nullptr};
  esphome::Trigger<> identify_trigger_;

  std::string base_url_;
  std::string device_id_text_;
  bool is_commanded_{false};
  bool commands_heat_{false};
  uint32_t wrong_since_ms_{0};
  bool is_wrong_{false};
  uint32_t controlled_ms_{0};
  const char *errors_[2];

  // Created in setup(), when preferences can be read.
  FlashRecords *records_{nullptr};
  BlobStore *config_store_{nullptr};
  BlobStore *key_store_{nullptr};
  FirmwareUpdate *update_{nullptr};
  FirmwareClient *firmware_{nullptr};
  DeviceSync *core_{nullptr};
  char report_[MAX_REPORT];
};

}  // namespace suite
