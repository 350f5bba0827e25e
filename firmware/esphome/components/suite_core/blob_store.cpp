#include "blob_store.h"

#include <string.h>

#include "hc12_frame.h"

namespace suite {

namespace {

constexpr size_t HEADER_BYTES = 10;

void put(uint8_t *out, uint32_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++) out[i] = static_cast<uint8_t>(value >> (8 * (bytes - 1 - i)));
}

uint32_t get(const uint8_t *in, unsigned bytes) {
  uint32_t value = 0;
  for (unsigned i = 0; i < bytes; i++) value = value << 8 | in[i];
  return value;
}

}  // namespace

uint16_t BlobStore::number_of(uint8_t copy, size_t record) const {
  return static_cast<uint16_t>(first_ + copy * (RECORDS_PER_BLOB / 2) + record);
}

bool BlobStore::load_header(uint8_t copy, Header &header) {
  uint8_t bytes[HEADER_BYTES];
  if (!records_.load(number_of(copy, 0), bytes, sizeof bytes)) return false;
  header.sequence = get(bytes, 4);
  header.length = static_cast<uint16_t>(get(bytes + 4, 2));
  header.content_crc = static_cast<uint16_t>(get(bytes + 6, 2));
  header.crc = static_cast<uint16_t>(get(bytes + 8, 2));
  return header.crc == crc16(bytes, 8) && header.length && header.length <= MAX_BLOB;
}

uint16_t BlobStore::crc_of(uint8_t copy, size_t length, bool &ok) {
  uint16_t crc = 0xFFFF;
  uint8_t record[RECORD_BYTES];
  for (size_t at = 0; at < length; at += RECORD_BYTES) {
    const size_t count = length - at < RECORD_BYTES ? length - at : RECORD_BYTES;
    if (!records_.load(number_of(copy, 1 + at / RECORD_BYTES), record, count)) ok = false;
    crc = crc16(record, count, crc);
  }
  return crc;
}

bool BlobStore::is_intact(uint8_t copy, const Header &header) {
  bool ok = true;
  return crc_of(copy, header.length, ok) == header.content_crc && ok;
}

size_t BlobStore::load(uint8_t *data, size_t capacity) {
  Header headers[2];
  bool valid[2];
  for (uint8_t copy = 0; copy < 2; copy++) {
    valid[copy] = load_header(copy, headers[copy]) && is_intact(copy, headers[copy]);
  }
  if (!valid[0] && !valid[1]) return 0;
  const bool second = valid[1] && (!valid[0] || headers[1].sequence > headers[0].sequence);
  const auto newest = static_cast<uint8_t>(second ? 1 : 0);
  const Header &header = headers[newest];
  if (header.length > capacity) return 0;
  return read_copy(newest, header, data) ? header.length : 0;
}

bool BlobStore::read_copy(uint8_t copy, const Header &header, uint8_t *data) {
  for (size_t at = 0; at < header.length; at += RECORD_BYTES) {
    const size_t count = header.length - at < RECORD_BYTES ? header.length - at : RECORD_BYTES;
    if (!records_.load(number_of(copy, 1 + at / RECORD_BYTES), data + at, count)) return false;
  }
  return true;
}

bool BlobStore::save(const uint8_t *data, size_t length) {
  if (!length || length > MAX_BLOB) return false;
  Header headers[2] = {};
  bool valid[2];
  for (uint8_t copy = 0; copy < 2; copy++) {
    valid[copy] = load_header(copy, headers[copy]) && is_intact(copy, headers[copy]);
  }
  const bool second = valid[1] && (!valid[0] || headers[1].sequence > headers[0].sequence);
  const auto newest = static_cast<uint8_t>(second ? 1 : 0);
  const uint16_t crc = crc16(data, length);
  // Equal by CRC and length is not enough for a value that must not be lost; records are compared byte by byte.
  if (valid[newest] && headers[newest].length == length && headers[newest].content_crc == crc) {
    bool is_equal = true;
    uint8_t record[RECORD_BYTES];
    for (size_t at = 0; at < length && is_equal; at += RECORD_BYTES) {
      const size_t count = length - at < RECORD_BYTES ? length - at : RECORD_BYTES;
      is_equal = records_.load(number_of(newest, 1 + at / RECORD_BYTES), record, count) &&
                 memcmp(record, data + at, count) == 0;
    }
    if (is_equal) return true;
  }
  const bool has_value = valid[0] || valid[1];
  const auto target = static_cast<uint8_t>(has_value ? 1 - newest : 0);
  for (size_t at = 0; at < length; at += RECORD_BYTES) {
    const size_t count = length - at < RECORD_BYTES ? length - at : RECORD_BYTES;
    if (!records_.save(number_of(target, 1 + at / RECORD_BYTES), data + at, count)) return false;
  }
  uint8_t bytes[HEADER_BYTES];
  put(bytes, has_value ? headers[newest].sequence + 1 : 1, 4);
  put(bytes + 4, static_cast<uint32_t>(length), 2);
  put(bytes + 6, crc, 2);
  put(bytes + 8, crc16(bytes, 8), 2);
  return records_.save(number_of(target, 0), bytes, sizeof bytes);
}

}  // namespace suite
