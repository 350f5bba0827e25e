// Fetches and installs the firmware that Home Assistant offers. Requests block for at most the time-out of http_request.
#pragma once

#include <memory>
#include <string>

#include "esphome/components/http_request/http_request.h"
#include "esphome/components/suite_core/firmware_update.h"

namespace suite {

class FirmwareClient {
 public:
  FirmwareClient(FirmwareUpdate &update, esphome::http_request::HttpRequestComponent *http) : update_(update), http_(http) {}

  // Continue the update; call it from loop().
  void poll(const std::string &base_url, const char *key, uint32_t now_ms);
  // Restart if it is time to; `has_frost` prevents it.
  void restart_if_due(uint32_t now_ms, bool has_frost);

 private:
  void start_(const std::string &base_url, const char *key, uint32_t now_ms);
  void receive_(uint32_t now_ms);
  void stop_();

  FirmwareUpdate &update_;
  esphome::http_request::HttpRequestComponent *http_;
  std::shared_ptr<esphome::http_request::HttpContainer> body_;
  uint32_t last_data_ms_ = 0;
};

}  // namespace suite
