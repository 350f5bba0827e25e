#include <string.h>

#include "blob_store.h"
#include "check.h"
#include "device_key.h"
#include "memory_records.h"
#include "sha256.h"

using namespace suite;

namespace {

const char *hash_of(const char *message, size_t repeats = 1, size_t piece = 1000) {
  static char text[2 * SHA256_BYTES + 1];
  Sha256 sha;
  const size_t length = strlen(message);
  for (size_t i = 0; i < repeats; i++) {
    for (size_t at = 0; at < length; at += piece) {
      sha.update(reinterpret_cast<const uint8_t *>(message) + at, length - at < piece ? length - at : piece);
    }
  }
  uint8_t digest[SHA256_BYTES];
  sha.finish(digest);
  format_sha256(digest, text);
  return text;
}

bool load_text(BlobStore &store, const char *expected) {
  uint8_t data[MAX_BLOB];
  const size_t length = store.load(data, sizeof data);
  return length == strlen(expected) && memcmp(data, expected, length) == 0;
}

bool save_text(BlobStore &store, const char *text) {
  return store.save(reinterpret_cast<const uint8_t *>(text), strlen(text));
}

}  // namespace

TEST_CASE("sha256 of the published vectors") {
  // FIPS 180-2, appendix B, and the empty message of NIST's test vectors.
  CHECK(!strcmp(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  CHECK(!strcmp(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  const char *expected = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
  for (size_t piece : {1u, 3u, 55u, 56u}) CHECK(!strcmp(hash_of(two_blocks, 1, piece), expected));
  CHECK(!strcmp(hash_of("a", 1000000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

TEST_CASE("a digest is 64 hexadecimal digits") {
  uint8_t digest[SHA256_BYTES];
  char text[2 * SHA256_BYTES + 1];
  CHECK(parse_sha256("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", digest));
  format_sha256(digest, text);
  CHECK(!strcmp(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  CHECK(!parse_sha256("ba7816", digest));
  CHECK(!parse_sha256("ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", digest));
}

TEST_CASE("a value is read as it was stored") {
  MemoryRecords records;
  BlobStore store(records, 0);
  uint8_t data[MAX_BLOB];
  CHECK(store.load(data, sizeof data) == 0);
  static char large[MAX_BLOB + 2];
  for (size_t i = 0; i <= MAX_BLOB; i++) large[i] = static_cast<char>('a' + i % 23);
  CHECK(!save_text(store, large));  // too long
  large[MAX_BLOB] = '\0';
  for (const char *text : {"x", "first", static_cast<const char *>(large), "short again"}) {
    CHECK(save_text(store, text));
    CHECK(load_text(store, text));
    const int writes = records.writes;
    CHECK(save_text(store, text));
    CHECK(records.writes == writes);  // flash is not worn by an unchanged value
  }
  CHECK(store.load(data, 3) == 0);
  CHECK(!store.save(data, 0));
}

TEST_CASE("a power outage during a write leaves the old or the new value") {
  static char old_text[1000];
  static char new_text[1200];
  memset(old_text, 'o', sizeof old_text - 1);
  memset(new_text, 'n', sizeof new_text - 1);
  int kept = 0;
  for (int writes = 0; writes < 12; writes++) {
    MemoryRecords records;
    BlobStore store(records, 3);
    CHECK(save_text(store, "oldest"));
    CHECK(save_text(store, old_text));
    records.writes_left = writes;
    const bool is_saved = save_text(store, new_text);
    CHECK(load_text(store, is_saved ? new_text : old_text));
    kept += !is_saved;
    records.writes_left = -1;
    CHECK(save_text(store, new_text));
    CHECK(load_text(store, new_text));
  }
  CHECK(kept == 8);  // seven records and the header
}

TEST_CASE("a damaged copy is not used") {
  MemoryRecords records;
  BlobStore store(records, 0);
  CHECK(save_text(store, "old"));
  CHECK(save_text(store, "new"));
  records.data[RECORDS_PER_BLOB / 2 + 1][0] ^= 1;  // the content of the second copy
  CHECK(load_text(store, "old"));
  CHECK(save_text(store, "newest"));
  CHECK(load_text(store, "newest"));
  records.data[0][2] ^= 1;
  records.data[RECORDS_PER_BLOB / 2][2] ^= 1;  // both headers
  uint8_t data[8];
  CHECK(store.load(data, sizeof data) == 0);
}

TEST_CASE("a new key is stored before it is used and the old one kept until it is accepted") {
  MemoryRecords records;
  BlobStore store(records, 0);
  DeviceKey key(store);
  key.begin("configured");
  CHECK(!strcmp(key.current(), "configured"));
  records.writes_left = 0;
  key.rotate("second");
  CHECK(!strcmp(key.current(), "configured"));  // it could not be stored
  records.writes_left = -1;
  key.rotate("second");
  CHECK(!strcmp(key.current(), "second"));

  DeviceKey restarted(store);
  restarted.begin("configured");
  CHECK(restarted.is_rotating());
  CHECK(!strcmp(restarted.current(), "second"));
  restarted.refused();
  CHECK(!strcmp(restarted.current(), "configured"));
  restarted.refused();
  CHECK(!strcmp(restarted.current(), "second"));
  restarted.rotate("third");  // the reply with the second one was lost
  CHECK(!strcmp(restarted.current(), "third"));
  restarted.accepted();
  CHECK(!restarted.is_rotating());
  restarted.refused();
  CHECK(!strcmp(restarted.current(), "third"));

  DeviceKey later(store);
  later.begin("configured");
  CHECK(!strcmp(later.current(), "third"));
}

TEST_CASE("a key that was flashed again replaces the stored ones") {
  MemoryRecords records;
  BlobStore store(records, 0);
  DeviceKey key(store);
  key.begin("configured");
  key.rotate("second");
  DeviceKey flashed(store);
  flashed.begin("another");
  CHECK(!strcmp(flashed.current(), "another"));
  CHECK(!flashed.is_rotating());
}

TEST_CASE("invalid keys are ignored") {
  MemoryRecords records;
  BlobStore store(records, 0);
  DeviceKey key(store);
  key.begin("k");
  key.rotate("");
  key.rotate("12345678901234567890123456789012345678901234567890123456789012345");
  key.rotate("k");
  CHECK(!key.is_rotating());
}
