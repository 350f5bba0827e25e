// A store of records in memory that loses power after a number of writes.
#pragma once

#include <string.h>

#include "blob_store.h"

struct MemoryRecords : suite::RecordStore {
  static constexpr size_t COUNT = 4 * suite::RECORDS_PER_BLOB;
  uint8_t data[COUNT][suite::RECORD_BYTES] = {};
  size_t lengths[COUNT] = {};
  int writes = 0;
  int writes_left = -1;  // none are lost

  bool load(uint16_t number, uint8_t *out, size_t length) override {
    if (number >= COUNT || lengths[number] < length) return false;
    memcpy(out, data[number], length);
    return true;
  }

  bool save(uint16_t number, const uint8_t *in, size_t length) override {
    if (number >= COUNT || length > suite::RECORD_BYTES || !writes_left) return false;
    if (writes_left > 0) writes_left--;
    writes++;
    memcpy(data[number], in, length);
    lengths[number] = length;
    return true;
  }
};
