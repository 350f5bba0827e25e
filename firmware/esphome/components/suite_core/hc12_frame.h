// Frames on the HC-12 channel, docs/hc12-frame.md. No heap, no exceptions.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace suite {

constexpr uint8_t FRAME_START = 0xA5;
constexpr uint8_t BROADCAST = 0xFF;
constexpr size_t FRAME_HEADER = 4;
constexpr size_t MAX_PAYLOAD = 24;
constexpr size_t MAX_LENGTH = FRAME_HEADER + MAX_PAYLOAD;
constexpr size_t FRAME_OVERHEAD = 4;  // start, length, CRC
constexpr size_t MAX_FRAME = MAX_LENGTH + FRAME_OVERHEAD;
constexpr uint32_t INCOMPLETE_MS = 100;

struct Frame {
  uint8_t destination = 0;
  uint8_t source = 0;
  uint8_t sequence = 0;
  uint8_t command = 0;
  uint8_t payload_length = 0;  // at most MAX_PAYLOAD
  uint8_t payload[MAX_PAYLOAD] = {};
};

// CRC-16/CCITT-FALSE; its check value is 29B1 for "123456789".
uint16_t crc16(const uint8_t *data, size_t length, uint16_t crc = 0xFFFF);

// Write the bytes of a frame and return their number, 0 if the payload is too long.
size_t encode_frame(const Frame &frame, uint8_t (&out)[MAX_FRAME]);

// Finds frames in a noisy stream of bytes. After a wrong length or CRC, and after 100 ms of silence within a frame, only
// the start byte is dropped, so neither a stray A5 nor a lost byte costs the valid frame after it.
class FrameDecoder {
 public:
  // Add a received byte; call next() until it returns false before the following byte is added.
  void push(uint8_t byte, uint32_t now_ms);

  // Return the next complete frame.
  bool next(Frame &frame);

  uint32_t crc_errors() const { return crc_errors_; }
  uint32_t noise_bytes() const { return noise_bytes_; }

 private:
  bool scan(Frame &frame);
  void drop(size_t count, bool is_noise);

  uint8_t buffer_[2 * MAX_FRAME] = {};
  size_t count_ = 0;
  size_t stale_ = 0;  // bytes at the start of the buffer that were received before the last silence
  uint32_t last_ms_ = 0;
  uint32_t crc_errors_ = 0;
  uint32_t noise_bytes_ = 0;
};

}  // namespace suite
