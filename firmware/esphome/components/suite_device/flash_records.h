// Records of the core in ESPHome's preferences (NVS on an ESP32, a file on the host).
#pragma once

#include <vector>

#include "esphome/components/suite_core/blob_store.h"
#include "esphome/core/preferences.h"

namespace suite {

class FlashRecords final : public RecordStore {
 public:
  // `name` separates the records of components.
  FlashRecords(uint32_t name, uint16_t count);
  bool load(uint16_t number, uint8_t *data, size_t length) override;
  bool save(uint16_t number, const uint8_t *data, size_t length) override;

 private:
  struct Record {
    uint8_t length;
    uint8_t data[RECORD_BYTES];
  };
  std::vector<esphome::ESPPreferenceObject> records_;
};

}  // namespace suite
