#include "ccu.h"

#include <string.h>

#include <initializer_list>
#include <new>

namespace suite {

namespace {

constexpr const char *NO_ANSWER = "outlet does not answer";
constexpr const char *REFUSED = "outlet refused the command";
constexpr const char *UNSUPPORTED = "command is not supported";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

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
  for (const char *part : {a, b, c}) {
    const size_t used = strlen(text);
    const size_t length = strlen(part);
    if (used + length >= capacity) return;
    memcpy(text + used, part, length + 1);
  }
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

void CcuOutlet::begin(uint8_t address, uint8_t controller, const LinkTiming &timing, uint32_t seed) {
  address_ = address;
  is_heard_ = false;
  is_responsive = true;
  reads_now = true;
  memset(commands, 0, sizeof commands);
  new (memory_) OutletSession(controller, address, timing, seed);
}

CcuCommand *CcuOutlet::find(const char *id) {
  for (CcuCommand &command : commands) {
    if (command.state != CcuCommand::State::Free && strcmp(command.id, id) == 0) return &command;
  }
  return nullptr;
}

CcuCommand *CcuOutlet::oldest(CcuCommand::State state) {
  CcuCommand *found = nullptr;
  for (CcuCommand &command : commands) {
    if (command.state == state && (!found || static_cast<int32_t>(command.age - found->age) < 0)) found = &command;
  }
  return found;
}

CcuCommand *CcuOutlet::free_place() {
  for (CcuCommand &command : commands) {
    if (command.state == CcuCommand::State::Free) return &command;
  }
  return oldest(CcuCommand::State::Acknowledged);
}

uint32_t Ccu::random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

void Ccu::begin(const char *ccu_id, const char *version, uint32_t now_ms) {
  ccu_id_ = ccu_id;
  version_ = version;
  next_cycle_ms_ = now_ms;
  received_ms_ = now_ms - QUIET_MS;
  uint8_t addresses[MAX_OUTLETS];
  set_outlets(addresses, store_.load(addresses, sizeof addresses));
}

void Ccu::set_outlets(const uint8_t *addresses, size_t count) {
  if (is_speaking_ && (speaking_ >= count || outlets_[speaking_].address() != addresses[speaking_])) is_speaking_ = false;
  for (size_t i = 0; i < count; i++) {
    // One that stays in its place keeps its session and its answers.
    if (i < outlets_used_ && outlets_[i].address() == addresses[i]) continue;
    outlets_[i].begin(addresses[i], controller_, timing_, random());
  }
  outlets_used_ = count;
  next_outlet_ = 0;
}

// Radio

void Ccu::receive(uint8_t byte, uint32_t now_ms) {
  received_ms_ = now_ms;
  decoder_.push(byte, now_ms);
  Frame frame;
  while (decoder_.next(frame)) handle_frame(frame, now_ms);
}

void Ccu::handle_frame(const Frame &frame, uint32_t now_ms) {
  if (frame.destination != controller_) return;
  for (size_t i = 0; i < outlets_used_; i++) {
    CcuOutlet &outlet = outlets_[i];
    if (outlet.address() != frame.source) continue;
    if (frame.command == CMD_EVENT) {
      // Its content changes nothing, as it could be a replay: the state is read at once.
      event_answer_ = Frame();
      event_answer_.destination = frame.source;
      event_answer_.source = controller_;
      event_answer_.sequence = frame.sequence;
      event_answer_.command = CMD_EVENT | ANSWER;
      has_event_ = true;
      outlet.reads_now = true;
    } else if (is_speaking_ && speaking_ == i) {
      outlet.session().receive(frame);
      if (!outlet.session().busy()) finish_session(outlet, now_ms);
    }
    return;
  }
}

void Ccu::finish_session(CcuOutlet &outlet, uint32_t now_ms) {
  is_speaking_ = false;
  const Outcome outcome = outlet.session().outcome();
  outlet.is_responsive = outcome != Outcome::NoAnswer;
  if (outcome == Outcome::Done && outlet.session().has_state()) outlet.heard(now_ms);
  if (CcuCommand *command = outlet.oldest(CcuCommand::State::Executing)) {
    command->state = CcuCommand::State::Executed;
    command->error = outcome == Outcome::Done ? nullptr : outcome == Outcome::Refused ? REFUSED : NO_ANSWER;
  }
  outlet.read_ms = now_ms;
}

bool Ccu::start_session(CcuOutlet &outlet, uint32_t now_ms) {
  if (CcuCommand *command = outlet.oldest(CcuCommand::State::Waiting)) {
    bool is_started = false;
    switch (command->name) {
      case CcuCommand::Name::RelayOn:
        is_started = outlet.session().set_relays(command->socket, command->socket);
        break;
      case CcuCommand::Name::RelayOff:
        is_started = outlet.session().set_relays(command->socket, 0);
        break;
      case CcuCommand::Name::SetThreshold:
        is_started = outlet.session().set_threshold(command->value);
        break;
      case CcuCommand::Name::ReadSensors:
        is_started = outlet.session().read();
        break;
      case CcuCommand::Name::Ping:
        is_started = outlet.session().ping();
        break;
    }
    if (is_started) command->state = CcuCommand::State::Executing;
    return is_started;
  }
  const uint32_t pause_ms = outlet.is_responsive ? READ_MS : UNRESPONSIVE_READ_MS;
  if (!outlet.reads_now && now_ms - outlet.read_ms < pause_ms) return false;
  outlet.reads_now = false;
  return outlet.session().read();
}

bool Ccu::poll_radio(uint32_t now_ms, Frame &frame) {
  for (size_t i = 0; i < outlets_used_; i++) outlets_[i].expire(now_ms);
  if (now_ms - received_ms_ < QUIET_MS) return false;
  if (has_event_) {
    has_event_ = false;
    frame = event_answer_;
    return true;
  }
  for (size_t tries = 0; !is_speaking_ && tries < outlets_used_; tries++) {
    next_outlet_ = (next_outlet_ + 1) % outlets_used_;
    if (!start_session(outlets_[next_outlet_], now_ms)) continue;
    speaking_ = next_outlet_;
    is_speaking_ = true;
  }
  if (!is_speaking_) return false;
  CcuOutlet &outlet = outlets_[speaking_];
  if (outlet.session().poll(now_ms, frame)) return true;
  if (!outlet.session().busy()) finish_session(outlet, now_ms);
  return false;
}

// HTTP

bool Ccu::next_request(uint32_t now_ms, CcuRequest &request) {
  if (!is_cycle_) {
    if (static_cast<int32_t>(now_ms - next_cycle_ms_) < 0) return false;
    is_cycle_ = true;
    step_ = RequestKind::Devices;
    step_outlet_ = 0;
    const uint32_t pause_ms = failures_ ? CYCLE_MS << (failures_ < 4 ? failures_ : 4) : CYCLE_MS;
    next_cycle_ms_ = now_ms + (pause_ms < LONGEST_CYCLE_MS ? pause_ms : LONGEST_CYCLE_MS);
    if (failures_) next_cycle_ms_ += random() % (pause_ms / 2);
  }
  while (is_cycle_) {
    if (prepare(now_ms, request)) return true;
    advance();
  }
  return false;
}

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
      if (!is_valid) return false;  // an unknown current is not 0
      writer.name("current_ma").value(static_cast<int32_t>(current_ma + 0.5f));
      writer.name("firmware").value(version_).end_object();
      request.length = writer.finish();
      return request.length != 0;
  }
}

// Go to the next step: the devices, then commands, answers and report of each outlet, then the breaker.
void Ccu::advance() {
  switch (step_) {
    case RequestKind::Devices:
      step_ = outlets_used_ ? RequestKind::Commands : RequestKind::Breaker;
      break;
    case RequestKind::Commands:
      step_ = RequestKind::Acks;
      break;
    case RequestKind::Acks:
      step_ = RequestKind::Report;
      break;
    case RequestKind::Report:
      step_ = ++step_outlet_ < outlets_used_ ? RequestKind::Commands : RequestKind::Breaker;
      break;
    default:
      is_cycle_ = false;
  }
}

void Ccu::handle_reply(const CcuRequest &request, int status, const char *body, size_t length, uint32_t now_ms) {
  is_refused_ = status == 401 || status == 403;
  if (!status || is_refused_ || status >= 500) {
    // The rest of the cycle would fail the same way; answers and states are kept.
    if (request.kind == RequestKind::Acks) confirm_acks(outlets_[step_outlet_], false);
    is_cycle_ = false;
    is_connected_ = false;
    if (failures_ < 100) failures_++;
    if (failures_ == 1) next_cycle_ms_ = now_ms + CYCLE_MS + random() % CYCLE_MS;
    return;
  }
  is_connected_ = true;
  failures_ = 0;
  if (request.kind == RequestKind::Acks) confirm_acks(outlets_[step_outlet_], status == 200 || status == 404);
  JsonDocument document(tokens_, sizeof tokens_ / sizeof tokens_[0]);
  const bool is_read = status == 200 && document.parse(body, length) == JsonError::None;
  if (is_read && request.kind == RequestKind::Devices) apply_devices(document.root()["devices"]);
  if (is_read && request.kind == RequestKind::Commands) {
    apply_commands(outlets_[step_outlet_], document.root()["commands"]);
  }
  advance();
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
