// SHA-256 of FIPS 180-4, for images that arrive in pieces. No heap.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace suite {

constexpr size_t SHA256_BYTES = 32;

class Sha256 {
 public:
  Sha256() { reset(); }
  void reset();
  void update(const uint8_t *data, size_t length);
  // Write the digest; reset() must precede another message.
  void finish(uint8_t (&digest)[SHA256_BYTES]);

 private:
  void block(const uint8_t *data);

  uint32_t state_[8];
  uint64_t length_;  // bytes so far
  uint8_t pending_[64];
};

// Decode 64 hexadecimal digits; false for anything else.
bool parse_sha256(const char *text, uint8_t (&digest)[SHA256_BYTES]);

// Write 64 lower-case digits and a terminator.
void format_sha256(const uint8_t (&digest)[SHA256_BYTES], char (&text)[2 * SHA256_BYTES + 1]);

}  // namespace suite
