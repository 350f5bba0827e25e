#include "device_slots.h"

#ifdef USE_ESP32

#include <esp_image_format.h>
#include <esp_ota_ops.h>
#include <esp_partition.h>
#include <sdkconfig.h>

#include "esphome/core/log.h"

namespace suite {

static const char *const TAG = "slots";
static constexpr uint32_t SECTOR = 4096;

// The OTA partitions. ESP-IDF's bootloader keeps the boot record, starts a new image on trial and rolls back.
class OtaPartitions final : public Slots {
 public:
  OtaPartitions() {
    const esp_partition_t *running = esp_ota_get_running_partition();
    const esp_partition_t *next = esp_ota_get_next_update_partition(nullptr);
    // With other than two OTA partitions, the running one counts as slot 0.
    this->running_ = running != nullptr && running->subtype == ESP_PARTITION_SUBTYPE_APP_OTA_1 ? 1 : 0;
    this->partitions_[this->running_] = running;
    this->partitions_[1 - this->running_] = next == running ? nullptr : next;
    this->is_on_trial_ = this->state_(this->running_) == ESP_OTA_IMG_PENDING_VERIFY;
  }

  uint8_t running() const override { return this->running_; }
  uint32_t capacity() const override {
    const esp_partition_t *other = this->partitions_[1 - this->running_];
    return other ? other->size : 0;
  }
  uint32_t image_size(uint8_t slot) override {
    if (!this->partitions_[slot])
      return 0;
    // Its length, which includes the signature of a signed image, is known once it is verified.
    const esp_partition_pos_t position = {this->partitions_[slot]->address, this->partitions_[slot]->size};
    esp_image_metadata_t data = {};
    return esp_image_verify(ESP_IMAGE_VERIFY_SILENT, &position, &data) == ESP_OK ? data.image_len : 0;
  }
  bool read(uint8_t slot, uint32_t offset, uint8_t *data, size_t length) override {
    return this->partitions_[slot] && esp_partition_read(this->partitions_[slot], offset, data, length) == ESP_OK;
  }
  bool begin(uint8_t slot, uint32_t /*size*/) override {
    if (!this->partitions_[slot] || slot == this->running_)
      return false;
    this->erased_ = 0;
    return this->erase_until_(slot, SECTOR);
  }
  bool write(uint8_t slot, uint32_t offset, const uint8_t *data, size_t length) override {
    if (!this->partitions_[slot] || slot == this->running_ || !this->erase_until_(slot, offset + length))
      return false;
    return esp_partition_write(this->partitions_[slot], offset, data, length) == ESP_OK;
  }
  // The image is complete if its own checksum (and signature, where required) is valid.
  bool finish(uint8_t slot, uint32_t size) override { return this->image_size(slot) == size; }
  bool boot(uint8_t slot) override {
    const esp_err_t error = esp_ota_set_boot_partition(this->partitions_[slot]);
    if (error != ESP_OK)
      ESP_LOGE(TAG, "Slot %d cannot be selected: %s", slot, esp_err_to_name(error));
    return error == ESP_OK;
  }
  bool is_on_trial() const override { return this->is_on_trial_; }
  bool confirm() override {
    this->is_on_trial_ = esp_ota_mark_app_valid_cancel_rollback() != ESP_OK;
    return !this->is_on_trial_;
  }
  bool was_rolled_back(uint8_t slot) override {
    const esp_ota_img_states_t state = this->state_(slot);
    return state == ESP_OTA_IMG_ABORTED || state == ESP_OTA_IMG_INVALID;
  }
  bool can_roll_back() const override {
#ifdef CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE
    return this->partitions_[1 - this->running_] != nullptr;
#else
    return false;
#endif
  }

 private:
  esp_ota_img_states_t state_(uint8_t slot) const {
    esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
    if (this->partitions_[slot])
      esp_ota_get_state_partition(this->partitions_[slot], &state);
    return state;
  }
  // Erase as the image arrives: erasing a whole slot at once would stop the radio for seconds.
  bool erase_until_(uint8_t slot, uint32_t end) {
    while (this->erased_ < end) {
      if (esp_partition_erase_range(this->partitions_[slot], this->erased_, SECTOR) != ESP_OK)
        return false;
      this->erased_ += SECTOR;
    }
    return true;
  }

  const esp_partition_t *partitions_[SLOTS] = {};
  uint8_t running_ = 0;
  bool is_on_trial_ = false;  // asked in every loop, and its record is in flash
  uint32_t erased_ = 0;
};

Slots &device_slots() {
  static OtaPartitions slots;
  return slots;
}

}  // namespace suite

#endif  // USE_ESP32
