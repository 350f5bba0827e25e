// The controller's side of docs/device-sync.md: reports, replies, what to do while Home Assistant is away.
// No I/O, no clock, no heap: the caller sends the report when it is due and passes the reply.
#pragma once

#include <stdint.h>

#include "command_log.h"
#include "device_key.h"
#include "firmware_update.h"
#include "heating_plan.h"
#include "lease.h"
#include "local_clock.h"

namespace suite {

constexpr size_t MAX_REPLY = 12 * 1024;
constexpr size_t MAX_REPORT = 6 * 1024;
constexpr uint16_t MAX_REPLY_TOKENS = 1536;
constexpr uint32_t FIRST_RETRY_MS = 5000;
constexpr uint32_t LONGEST_RETRY_MS = 5 * 60 * 1000;
constexpr uint32_t REFUSED_RETRY_MS = 60 * 1000;  // after a refused key

// What the device is; all texts must outlive the client.
struct DeviceFacts {
  const char *device_id = "";
  const char *product = "";
  const char *version = "";
  const char *chip = "";
  const char *model = "";
  uint32_t boot_count = 0;
};

// What it measures.
struct Telemetry {
  Reading outdoor_c;
  Reading flow_c;
  Reading return_c;
  Reading room_c;
  Reading voltage_v;
  Reading rssi_dbm;
  bool is_heating_known = false;
  bool is_heating = false;  // as measured or switched
  uint32_t free_heap = 0;
  const char *const *errors = nullptr;
  size_t errors_used = 0;
};

enum class SyncOutcome : uint8_t {
  Never,
  Applied,
  Invalid,      // a reply that cannot be used; the previous configuration stays in use
  Refused,      // 401 or 403
  Unavailable,  // no reply, or an error of the server
};

enum class DeviceAction : uint8_t { None, Reboot, Identify };

class DeviceSync {
 public:
  // `config_store` and `key_store` must not share records.
  DeviceSync(BlobStore &config_store, BlobStore &key_store, FirmwareUpdate &update, uint32_t seed)
      : config_store_(config_store), key_(key_store), update_(update), random_(seed | 1) {}

  // Load the last configuration and the keys.
  void begin(const DeviceFacts &facts, const char *configured_key, uint32_t now_ms);

  // Whether to send a report now; one request at a time.
  bool is_due(uint32_t now_ms) const;
  const char *key() const { return key_.current(); }
  // Path of the request with the query, relative to the address of Home Assistant.
  bool write_path(char *path, size_t capacity) const;
  // Write the body of the request and return its length, 0 if it does not fit.
  size_t write_report(char *buffer, size_t capacity, const Telemetry &telemetry, uint32_t now_ms);
  // Handle the reply; a status of 0 means that there is none. The text is read during the call only.
  SyncOutcome handle_reply(int status, const char *body, size_t length, uint32_t now_ms);

  // Decide what to do now, with or without Home Assistant.
  HeatingDecision decide(const Telemetry &telemetry, uint32_t now_ms);

  // What the last replies requested of the device itself; each is returned once.
  DeviceAction take_action();

  // Whether the last decision found a risk of freezing: a restart would interrupt the protection against it.
  bool has_frost() const { return has_frost_; }
  SyncOutcome outcome() const { return outcome_; }
  bool lease_holds(uint32_t now_ms) { return lease_.check(now_ms); }
  bool is_clock_known() const { return clock_.is_known(); }
  bool has_stored_config() const { return has_stored_config_; }
  const HeatingConfig &config() const { return config_; }
  uint32_t failures() const { return failures_; }
  bool has_storage_error() const { return has_storage_error_; }

 private:
  bool apply_config(const JsonValue &config, uint32_t now_ms);
  void apply_commands(const JsonValue &commands);
  void execute(const JsonValue &command);
  void apply_firmware(const JsonValue &firmware, uint32_t now_ms);
  void store_config(const JsonValue &config);
  void load_config();
  void schedule(uint32_t now_ms, uint32_t pause_ms, uint32_t jitter_ms);
  uint32_t random();
  HeatingInputs inputs(const Telemetry &telemetry, uint32_t now_ms);

  BlobStore &config_store_;
  DeviceKey key_;
  FirmwareUpdate &update_;
  uint32_t random_;
  DeviceFacts facts_;
  HeatingConfig config_;
  Lease lease_;
  LocalClock clock_;
  CommandLog commands_;
  bool has_frost_ = false;
  float flow_setpoint_c_ = 0.0f;
  SyncOutcome outcome_ = SyncOutcome::Never;
  DeviceAction action_ = DeviceAction::None;
  bool wants_reboot_ = false;  // after its answer was sent
  bool has_stored_config_ = false;
  bool has_storage_error_ = false;
  uint32_t failures_ = 0;
  uint32_t interval_ms_ = 30000;
  uint32_t jitter_ms_ = 3000;
  uint32_t next_ms_ = 0;
  uint32_t started_ms_ = 0;
  uint32_t last_ms_ = 0;
  uint64_t uptime_ms_ = 0;
  JsonToken tokens_[MAX_REPLY_TOKENS];
  char stored_[MAX_BLOB];
};

}  // namespace suite
