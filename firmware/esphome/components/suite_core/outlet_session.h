// The controller's side of docs/hc12-frame.md for one outlet: a state machine without I/O, clock or heap.
//
// One request at a time: start it, then call poll() until busy() is false; poll() returns each frame to send, and
// receive() handles the received ones. A change is executed exactly once however often its frames are lost or repeated.
#pragma once

#include <stdint.h>

#include "hc12_frame.h"

namespace suite {

constexpr uint8_t ANSWER = 0x80;
constexpr uint8_t CMD_PING = 0x01;
constexpr uint8_t CMD_READ = 0x02;
constexpr uint8_t CMD_SYNC = 0x03;
constexpr uint8_t CMD_RELAY = 0x10;
constexpr uint8_t CMD_SET_THRESHOLD = 0x11;
constexpr uint8_t CMD_EVENT = 0x40;
constexpr uint8_t CMD_NAK = 0xFF;

constexpr uint8_t REFUSED_TOKEN = 3;
constexpr uint8_t REFUSED_STALE = 4;

constexpr uint16_t OVERLOAD_MA = 0xFFFF;
constexpr uint8_t SOCKET_A = 1;
constexpr uint8_t SOCKET_B = 2;

struct OutletState {
  bool relay_a = false;
  bool relay_b = false;
  bool trip_a = false;
  bool trip_b = false;
  uint16_t current_a_ma = 0;  // OVERLOAD_MA after a trip
  uint16_t current_b_ma = 0;
  uint16_t threshold_ma = 0;
};

// Read a state; further bytes of a later version are ignored.
bool decode_state(const uint8_t *payload, uint8_t length, OutletState &state);

struct LinkTiming {
  uint32_t answer_ms;
  uint32_t jitter_ms = 50;  // longest pause before the first retry; doubled with each further one
  uint8_t attempts = 5;

  // Timing of a mode with this transfer delay: two of the longest frames, two delays, the pause of the outlet.
  static LinkTiming of(uint32_t transfer_delay_ms, uint32_t baud) {
    return {2 * static_cast<uint32_t>(MAX_FRAME) * 10 * 1000 / baud + 2 * transfer_delay_ms + 20};
  }
};

enum class Outcome : uint8_t { None, Done, Refused, NoAnswer };

class OutletSession {
 public:
  // The seed should differ between restarts: it chooses the first sequence numbers and the pauses.
  OutletSession(uint8_t controller, uint8_t address, const LinkTiming &timing, uint32_t seed);

  // Start a request; false while another one is in progress, or for a value that no outlet accepts.
  bool ping() { return start(CMD_PING, 0, 0); }
  bool read() { return start(CMD_READ, 0, 0); }
  bool set_relays(uint8_t mask, uint8_t values);
  bool set_threshold(uint16_t threshold_ma);

  bool busy() const { return phase_ != Phase::Idle; }
  // Result of the last request.
  Outcome outcome() const { return outcome_; }
  uint8_t refusal() const { return refusal_; }
  // State in the last answer that contained one.
  bool has_state() const { return has_state_; }
  const OutletState &state() const { return state_; }

  // Return whether a frame is to be sent now.
  bool poll(uint32_t now_ms, Frame &frame);
  // Handle a received frame; others than the expected answer are ignored.
  void receive(const Frame &frame);

 private:
  enum class Phase : uint8_t { Idle, Ready, Waiting, Pausing };

  bool start(uint8_t command, uint8_t high, uint8_t low);
  bool is_change() const { return command_ == CMD_RELAY || command_ == CMD_SET_THRESHOLD; }
  void prepare(uint8_t command);
  void finish(Outcome outcome);
  void handle_refusal(const Frame &frame);
  uint32_t random();

  const uint8_t controller_;
  const uint8_t address_;
  const LinkTiming timing_;
  uint32_t random_;
  Phase phase_ = Phase::Idle;
  Outcome outcome_ = Outcome::None;
  OutletState state_;
  bool has_state_ = false;
  bool has_token_ = false;
  uint16_t token_ = 0;
  uint8_t refusal_ = 0;
  uint8_t command_ = 0;  // of the request
  uint8_t payload_[2] = {};
  uint8_t query_number_;
  uint8_t change_number_;
  uint8_t changes_ = 0;
  uint8_t syncs_ = 0;
  uint8_t attempt_ = 0;
  uint32_t since_ms_ = 0;
  uint32_t pause_ms_ = 0;
  Frame frame_;  // being sent: the request or a SYNC before it
};

}  // namespace suite
