#include "ccu.h"

namespace suite {

namespace {

constexpr const char *NO_ANSWER = "outlet does not answer";
constexpr const char *REFUSED = "outlet refused the command";

}  // namespace

uint32_t Ccu::random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

void Ccu::begin(const char *ccu_id, const char *version, const char *chip, uint32_t now_ms) {
  ccu_id_ = ccu_id;
  version_ = version;
  chip_ = chip;
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

}  // namespace suite
