#include "flash_records.h"

#include <cstring>

namespace suite {

FlashRecords::FlashRecords(uint32_t name, uint16_t count) {
  for (uint16_t number = 0; number < count; number++) {
    this->records_.push_back(esphome::global_preferences->make_preference<Record>(name + number));
  }
}

bool FlashRecords::load(uint16_t number, uint8_t *data, size_t length) {
  Record record;
  if (number >= this->records_.size() || !this->records_[number].load(&record) || record.length < length)
    return false;
  memcpy(data, record.data, length);
  return true;
}

bool FlashRecords::save(uint16_t number, const uint8_t *data, size_t length) {
  if (number >= this->records_.size() || length > RECORD_BYTES)
    return false;
  Record record = {};
  record.length = static_cast<uint8_t>(length);
  memcpy(record.data, data, length);
  // Written at once: the order of the records decides what a power outage leaves.
  return this->records_[number].save(&record) && esphome::global_preferences->sync();
}

}  // namespace suite
