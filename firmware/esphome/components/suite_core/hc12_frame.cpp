#include "hc12_frame.h"

#include <string.h>

namespace suite {

uint16_t crc16(const uint8_t *data, size_t length, uint16_t crc) {
  for (size_t i = 0; i < length; i++) {
    uint8_t x = static_cast<uint8_t>((crc >> 8) ^ data[i]);
    x = static_cast<uint8_t>(x ^ (x >> 4));
    crc = static_cast<uint16_t>((crc << 8) ^ (x << 12) ^ (x << 5) ^ x);
  }
  return crc;
}

size_t encode_frame(const Frame &frame, uint8_t (&out)[MAX_FRAME]) {
  if (frame.payload_length > MAX_PAYLOAD) return 0;
  const size_t length = FRAME_HEADER + frame.payload_length;
  out[0] = FRAME_START;
  out[1] = static_cast<uint8_t>(length);
  out[2] = frame.destination;
  out[3] = frame.source;
  out[4] = frame.sequence;
  out[5] = frame.command;
  memcpy(out + 6, frame.payload, frame.payload_length);
  const uint16_t crc = crc16(out + 1, length + 1);
  out[length + 2] = static_cast<uint8_t>(crc >> 8);
  out[length + 3] = static_cast<uint8_t>(crc);
  return length + FRAME_OVERHEAD;
}

void FrameDecoder::push(uint8_t byte, uint32_t now_ms) {
  if (count_ && now_ms - last_ms_ > INCOMPLETE_MS) stale_ = count_;
  last_ms_ = now_ms;
  if (count_ == sizeof buffer_) drop(1, true);  // only if next() was not called
  buffer_[count_++] = byte;
}

bool FrameDecoder::next(Frame &frame) {
  // Nothing continues what was received before a silence: frames in it are complete or dropped.
  while (stale_) {
    if (scan(frame)) return true;
    if (stale_) drop(1, true);
  }
  return scan(frame);
}

bool FrameDecoder::scan(Frame &frame) {
  while (count_) {
    const size_t visible = stale_ ? stale_ : count_;
    size_t start = 0;
    while (start < visible && buffer_[start] != FRAME_START) start++;
    if (start) {
      drop(start, true);
      continue;
    }
    if (visible < 2) return false;
    const size_t length = buffer_[1];
    if (length < FRAME_HEADER || length > MAX_LENGTH) {
      drop(1, true);
      continue;
    }
    if (visible < length + FRAME_OVERHEAD) return false;
    const uint16_t crc = crc16(buffer_ + 1, length + 1);
    if (buffer_[length + 2] != crc >> 8 || buffer_[length + 3] != (crc & 0xFF)) {
      crc_errors_++;
      drop(1, true);
      continue;
    }
    frame.destination = buffer_[2];
    frame.source = buffer_[3];
    frame.sequence = buffer_[4];
    frame.command = buffer_[5];
    frame.payload_length = static_cast<uint8_t>(length - FRAME_HEADER);
    memcpy(frame.payload, buffer_ + 6, frame.payload_length);
    drop(length + FRAME_OVERHEAD, false);
    return true;
  }
  return false;
}

void FrameDecoder::drop(size_t count, bool is_noise) {
  if (is_noise) noise_bytes_ += static_cast<uint32_t>(count);
  count_ -= count;
  stale_ = stale_ > count ? stale_ - count : 0;
  memmove(buffer_, buffer_ + count, count_);
}

}  // namespace suite
