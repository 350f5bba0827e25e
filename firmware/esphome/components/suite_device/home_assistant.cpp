#include "home_assistant.h"

#include <vector>

namespace suite {

using esphome::http_request::Header;

Reply request(esphome::http_request::HttpRequestComponent *http, const std::string &url, const char *method,
              const std::string &body, const char *key, size_t most) {
  Reply reply;
  std::vector<Header> headers{{"Content-Type", "application/json"}};
  if (key[0])
    headers.push_back({"X-Device-Key", key});
  auto container = http->start(url.c_str(), method, body, headers);
  if (!container)
    return reply;
  reply.status = container->status_code;
  const size_t length = container->content_length;
  if (length <= most) {
    reply.body.resize(length);
    const auto result = esphome::http_request::http_read_fully(
        container.get(), reinterpret_cast<uint8_t *>(&reply.body[0]), length, 1024, http->get_timeout());
    if (result.status != esphome::http_request::HttpReadStatus::OK)
      reply = Reply{};
  }
  container->end();
  return reply;
}

}  // namespace suite
