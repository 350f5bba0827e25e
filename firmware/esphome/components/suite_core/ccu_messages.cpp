// Requests and replies of docs/ccu-http.md.
#include <string.h>

#include <initializer_list>

#include "ccu.h"
#include "text.h"

namespace suite {

namespace {

constexpr const char *UNSUPPORTED = "command is not supported";

bool parse_address(const JsonValue &value, uint8_t &address) {
  char text[3];
  if (!value.get(text, sizeof text) || strlen(text) != 2) return false;
  const int high = hex_digit(text[0]);
  const int low = hex_digit(text[1]);
  if (high < 0 || low < 0) return false;
  address = static_cast<uint8_t>(high << 4 | low);
  return address != 0 && address != BROADCAST;
}

void format_address(uint8_t address, char (&text)[3]) {
  text[0] = "0123456789ABCDEF"[address >> 4];
  text[1] = "0123456789ABCDEF"[address & 15];
  text[2] = '\0';
}

void join(char *text, size_t capacity, const char *a, const char *b, const char *c) {
  text[0] = '\0';
  for (const char *part : {a, b, c}) append(text, capacity, part);
}

bool read_command(const JsonValue &value, CcuCommand &command) {
  const JsonValue name = value["command"];
  int32_t number = 0;
  command.socket = value["socket"].equals("a") ? SOCKET_A : value["socket"].equals("b") ? SOCKET_B : 0;
  if (name.equals("relay_on") || name.equals("relay_off")) {
    command.name = name.equals("relay_on") ? CcuCommand::Name::RelayOn : CcuCommand::Name::RelayOff;
    return command.socket != 0;
  }
  if (name.equals("set_threshold")) {
    command.name = CcuCommand::Name::SetThreshold;
    if (!value["value"].get(number) || number < 0 || number >= OVERLOAD_MA) return false;
    command.value = static_cast<uint16_t>(number);
    return true;
  }
  if (name.equals("read_sensors")) {
    command.name = CcuCommand::Name::ReadSensors;
    return true;
  }
  command.name = CcuCommand::Name::Ping;
  return name.equals("ping");
}

}  // namespace

// Fill in the request of this step; false if there is nothing to send.
bool Ccu::prepare(uint32_t now_ms, CcuRequest &request) {
  request.kind = step_;
  request.is_post = true;
  request.body[0] = '\0';
  request.length = 0;
  char id[3] = "";
  if (step_ != RequestKind::Devices && step_ != RequestKind::Breaker) format_address(outlets_[step_outlet_].address(), id);
  switch (step_) {
    case RequestKind::Devices:
      request.is_post = false;
      join(request.path, sizeof request.path, "/api/devices/?v=2", "", "");
      return true;
    case RequestKind::Commands:
      request.is_post = false;
      join(request.path, sizeof request.path, "/api/commands/", id, "/?v=2");
      return true;
    case RequestKind::Acks:
      join(request.path, sizeof request.path, "/api/commands/", id, "/ack/?v=2");
      request.length = write_acks(outlets_[step_outlet_], request.body, sizeof request.body);
      return request.length != 0;
    case RequestKind::Report:
      if (!outlets_[step_outlet_].has_state(now_ms)) return false;
      join(request.path, sizeof request.path, "/api/data/?v=2", "", "");
      request.length = write_report(outlets_[step_outlet_], request.body, sizeof request.body);
      return request.length != 0;
    default:
      join(request.path, sizeof request.path, "/api/breaker-data/?v=2", "", "");
      JsonWriter writer(request.body, sizeof request.body);
      writer.begin_object().name("ccu_id").value(ccu_id_);
      const float current_ma = main_current_a_.value * 1000.0f;
      const bool is_valid = main_current_a_.is_known && current_ma >= 0.0f && current_ma <= 1000000.0f;
      // An unknown current is absent: it is not 0, and firmware and chip are reported without it.
      if (is_valid) writer.name("current_ma").value(static_cast<int32_t>(current_ma + 0.5f));
      writer.name("firmware").value(version_).name("chip").value(chip_).end_object();
      request.length = writer.finish();
      return request.length != 0;
  }
}

void Ccu::apply_devices(const JsonValue &devices) {
  if (devices.type() != JsonType::Array) return;
  uint8_t addresses[MAX_OUTLETS];
  size_t count = 0;
  for (size_t i = 0; i < devices.size() && count < MAX_OUTLETS; i++) {
    if (parse_address(devices.at(i), addresses[count]) && addresses[count] != controller_) count++;
  }
  bool is_same = count == outlets_used_;
  for (size_t i = 0; is_same && i < count; i++) is_same = outlets_[i].address() == addresses[i];
  if (is_same) return;
  set_outlets(addresses, count);
  if (count) store_.save(addresses, count);
}

void Ccu::apply_commands(CcuOutlet &outlet, const JsonValue &commands) {
  for (size_t i = 0; i < commands.size(); i++) {
    const JsonValue value = commands.at(i);
    char id[MAX_ID + 1];
    if (!value["id"].get(id, sizeof id) || !id[0]) continue;
    if (CcuCommand *known = outlet.find(id)) {
      // Delivered again: the answer was lost.
      if (known->state == CcuCommand::State::Acknowledged) known->state = CcuCommand::State::Executed;
      continue;
    }
    CcuCommand *place = outlet.free_place();
    if (!place) return;  // Home Assistant delivers it again
    CcuCommand command = {};
    memcpy(command.id, id, sizeof id);
    command.age = ++commands_seen_;
    command.state = CcuCommand::State::Waiting;
    if (!read_command(value, command)) {
      command.state = CcuCommand::State::Executed;
      command.error = UNSUPPORTED;
    }
    *place = command;
  }
}

size_t Ccu::write_report(const CcuOutlet &outlet, char *buffer, size_t capacity) const {
  const OutletState &state = outlet.state();
  char id[3];
  format_address(outlet.address(), id);
  JsonWriter writer(buffer, capacity);
  writer.begin_object().name("device_id").value(id);
  writer.name("current_a").value(static_cast<int32_t>(state.current_a_ma));
  writer.name("current_b").value(static_cast<int32_t>(state.current_b_ma));
  writer.name("relay_a").value(state.relay_a).name("relay_b").value(state.relay_b);
  writer.name("is_overload").value(state.trip_a || state.trip_b);
  writer.name("threshold").value(static_cast<int32_t>(state.threshold_ma)).end_object();
  return writer.finish();
}

size_t Ccu::write_acks(CcuOutlet &outlet, char *buffer, size_t capacity) {
  JsonWriter writer(buffer, capacity);
  writer.begin_object().name("acks").begin_array();
  size_t count = 0;
  for (CcuCommand &command : outlet.commands) {
    command.is_written = command.state == CcuCommand::State::Executed;
    if (!command.is_written) continue;
    count++;
    writer.begin_object().name("id").value(command.id).name("ok").value(!command.error);
    if (command.error) writer.name("error").value(command.error);
    writer.end_object();
  }
  writer.end_array().end_object();
  const size_t length = writer.finish();
  return count ? length : 0;
}

void Ccu::confirm_acks(CcuOutlet &outlet, bool accepted) {
  for (CcuCommand &command : outlet.commands) {
    if (command.is_written && accepted) command.state = CcuCommand::State::Acknowledged;
    command.is_written = false;
  }
}

}  // namespace suite
