// Values that survive a power outage, in a store of small records such as ESP32's NVS. No heap.
//
// Each value has two copies, written in turn: a power outage during a write costs the new value at most, never the old.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace suite {

constexpr size_t RECORD_BYTES = 192;
constexpr size_t MAX_BLOB = 4096;

// Small records by number; each is written as a whole or not at all.
class RecordStore {
 public:
  virtual bool load(uint16_t number, uint8_t *data, size_t length) = 0;
  virtual bool save(uint16_t number, const uint8_t *data, size_t length) = 0;

 protected:
  ~RecordStore() = default;
};

class BlobStore {
 public:
  // The value uses 2 * (1 + MAX_BLOB / RECORD_BYTES) record numbers from `first`.
  BlobStore(RecordStore &records, uint16_t first) : records_(records), first_(first) {}

  // Read the newest complete copy and return its length; 0 if there is none or it does not fit.
  size_t load(uint8_t *data, size_t capacity);

  // Write a copy, unless the value is the stored one; false if it is too long or cannot be written.
  bool save(const uint8_t *data, size_t length);

 private:
  struct Header {
    uint32_t sequence;
    uint16_t length;
    uint16_t content_crc;
    uint16_t crc;
  };
  bool load_header(uint8_t copy, Header &header);
  bool read_copy(uint8_t copy, const Header &header, uint8_t *data);
  bool is_intact(uint8_t copy, const Header &header);
  uint16_t number_of(uint8_t copy, size_t record) const;
  uint16_t crc_of(uint8_t copy, size_t length, bool &ok);

  RecordStore &records_;
  const uint16_t first_;
};

constexpr uint16_t RECORDS_PER_BLOB = 2 * (1 + (MAX_BLOB + RECORD_BYTES - 1) / RECORD_BYTES);

}  // namespace suite
