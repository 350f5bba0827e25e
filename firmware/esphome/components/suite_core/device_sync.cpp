#include "device_sync.h"

#include <string.h>

#include <initializer_list>

#include "ota_check.h"
#include "text.h"

namespace suite {

namespace {

constexpr const char *SYNC_PATH = "/api/iot/device/";
constexpr const char *SYNC_QUERY = "/sync/?protocol_version=2";

void put_reading(JsonWriter &writer, const char *name, const Reading &reading, uint8_t decimals) {
  writer.name(name);
  if (reading.is_known) {
    writer.value(static_cast<double>(reading.value), decimals);
  } else {
    writer.null();
  }
}

int32_t limited(uint64_t value) { return value > INT32_MAX ? INT32_MAX : static_cast<int32_t>(value); }

// Seconds of a member as milliseconds, within limits; the previous value if it is absent or invalid.
uint32_t interval_ms(const JsonValue &value, uint32_t low_s, uint32_t high_s, uint32_t previous_ms) {
  int32_t seconds = 0;
  if (!value.get(seconds) || seconds < static_cast<int32_t>(low_s)) return previous_ms;
  return (static_cast<uint32_t>(seconds) > high_s ? high_s : static_cast<uint32_t>(seconds)) * 1000;
}

}  // namespace

void DeviceSync::begin(const DeviceFacts &facts, const char *configured_key, uint32_t now_ms) {
  facts_ = facts;
  key_.begin(configured_key);
  started_ms_ = last_ms_ = now_ms;
  load_config();
  schedule(now_ms, 1000, 1000);
}

void DeviceSync::load_config() {
  const size_t length = config_store_.load(reinterpret_cast<uint8_t *>(stored_), sizeof stored_);
  JsonDocument document(tokens_, MAX_REPLY_TOKENS);
  if (!length || document.parse(stored_, length) != JsonError::None) return;
  has_stored_config_ = config_.apply(document.root());
}

uint32_t DeviceSync::random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

void DeviceSync::schedule(uint32_t now_ms, uint32_t pause_ms, uint32_t jitter_ms) {
  const uint32_t least_ms = pause_ms > jitter_ms ? pause_ms - jitter_ms : 0;
  next_ms_ = now_ms + least_ms + random() % (pause_ms + jitter_ms - least_ms + 1);
}

bool DeviceSync::is_due(uint32_t now_ms) const { return static_cast<int32_t>(now_ms - next_ms_) >= 0; }

bool DeviceSync::write_path(char *path, size_t capacity) const {
  path[0] = '\0';
  return append(path, capacity, SYNC_PATH) && append(path, capacity, facts_.device_id) &&
         append(path, capacity, SYNC_QUERY);
}

size_t DeviceSync::write_report(char *buffer, size_t capacity, const Telemetry &telemetry, uint32_t now_ms) {
  uptime_ms_ += now_ms - last_ms_;
  last_ms_ = now_ms;
  JsonWriter writer(buffer, capacity);
  writer.begin_object().name("protocol_version").value(static_cast<int32_t>(2));
  if (telemetry.is_heating_known) writer.name("state").value(telemetry.is_heating ? "on" : "off");
  put_reading(writer, "temp_out", telemetry.outdoor_c, 1);
  put_reading(writer, "supply_temp", telemetry.flow_c, 1);
  put_reading(writer, "return_temp", telemetry.return_c, 1);
  put_reading(writer, "room_temp", telemetry.room_c, 1);
  put_reading(writer, "voltage", telemetry.voltage_v, 2);
  put_reading(writer, "rssi", telemetry.rssi_dbm, 0);
  writer.name("flow_setpoint").value(static_cast<double>(flow_setpoint_c_), 1);
  writer.name("errors").begin_array();
  for (size_t i = 0; i < telemetry.errors_used; i++) writer.value(telemetry.errors[i]);
  if (outcome_ == SyncOutcome::Invalid) writer.value("configuration cannot be used");
  if (has_storage_error_) writer.value("configuration cannot be stored");
  if (update_.error() != UpdateError::None) writer.value(describe(update_.error()));
  writer.end_array();
  writer.name("firmware_version").value(facts_.version).name("product").value(facts_.product);
  writer.name("chip").value(facts_.chip);
  if (facts_.model[0]) writer.name("model").value(facts_.model);
  writer.name("free_heap").value(limited(telemetry.free_heap));
  writer.name("uptime_s").value(limited(uptime_ms_ / 1000));
  writer.name("boot_count").value(limited(facts_.boot_count));
  write_slots(writer, update_);
  writer.name("frost").value(has_frost_);
  if (commands_.has_acks()) {
    writer.name("acks");
    commands_.write_acks(writer);
  }
  writer.end_object();
  return writer.finish();
}

SyncOutcome DeviceSync::handle_reply(int status, const char *body, size_t length, uint32_t now_ms) {
  outcome_ = SyncOutcome::Unavailable;
  if (status == 200) {
    key_.accepted();
    JsonDocument document(tokens_, MAX_REPLY_TOKENS);
    const bool is_valid = document.parse(body, length) == JsonError::None && apply_config(document.root()["config"], now_ms);
    outcome_ = is_valid ? SyncOutcome::Applied : SyncOutcome::Invalid;
    if (is_valid) {
      commands_.confirm_sent();
      if (wants_reboot_ && !commands_.has_acks()) {
        action_ = DeviceAction::Reboot;
        wants_reboot_ = false;
      }
      const JsonValue reply = document.root();
      apply_commands(reply["commands"]);
      apply_firmware(reply["firmware"], now_ms);
      char new_key[MAX_KEY + 1];
      if (reply["new_key"].get(new_key, sizeof new_key)) key_.rotate(new_key);
      update_.synced();
    }
  } else if (status == 401 || status == 403) {
    key_.refused();
    outcome_ = SyncOutcome::Refused;
  }
  if (outcome_ == SyncOutcome::Applied) {
    failures_ = 0;
    // An answer is sent soon, so that Home Assistant does not repeat its command.
    const bool is_urgent = commands_.has_acks();
    schedule(now_ms, is_urgent ? 1000 : interval_ms_, is_urgent ? 500 : jitter_ms_);
    return outcome_;
  }
  failures_++;
  if (outcome_ == SyncOutcome::Refused) {
    schedule(now_ms, key_.is_rotating() ? 1000 : REFUSED_RETRY_MS, key_.is_rotating() ? 500 : REFUSED_RETRY_MS / 4);
    return outcome_;
  }
  const uint32_t shift = failures_ < 7 ? failures_ - 1 : 6;
  const uint32_t pause_ms = FIRST_RETRY_MS << shift;
  const uint32_t limited_ms = pause_ms < LONGEST_RETRY_MS ? pause_ms : LONGEST_RETRY_MS;
  schedule(now_ms, limited_ms, limited_ms / 2);
  return outcome_;
}

bool DeviceSync::apply_config(const JsonValue &config, uint32_t now_ms) {
  if (config.type() != JsonType::Object || !config_.apply(config)) return false;
  interval_ms_ = interval_ms(config["poll_interval_s"], 1, 3600, interval_ms_);
  jitter_ms_ = interval_ms(config["poll_jitter_s"], 0, 3600, jitter_ms_);
  lease_.renew(now_ms, config_.lease_s);
  char time[32];
  int64_t unix_s = 0;
  int32_t offset_s = 0;
  // Without the offset of protocol 2 the local time is not known.
  if (config["server_time"].get(time, sizeof time) && parse_utc(time, unix_s) && config["utc_offset_s"].get(offset_s)) {
    clock_.set(unix_s, offset_s, now_ms);
  }
  store_config(config);
  return true;
}

// Store what holds without Home Assistant. It is written to flash only when it has changed.
void DeviceSync::store_config(const JsonValue &config) {
  JsonWriter writer(stored_, sizeof stored_);
  size_t length = 0;
  const char *schedule = config["schedule"].text(length);
  writer.begin_object().name("iot_enabled").value(config_.iot_enabled);
  writer.name("curve").begin_object();
  writer.name("value").value(static_cast<double>(config_.curve_value), 2);
  writer.name("min_external_temp").value(static_cast<double>(config_.min_external_c), 2).end_object();
  writer.name("schedule").raw(schedule, length).end_object();
  has_storage_error_ = !writer.ok() || !config_store_.save(reinterpret_cast<const uint8_t *>(stored_), writer.length());
}

void DeviceSync::apply_commands(const JsonValue &commands) {
  for (size_t i = 0; i < commands.size(); i++) execute(commands.at(i));
}

void DeviceSync::execute(const JsonValue &command) {
  char id[MAX_COMMAND_ID + 1];
  if (!command["id"].get(id, sizeof id) || !commands_.begin(id)) return;
  const JsonValue name = command["name"];
  // The first four are in the configuration of the same reply, which is applied already.
  for (const char *known : {"force_on", "force_off", "auto", "set_curve"}) {
    if (name.equals(known)) return commands_.complete(true);
  }
  if (name.equals("identify")) {
    action_ = DeviceAction::Identify;
    return commands_.complete(true);
  }
  if (name.equals("reboot")) {
    if (has_frost_) return commands_.complete(false, "frost protection is active");
    wants_reboot_ = true;
    return commands_.complete(true);
  }
  commands_.complete(false, "unknown command");
}

void DeviceSync::apply_firmware(const JsonValue &firmware, uint32_t now_ms) {
  FirmwareOffer offer;
  update_.offer(read_offer(firmware, "path", offer) ? &offer : nullptr, now_ms);
}

HeatingInputs DeviceSync::inputs(const Telemetry &telemetry, uint32_t now_ms) {
  clock_.poll(now_ms);
  HeatingInputs found;
  found.lease_holds = lease_.check(now_ms);
  found.is_time_known = clock_.is_known();
  if (found.is_time_known) {
    found.weekday = clock_.weekday();
    found.minute_of_day = clock_.minute_of_day();
  }
  found.outdoor_c = telemetry.outdoor_c;
  found.room_c = telemetry.room_c;
  found.flow_c = telemetry.flow_c;
  found.return_c = telemetry.return_c;
  return found;
}

HeatingDecision DeviceSync::decide(const Telemetry &telemetry, uint32_t now_ms) {
  const HeatingInputs found = inputs(telemetry, now_ms);
  const HeatingDecision decision = suite::decide(config_, found);
  has_frost_ = suite::has_frost(found);
  flow_setpoint_c_ = decision.flow_setpoint_c;
  return decision;
}

DeviceAction DeviceSync::take_action() {
  const DeviceAction action = action_;
  action_ = DeviceAction::None;
  return action;
}

}  // namespace suite
