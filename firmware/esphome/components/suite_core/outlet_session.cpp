#include "outlet_session.h"

namespace suite {

namespace {

constexpr uint8_t CHANGES_PER_TOKEN = 100;  // well below the 127 that a number can distinguish
constexpr uint8_t MAX_SYNCS = 3;
constexpr uint8_t STATE_BYTES = 7;

uint16_t word(const uint8_t *bytes) { return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]); }

}  // namespace

bool decode_state(const uint8_t *payload, uint8_t length, OutletState &state) {
  if (length < STATE_BYTES) return false;
  state.relay_a = payload[0] & 1;
  state.relay_b = payload[0] & 2;
  state.trip_a = payload[0] & 4;
  state.trip_b = payload[0] & 8;
  state.current_a_ma = word(payload + 1);
  state.current_b_ma = word(payload + 3);
  state.threshold_ma = word(payload + 5);
  return true;
}

OutletSession::OutletSession(uint8_t controller, uint8_t address, const LinkTiming &timing, uint32_t seed)
    : controller_(controller), address_(address), timing_(timing), random_(seed ? seed : 1) {
  query_number_ = static_cast<uint8_t>(random());
  change_number_ = static_cast<uint8_t>(random());
}

uint32_t OutletSession::random() {  // xorshift32
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

bool OutletSession::set_relays(uint8_t mask, uint8_t values) {
  if (!mask || mask > (SOCKET_A | SOCKET_B)) return false;
  return start(CMD_RELAY, mask, static_cast<uint8_t>(values & mask));
}

bool OutletSession::set_threshold(uint16_t threshold_ma) {
  if (threshold_ma == OVERLOAD_MA) return false;
  return start(CMD_SET_THRESHOLD, static_cast<uint8_t>(threshold_ma >> 8), static_cast<uint8_t>(threshold_ma));
}

bool OutletSession::start(uint8_t command, uint8_t high, uint8_t low) {
  if (busy()) return false;
  command_ = command;
  payload_[0] = high;
  payload_[1] = low;
  outcome_ = Outcome::None;
  syncs_ = 0;
  prepare(is_change() && (!has_token_ || changes_ >= CHANGES_PER_TOKEN) ? CMD_SYNC : command);
  return true;
}

void OutletSession::prepare(uint8_t command) {
  frame_ = Frame();
  frame_.destination = address_;
  frame_.source = controller_;
  frame_.command = command;
  if (command == CMD_PING || command == CMD_READ) {
    frame_.sequence = ++query_number_;
  } else {
    frame_.sequence = ++change_number_;
  }
  if (command == CMD_SYNC) syncs_++;
  if (command == CMD_RELAY || command == CMD_SET_THRESHOLD) {
    changes_++;
    frame_.payload_length = 4;
    frame_.payload[0] = static_cast<uint8_t>(token_ >> 8);
    frame_.payload[1] = static_cast<uint8_t>(token_);
    frame_.payload[2] = payload_[0];
    frame_.payload[3] = payload_[1];
  }
  attempt_ = 0;
  phase_ = Phase::Ready;
}

void OutletSession::finish(Outcome outcome) {
  outcome_ = outcome;
  phase_ = Phase::Idle;
}

bool OutletSession::poll(uint32_t now_ms, Frame &frame) {
  if (phase_ == Phase::Waiting && now_ms - since_ms_ >= timing_.answer_ms) {
    if (attempt_ >= timing_.attempts) {
      finish(Outcome::NoAnswer);
      return false;
    }
    pause_ms_ = random() % ((timing_.jitter_ms << (attempt_ - 1)) + 1);
    since_ms_ = now_ms;
    phase_ = Phase::Pausing;
  }
  if (phase_ == Phase::Pausing && now_ms - since_ms_ >= pause_ms_) phase_ = Phase::Ready;
  if (phase_ != Phase::Ready) return false;
  attempt_++;
  since_ms_ = now_ms;
  phase_ = Phase::Waiting;
  frame = frame_;
  return true;
}

void OutletSession::receive(const Frame &frame) {
  if (!busy() || !attempt_ || frame.destination != controller_ || frame.source != address_) return;
  if (frame.sequence != frame_.sequence) return;
  if (frame.command == CMD_NAK && frame.payload_length >= 2 && frame.payload[0] == frame_.command) {
    handle_refusal(frame);
    return;
  }
  if (frame.command != (frame_.command | ANSWER)) return;
  if (frame_.command == CMD_SYNC) {
    if (frame.payload_length < 2) return;
    token_ = word(frame.payload);
    has_token_ = true;
    changes_ = 0;
    prepare(command_);
    return;
  }
  if (frame_.command != CMD_PING) {
    if (!decode_state(frame.payload, frame.payload_length, state_)) return;
    has_state_ = true;
  }
  finish(Outcome::Done);
}

void OutletSession::handle_refusal(const Frame &frame) {
  refusal_ = frame.payload[1];
  const bool is_outdated = refusal_ == REFUSED_TOKEN || refusal_ == REFUSED_STALE;
  if (!is_change() || !is_outdated || frame_.command == CMD_SYNC) {
    finish(Outcome::Refused);
    return;
  }
  has_token_ = false;
  if (syncs_ >= MAX_SYNCS) {
    finish(Outcome::NoAnswer);
  } else {
    prepare(CMD_SYNC);
  }
}

}  // namespace suite
