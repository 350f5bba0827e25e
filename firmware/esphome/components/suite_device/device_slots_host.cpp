#include "device_slots.h"

#ifdef USE_HOST

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "esphome/components/suite_core/boot_record.h"
#include "esphome/core/log.h"

extern char **environ;

namespace suite {

static const char *const TAG = "slots";

// One file per record; it is replaced as a whole.
class FileRecords final : public RecordStore {
 public:
  explicit FileRecords(std::string folder) : folder_(std::move(folder)) {}

  bool load(uint16_t number, uint8_t *data, size_t length) override {
    FILE *file = fopen(this->path_(number).c_str(), "rb");
    if (!file)
      return false;
    const bool is_read = fread(data, 1, length, file) == length;
    fclose(file);
    return is_read;
  }

  bool save(uint16_t number, const uint8_t *data, size_t length) override {
    const std::string path = this->path_(number);
    const std::string part = path + ".part";
    FILE *file = fopen(part.c_str(), "wb");
    if (!file)
      return false;
    const bool is_written = fwrite(data, 1, length, file) == length;
    return fclose(file) == 0 && is_written && rename(part.c_str(), path.c_str()) == 0;
  }

 private:
  std::string path_(uint16_t number) const { return this->folder_ + "/record" + std::to_string(number); }
  std::string folder_;
};

class FileSlots final : public Slots {
 public:
  FileSlots() : records_(folder()), store_(records_, 0), record_(store_) {
    struct stat found;
    const bool has_first = stat(this->path_(0).c_str(), &found) == 0;
    this->record_.begin(has_first ? static_cast<uint32_t>(found.st_size) : 0);
    const char *running = getenv("SUITE_RUNNING_SLOT");
    if (running) {
      this->running_ = running[0] == '1' ? 1 : 0;
    } else if (this->is_used_()) {
      this->start_();
    }
  }

  uint8_t running() const override { return this->running_; }
  uint32_t capacity() const override { return this->is_used_() ? 64u * 1024 * 1024 : 0; }
  uint32_t image_size(uint8_t slot) override { return this->record_.size(slot); }
  bool read(uint8_t slot, uint32_t offset, uint8_t *data, size_t length) override {
    FILE *file = fopen(this->path_(slot).c_str(), "rb");
    if (!file)
      return false;
    const bool is_read = fseek(file, offset, SEEK_SET) == 0 && fread(data, 1, length, file) == length;
    fclose(file);
    return is_read;
  }
  bool begin(uint8_t slot, uint32_t /*size*/) override {
    if (!this->is_used_() || !this->record_.erase(slot))
      return false;
    FILE *file = fopen(this->path_(slot).c_str(), "wb");
    return file && fclose(file) == 0;
  }
  bool write(uint8_t slot, uint32_t offset, const uint8_t *data, size_t length) override {
    FILE *file = fopen(this->path_(slot).c_str(), "r+b");
    if (!file)
      return false;
    const bool is_written = fseek(file, offset, SEEK_SET) == 0 && fwrite(data, 1, length, file) == length;
    return fclose(file) == 0 && is_written;
  }
  bool finish(uint8_t slot, uint32_t size) override {
    return chmod(this->path_(slot).c_str(), 0755) == 0 && this->record_.written(slot, size);
  }
  bool boot(uint8_t slot) override { return this->record_.select(slot); }
  bool is_on_trial() const override { return this->is_used_() && this->record_.state(this->running_) == SlotState::Trial; }
  bool confirm() override { return this->record_.confirm(); }
  bool was_rolled_back(uint8_t slot) override { return this->record_.state(slot) == SlotState::Failed; }
  bool can_roll_back() const override { return this->is_used_() && !getenv("SUITE_NO_ROLLBACK"); }

 private:
  static std::string folder() {
    const char *found = getenv("SUITE_SLOTS");
    return found ? found : "";
  }
  bool is_used_() const { return !folder().empty(); }
  std::string path_(uint8_t slot) const { return folder() + "/slot" + std::to_string(slot); }

  // The bootloader: replace this program by that of the selected slot. One that cannot be executed has failed.
  void start_() {
    for (int attempt = 0; attempt < 3; attempt++) {
      const uint8_t slot = this->record_.start();
      const std::string path = this->path_(slot);
      setenv("SUITE_RUNNING_SLOT", slot ? "1" : "0", 1);
      char *const arguments[] = {const_cast<char *>(path.c_str()), nullptr};
      execve(path.c_str(), arguments, environ);
      ESP_LOGE(TAG, "Slot %d cannot be executed", slot);
    }
    exit(70);
  }

  FileRecords records_;
  BlobStore store_;
  BootRecord record_;
  uint8_t running_ = 0;
};

Slots &device_slots() {
  static FileSlots slots;
  return slots;
}

}  // namespace suite

#endif  // USE_HOST
