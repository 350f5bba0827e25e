// Commands of docs/device-sync.md: each ID is executed once and answered in the next report. No heap.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "json.h"

namespace suite {

constexpr size_t MAX_COMMAND_ID = 32;
constexpr size_t MAX_ACK_MESSAGE = 48;
constexpr size_t KEPT_COMMANDS = 32;  // executed ones, so that a repetition is recognized

class CommandLog {
 public:
  // Return whether a command is new and has to be executed; complete() must follow. A repeated one is answered again
  // with its earlier result. An empty or too long ID is neither executed nor answered, and so is a new command while
  // the answers of KEPT_COMMANDS others were not sent.
  bool begin(const char *id);

  // Store the result of the command that begin() returned true for; the message is cut to its maximum length.
  void complete(bool is_ok, const char *message = "");

  // Append the answers as an array; they stay until confirm_sent().
  void write_acks(JsonWriter &writer);
  bool has_acks() const;

  // The report with the written answers was accepted.
  void confirm_sent();

 private:
  enum class AckState : uint8_t { None, Pending, Written };
  struct Executed {
    char id[MAX_COMMAND_ID + 1];
    char message[MAX_ACK_MESSAGE + 1];
    bool is_ok;
    AckState ack;
  };
  Executed executed_[KEPT_COMMANDS] = {};
  size_t next_ = 0;
  size_t current_ = KEPT_COMMANDS;
};

}  // namespace suite
