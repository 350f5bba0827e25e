#include <string.h>

#include <new>

#include "boot_record.h"
#include "check.h"
#include "firmware_update.h"
#include "memory_records.h"

using namespace suite;

namespace {

constexpr uint32_t SIZE = 9000;
constexpr uint32_t MAX_SIZE = 16384;

// Two slots in memory with a boot record. Power is lost after a number of operations on the flash.
struct Flash : Slots {
  uint8_t content[SLOTS][MAX_SIZE] = {};
  MemoryRecords records;
  int operations_left = -1;
  int operations = 0;
  bool is_broken = false;  // accepts writes and stores something else
  bool is_readable = true;
  BlobStore store{records, 0};
  BootRecord record{store};
  uint8_t running_slot = 0;
  bool has_bootloader = true;

  bool operation() {
    if (!operations_left) return false;
    if (operations_left > 0) operations_left--;
    operations++;
    return true;
  }
  void power_on() {
    operations_left = -1;
    records.writes_left = -1;
    record.~BootRecord();
    new (&record) BootRecord(store);
    record.begin(SIZE);
    running_slot = record.start();
  }
  void cut_after(int count) {
    operations_left = count;
    records.writes_left = count;
  }

  uint8_t running() const override { return running_slot; }
  uint32_t capacity() const override { return MAX_SIZE; }
  uint32_t image_size(uint8_t slot) override { return record.size(slot); }
  bool read(uint8_t slot, uint32_t offset, uint8_t *data, size_t length) override {
    memcpy(data, content[slot] + offset, length);
    return is_readable;
  }
  bool begin(uint8_t slot, uint32_t) override {
    if (!record.erase(slot)) return false;
    if (!operation()) return false;
    memset(content[slot], 0xFF, MAX_SIZE);
    return true;
  }
  bool write(uint8_t slot, uint32_t offset, const uint8_t *data, size_t length) override {
    if (!operation()) return false;
    memcpy(content[slot] + offset, data, length);
    if (is_broken) content[slot][offset] ^= 0x10;
    return true;
  }
  bool finish(uint8_t slot, uint32_t size) override { return operation() && record.written(slot, size); }
  bool boot(uint8_t slot) override { return operation() && record.select(slot); }
  bool is_on_trial() const override { return record.state(running_slot) == SlotState::Trial; }
  bool confirm() override { return operation() && record.confirm(); }
  bool was_rolled_back(uint8_t slot) override { return record.state(slot) == SlotState::Failed; }
  bool can_roll_back() const override { return has_bootloader; }
};

uint8_t byte_of(uint8_t version, uint32_t place) { return static_cast<uint8_t>(version * 31 + place * 7 + place / 256); }

void fill(uint8_t *image, uint8_t version) {
  for (uint32_t i = 0; i < SIZE; i++) image[i] = byte_of(version, i);
}

bool is_image(const uint8_t *image, uint8_t version) {
  for (uint32_t i = 0; i < SIZE; i++) {
    if (image[i] != byte_of(version, i)) return false;
  }
  return true;
}

FirmwareOffer offer_of(uint8_t version) {
  static uint8_t image[SIZE];
  fill(image, version);
  FirmwareOffer offer;
  Sha256 sha;
  sha.update(image, SIZE);
  sha.finish(offer.sha256);
  offer.size = SIZE;
  return offer;
}

// Send the image in pieces; returns whether the update accepted all of them.
bool send(FirmwareUpdate &update, uint8_t version, uint32_t now_ms = 0, uint32_t until = SIZE) {
  static uint8_t image[SIZE];
  fill(image, version);
  for (uint32_t at = update.received(); at < until; at += 1000) {
    const uint32_t count = until - at < 1000 ? until - at : 1000;
    if (!update.receive(image + at, count, now_ms)) return false;
  }
  return true;
}

void settle(FirmwareUpdate &update, uint32_t now_ms = 0) {
  for (int i = 0; i < 20; i++) update.poll(now_ms);
}

// A device with version 1 in slot 0.
struct Device {
  Flash flash;
  FirmwareUpdate update{flash};

  Device() {
    fill(flash.content[0], 1);
    start();
  }
  void start(uint32_t now_ms = 0) {
    flash.power_on();
    new_update(now_ms);
  }
  void new_update(uint32_t now_ms) {
    update.~FirmwareUpdate();
    new (&update) FirmwareUpdate(flash);
    update.begin(now_ms);
    settle(update, now_ms);
  }
  uint8_t version() const { return is_image(flash.content[flash.running_slot], 1) ? 1 : is_image(flash.content[flash.running_slot], 2) ? 2 : 0; }
  void install(uint8_t version) {
    const FirmwareOffer offer = offer_of(version);
    update.offer(&offer, 0);
    send(update, version);
    settle(update);
  }
};

}  // namespace

TEST_CASE("an update is downloaded checked started and confirmed") {
  Device device;
  CHECK(device.update.state() == UpdateState::Idle);
  CHECK(device.update.hash(0));
  CHECK(!device.update.hash(1));
  const FirmwareOffer offer = offer_of(2);
  device.update.offer(&offer, 0);
  CHECK(device.update.wants_download(0));
  CHECK(send(device.update, 2));
  CHECK(device.update.state() == UpdateState::Checking);
  CHECK(!device.update.restarts(0, false));
  settle(device.update);
  CHECK(device.update.state() == UpdateState::Ready);
  CHECK(!device.update.restarts(0, true));  // frost protection
  CHECK(device.update.restarts(0, false));
  device.start();
  CHECK(device.version() == 2);
  CHECK(device.update.is_on_trial());
  CHECK(memcmp(device.update.hash(1), offer.sha256, SHA256_BYTES) == 0);
  device.update.offer(&offer, 0);
  CHECK(device.update.state() == UpdateState::Idle);
  device.update.synced();
  device.start();
  CHECK(device.version() == 2);
  CHECK(!device.update.is_on_trial());
}

TEST_CASE("the other slot is started by its hash without a download") {
  Device device;
  device.install(2);
  CHECK(device.update.restarts(0, false));
  device.start();
  device.update.synced();
  const FirmwareOffer old = offer_of(1);
  device.update.offer(&old, 0);
  CHECK(device.update.state() == UpdateState::Ready);
  CHECK(!device.update.wants_download(0));
  CHECK(device.update.restarts(0, false));
  device.start();
  CHECK(device.version() == 1);
  CHECK(device.update.is_on_trial());
  device.update.synced();
  device.start();
  CHECK(device.version() == 1);
}

TEST_CASE("an image that does not sync is rolled back and not started again") {
  Device device;
  device.install(2);
  CHECK(device.update.restarts(0, false));
  device.start();
  CHECK(!device.update.restarts(TRIAL_MS - 1, false));
  CHECK(!device.update.restarts(TRIAL_MS, true));  // not while it may freeze
  CHECK(device.update.restarts(TRIAL_MS, false));
  device.start();
  CHECK(device.version() == 1);
  CHECK(!device.update.is_on_trial());
  const FirmwareOffer offer = offer_of(2);
  device.update.offer(&offer, 0);
  CHECK(device.update.state() == UpdateState::Failed);
  CHECK(device.update.error() == UpdateError::RolledBack);
  CHECK(!device.update.wants_download(1000000));
  CHECK(!device.update.restarts(1000000, false));
  device.install(3);  // another image overwrites it
  CHECK(device.update.state() == UpdateState::Ready);
}

TEST_CASE("an image that crashes before it syncs is rolled back by the next start") {
  Device device;
  device.install(2);
  CHECK(device.update.restarts(0, false));
  device.start();
  CHECK(device.version() == 2);
  device.start();
  CHECK(device.version() == 1);
}

TEST_CASE("no offer is downloaded during a trial") {
  Device device;
  device.install(2);
  CHECK(device.update.restarts(0, false));
  device.start();
  const FirmwareOffer offer = offer_of(3);
  device.update.offer(&offer, 0);
  CHECK(device.update.state() == UpdateState::Idle);
  device.update.synced();
}

TEST_CASE("a wrong image is refused after three downloads") {
  Device device;
  const FirmwareOffer offer = offer_of(2);
  device.update.offer(&offer, 0);
  uint32_t now_ms = 0;
  for (int attempt = 0; attempt < 3; attempt++) {
    CHECK(device.update.wants_download(now_ms));
    CHECK(!send(device.update, 3, now_ms));
    CHECK(device.update.error() == UpdateError::Hash);
    CHECK(!device.update.wants_download(now_ms));
    now_ms += 4 * DOWNLOAD_RETRY_MS;
  }
  CHECK(device.update.state() == UpdateState::Failed);
  CHECK(!device.update.wants_download(now_ms));
  CHECK(!device.flash.image_size(1));
  CHECK(!device.update.receive(nullptr, 0, 0));
  device.update.offer(&offer, now_ms);
  CHECK(device.update.state() == UpdateState::Failed);
  device.update.offer(nullptr, now_ms);
  CHECK(device.update.state() == UpdateState::Idle);
  CHECK(device.update.error() == UpdateError::None);
}

TEST_CASE("more bytes than offered and images that do not fit are refused") {
  Device device;
  FirmwareOffer offer = offer_of(2);
  device.update.offer(&offer, 0);
  static uint8_t bytes[MAX_SIZE];
  CHECK(!device.update.receive(bytes, SIZE + 1, 0));
  CHECK(device.update.error() == UpdateError::Hash);
  offer.sha256[0] ^= 1;
  offer.size = MAX_SIZE + 1;
  device.update.offer(&offer, 0);
  CHECK(device.update.state() == UpdateState::Failed);
  CHECK(device.update.error() == UpdateError::TooLarge);
}

TEST_CASE("an interrupted download starts again") {
  Device device;
  const FirmwareOffer offer = offer_of(2);
  device.update.offer(&offer, 0);
  CHECK(send(device.update, 2, 0, 4000));
  device.update.interrupted(100);
  CHECK(device.update.error() == UpdateError::Download);
  CHECK(!device.update.wants_download(100));
  CHECK(device.update.wants_download(100 + DOWNLOAD_RETRY_MS));
  CHECK(device.update.received() == 0);
  CHECK(send(device.update, 2));
  settle(device.update);
  CHECK(device.update.state() == UpdateState::Ready);
  device.update.interrupted(0);
  CHECK(device.update.state() == UpdateState::Ready);
}

TEST_CASE("flash that stores something else is noticed before the restart") {
  Device device;
  device.flash.is_broken = true;
  device.install(2);
  CHECK(device.update.error() == UpdateError::Flash);
  CHECK(!device.update.restarts(0, false));
  CHECK(!device.flash.image_size(1));
}

TEST_CASE("a flash that fails from any operation on keeps the running image") {
  int failures = 0;
  for (int count = 0; count < 200; count++) {
    Device device;
    const FirmwareOffer offer = offer_of(2);
    device.flash.cut_after(count);
    device.update.offer(&offer, 0);
    uint32_t now_ms = 0;
    for (int attempt = 0; attempt < 5; attempt++, now_ms += 8 * DOWNLOAD_RETRY_MS) {
      if (device.update.wants_download(now_ms)) send(device.update, 2, now_ms);
      settle(device.update, now_ms);
    }
    if (device.update.restarts(now_ms, false)) break;
    failures++;
    CHECK((device.update.error() == UpdateError::Flash || device.update.error() == UpdateError::CannotBoot));
    CHECK(!device.update.wants_download(now_ms + 100 * DOWNLOAD_RETRY_MS));  // it gives up
    CHECK(device.flash.running_slot == 0);
    CHECK(device.version() == 1);
    device.start();
    CHECK(device.version() == 1);
    // A flash that works again takes the next offer.
    device.update.offer(nullptr, 0);
    CHECK(device.update.error() == UpdateError::None);
    device.install(2);
    CHECK(device.update.restarts(0, false));
    device.start();
    CHECK(device.version() == 2);
  }
  CHECK(failures > 10);
}

TEST_CASE("a slot that cannot be read has no hash and is not started") {
  Device device;
  device.flash.is_readable = false;
  device.start();
  CHECK(!device.update.hash(0));
  CHECK(!device.update.hash(1));
  device.install(2);
  CHECK(device.update.error() == UpdateError::Flash);
  CHECK(!device.update.restarts(0, false));
}

TEST_CASE("every error has a text") {
  const UpdateError errors[] = {UpdateError::TooLarge, UpdateError::Flash,      UpdateError::Hash,
                                UpdateError::Download, UpdateError::RolledBack, UpdateError::CannotBoot};
  for (const UpdateError &error : errors) {
    CHECK(strlen(describe(error)) > 10);
    for (const UpdateError &other : errors) CHECK((&error == &other || strcmp(describe(error), describe(other)) != 0));
  }
  CHECK(!*describe(UpdateError::None));
}

TEST_CASE("an offer before the slots are read is kept") {
  Device device;
  device.flash.power_on();
  device.update.~FirmwareUpdate();
  new (&device.update) FirmwareUpdate(device.flash);
  device.update.begin(0);
  const FirmwareOffer offer = offer_of(2);
  device.update.offer(&offer, 0);
  CHECK(device.update.state() == UpdateState::Hashing);
  settle(device.update);
  CHECK(device.update.wants_download(0));
}

TEST_CASE("a power outage at every operation leaves a complete image") {
  int cuts = 0;
  for (int count = 0; count < 200; count++) {
    Device device;
    device.flash.cut_after(count);
    device.install(2);
    const bool restarted = device.update.restarts(0, false);
    const bool is_complete = device.flash.operations_left != 0 && device.flash.records.writes_left != 0;
    device.start();
    CHECK((device.version() == 1 || device.version() == 2));
    if (!restarted) CHECK(device.version() == 1);
    cuts += !is_complete;
    // Power is back: the update is completed, however it was interrupted.
    for (int i = 0; i < 4 && device.version() != 2; i++) {
      const FirmwareOffer offer = offer_of(2);
      device.update.offer(&offer, 0);
      if (device.update.wants_download(0)) send(device.update, 2);
      settle(device.update);
      if (device.update.restarts(0, false)) device.start();
    }
    CHECK(device.version() == 2);
    // And it is cut off once more while it is confirmed.
    device.flash.cut_after(count % 3);
    device.update.synced();
    device.start();
    CHECK((device.version() == 1 || device.version() == 2));
    if (is_complete) break;
  }
  CHECK(cuts > 10);
}

TEST_CASE("a boot record without a valid copy starts the first slot") {
  MemoryRecords records;
  BlobStore store(records, 0);
  BootRecord record(store);
  record.begin(SIZE);
  CHECK(record.start() == 0);
  CHECK(record.size(0) == SIZE);
  CHECK(!record.select(1));  // empty
  CHECK(record.written(1, 5));
  CHECK(record.select(1));
  records.writes_left = 0;
  CHECK(record.start() == 0);  // the trial cannot be recorded
  records.writes_left = -1;
  CHECK(record.start() == 1);
  CHECK(record.start() == 0);
  CHECK(!record.select(1));
  CHECK(record.erase(0));
  CHECK(record.start() == 0);  // nothing else to start
}

TEST_CASE("an active slot that was erased is replaced by the other") {
  MemoryRecords records;
  BlobStore store(records, 0);
  BootRecord record(store);
  record.begin(SIZE);
  CHECK(record.written(1, 5));
  CHECK(record.select(1));
  CHECK(record.start() == 1);
  CHECK(record.confirm());
  CHECK(record.erase(1));
  record.start();
  CHECK(record.start() == 0);
}
