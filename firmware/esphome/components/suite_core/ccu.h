// Central Control Unit: outlets by radio (docs/hc12-frame.md), Home Assistant by HTTP (docs/ccu-http.md, protocol 2).
// No I/O, no clock, no heap: the caller moves bytes and requests.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "blob_store.h"
#include "heating_plan.h"
#include "json.h"
#include "outlet_session.h"

namespace suite {

constexpr size_t MAX_OUTLETS = 16;
constexpr size_t MAX_COMMANDS = 8;  // waiting or not acknowledged yet, per outlet
constexpr size_t MAX_ID = 40;
constexpr uint32_t CYCLE_MS = 2000;
constexpr uint32_t LONGEST_CYCLE_MS = 30000;  // while Home Assistant does not answer
constexpr uint32_t READ_MS = 1000;
constexpr uint32_t UNRESPONSIVE_READ_MS = 10000;
constexpr uint32_t STATE_MS = 10000;  // an older state is not reported
constexpr uint32_t QUIET_MS = 10;

enum class RequestKind : uint8_t { Devices, Commands, Acks, Report, Breaker };

struct CcuRequest {
  RequestKind kind;
  bool is_post;
  char path[64];
  char body[1536];
  size_t length;
};

// A command that was fetched and is executed or acknowledged.
struct CcuCommand {
  enum class State : uint8_t { Free, Waiting, Executing, Executed, Acknowledged };
  enum class Name : uint8_t { RelayOn, RelayOff, SetThreshold, ReadSensors, Ping };
  char id[MAX_ID + 1];
  State state;
  Name name;
  uint8_t socket;
  uint16_t value;
  const char *error;  // null: it was executed
  bool is_written;  // in the request that is being sent
  uint32_t age;     // number of the command, to find the oldest
};

class CcuOutlet {
 public:
  void begin(uint8_t address, uint8_t controller, const LinkTiming &timing, uint32_t seed);
  uint8_t address() const { return address_; }
  OutletSession &session() { return *reinterpret_cast<OutletSession *>(memory_); }
  const OutletSession &session() const { return *reinterpret_cast<const OutletSession *>(memory_); }

  bool has_state(uint32_t now_ms) const { return is_heard_ && now_ms - heard_ms_ < STATE_MS; }
  const OutletState &state() const { return session().state(); }

  CcuCommand commands[MAX_COMMANDS] = {};
  uint32_t read_ms = 0;
  bool is_responsive = true;
  bool reads_now = true;

  CcuCommand *find(const char *id);
  CcuCommand *oldest(CcuCommand::State state);
  // Return a place for a command, null while all are in use.
  CcuCommand *free_place();
  void heard(uint32_t now_ms) {
    is_heard_ = true;
    heard_ms_ = now_ms;
  }
  void expire(uint32_t now_ms) {
    if (!has_state(now_ms)) is_heard_ = false;
  }

 private:
  uint8_t address_ = 0;
  bool is_heard_ = false;
  uint32_t heard_ms_ = 0;
  alignas(OutletSession) unsigned char memory_[sizeof(OutletSession)];
};

class Ccu {
 public:
  // `store` keeps the list of outlets for starts without Home Assistant.
  Ccu(BlobStore &store, const LinkTiming &timing, uint32_t seed) : store_(store), timing_(timing), random_(seed | 1) {}

  // `ccu_id` has two hex digits, `chip` is one of docs/ccu-http.md; the texts must outlive this object.
  void begin(const char *ccu_id, const char *version, const char *chip, uint32_t now_ms);

  // Radio: pass each received byte, then send the frame of poll_radio().
  void receive(uint8_t byte, uint32_t now_ms);
  bool poll_radio(uint32_t now_ms, Frame &frame);

  // HTTP: whether to send `request` now; handle_reply() must follow. A status of 0 means that there is no reply.
  bool next_request(uint32_t now_ms, CcuRequest &request);
  void handle_reply(const CcuRequest &request, int status, const char *body, size_t length, uint32_t now_ms);

  void set_main_current(const Reading &current_a) { main_current_a_ = current_a; }

  size_t outlets() const { return outlets_used_; }
  const CcuOutlet &outlet(size_t place) const { return outlets_[place]; }
  bool is_connected() const { return is_connected_; }
  bool is_refused() const { return is_refused_; }
  uint32_t crc_errors() const { return decoder_.crc_errors(); }
  const char *ccu_id() const { return ccu_id_; }

 private:
  void handle_frame(const Frame &frame, uint32_t now_ms);
  void finish_session(CcuOutlet &outlet, uint32_t now_ms);
  bool start_session(CcuOutlet &outlet, uint32_t now_ms);
  void apply_devices(const JsonValue &devices);
  void set_outlets(const uint8_t *addresses, size_t count);
  void apply_commands(CcuOutlet &outlet, const JsonValue &commands);
  size_t write_report(const CcuOutlet &outlet, char *buffer, size_t capacity) const;
  size_t write_acks(CcuOutlet &outlet, char *buffer, size_t capacity);
  void confirm_acks(CcuOutlet &outlet, bool accepted);
  bool prepare(uint32_t now_ms, CcuRequest &request);
  void advance();
  uint32_t random();

  BlobStore &store_;
  const LinkTiming timing_;
  uint32_t random_;
  const char *ccu_id_ = "";
  const char *version_ = "";
  const char *chip_ = "";
  uint8_t controller_ = 1;
  CcuOutlet outlets_[MAX_OUTLETS];
  size_t outlets_used_ = 0;
  FrameDecoder decoder_;
  uint32_t received_ms_ = 0;
  size_t speaking_ = 0;  // outlet whose session uses the channel
  bool is_speaking_ = false;
  size_t next_outlet_ = 0;
  bool has_event_ = false;
  Frame event_answer_;
  uint32_t commands_seen_ = 0;

  RequestKind step_ = RequestKind::Devices;
  size_t step_outlet_ = 0;
  bool is_cycle_ = false;
  uint32_t next_cycle_ms_ = 0;
  uint32_t failures_ = 0;
  bool is_connected_ = false;
  bool is_refused_ = false;
  Reading main_current_a_;
  JsonToken tokens_[256];
};

}  // namespace suite
