// What an update survives: flash that fails, power outages at every operation, a boot record without a valid copy.
#include "boot_record.h"
#include "check.h"
#include "firmware_update.h"
#include "memory_records.h"
#include "memory_slots.h"

using namespace suite;

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
