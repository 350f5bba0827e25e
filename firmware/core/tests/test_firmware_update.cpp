#include <string.h>

#include <new>

#include "check.h"
#include "firmware_update.h"
#include "memory_slots.h"

using namespace suite;

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
