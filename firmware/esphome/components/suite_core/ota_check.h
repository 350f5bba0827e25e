// The native firmware check of docs/ota-protocol.md, for devices whose own protocol has no field for an offer. No I/O.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware_update.h"
#include "json.h"

namespace suite {

// Write `slots`, `running_slot` and `can_roll_back` into an object; nothing before the slots were read.
void write_slots(JsonWriter &writer, const FirmwareUpdate &update);

// Read an offer; `path_name` is the member with the path of the image.
bool read_offer(const JsonValue &value, const char *path_name, FirmwareOffer &offer);

class OtaCheck {
 public:
  OtaCheck(FirmwareUpdate &update, uint32_t seed) : update_(update), random_(seed | 1) {}

  // `device` is the ID of the fleet's device, such as `smart_outlet:ccu-01`.
  void begin(const char *device, const char *version, uint32_t boot_count, uint32_t now_ms);
  bool is_due(uint32_t now_ms) const { return static_cast<int32_t>(now_ms - next_ms_) >= 0; }
  bool write_path(char *path, size_t capacity) const;
  size_t write_body(char *buffer, size_t capacity, bool has_frost) const;
  void handle_reply(int status, const char *body, size_t length, uint32_t now_ms);

 private:
  void schedule(uint32_t now_ms, uint32_t pause_ms);

  FirmwareUpdate &update_;
  uint32_t random_;
  const char *device_ = "";
  const char *version_ = "";
  uint32_t boot_count_ = 0;
  uint32_t next_ms_ = 0;
  uint32_t failures_ = 0;
  JsonToken tokens_[96];
};

}  // namespace suite
