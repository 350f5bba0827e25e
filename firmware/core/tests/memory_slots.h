// A device in memory with two slots, a boot record, and a power supply that fails.
#pragma once

#include <string.h>

#include <new>

#include "boot_record.h"
#include "firmware_update.h"
#include "memory_records.h"

namespace suite {

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

inline uint8_t byte_of(uint8_t version, uint32_t place) { return static_cast<uint8_t>(version * 31 + place * 7 + place / 256); }

inline void fill(uint8_t *image, uint8_t version) {
  for (uint32_t i = 0; i < SIZE; i++) image[i] = byte_of(version, i);
}

inline bool is_image(const uint8_t *image, uint8_t version) {
  for (uint32_t i = 0; i < SIZE; i++) {
    if (image[i] != byte_of(version, i)) return false;
  }
  return true;
}

inline FirmwareOffer offer_of(uint8_t version) {
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
inline bool send(FirmwareUpdate &update, uint8_t version, uint32_t now_ms = 0, uint32_t until = SIZE) {
  static uint8_t image[SIZE];
  fill(image, version);
  for (uint32_t at = update.received(); at < until; at += 1000) {
    const uint32_t count = until - at < 1000 ? until - at : 1000;
    if (!update.receive(image + at, count, now_ms)) return false;
  }
  return true;
}

inline void settle(FirmwareUpdate &update, uint32_t now_ms = 0) {
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

}  // namespace suite
