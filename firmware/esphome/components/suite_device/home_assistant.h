// Requests to Home Assistant with the key of the device.
#pragma once

#include <string>

#include "esphome/components/http_request/http_request.h"

namespace suite {

struct Reply {
  int status = 0;  // 0: no reply
  std::string body;
};

// Send a request and read the reply; one that is longer than `most` is dropped and counts as empty.
Reply request(esphome::http_request::HttpRequestComponent *http, const std::string &url, const char *method,
              const std::string &body, const char *key, size_t most);

}  // namespace suite
