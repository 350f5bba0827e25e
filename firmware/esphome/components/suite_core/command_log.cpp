#include "command_log.h"

#include <string.h>

namespace suite {

bool CommandLog::begin(const char *id) {
  const size_t length = strlen(id);
  if (!length || length > MAX_COMMAND_ID) return false;
  for (Executed &known : executed_) {
    if (strcmp(known.id, id) == 0) {
      known.ack = AckState::Pending;
      return false;
    }
  }
  // Home Assistant repeats a command that is not answered, so it can wait for the answers before it.
  if (executed_[next_].ack != AckState::None) return false;
  current_ = next_;
  next_ = (next_ + 1) % KEPT_COMMANDS;
  Executed &command = executed_[current_];
  memcpy(command.id, id, length + 1);
  command.message[0] = '\0';
  command.is_ok = false;
  command.ack = AckState::None;
  return true;
}

void CommandLog::complete(bool is_ok, const char *message) {
  if (current_ == KEPT_COMMANDS) return;
  Executed &command = executed_[current_];
  command.is_ok = is_ok;
  strncpy(command.message, message, MAX_ACK_MESSAGE);
  command.message[MAX_ACK_MESSAGE] = '\0';
  command.ack = AckState::Pending;
  current_ = KEPT_COMMANDS;
}

bool CommandLog::has_acks() const {
  for (const Executed &command : executed_) {
    if (command.ack != AckState::None) return true;
  }
  return false;
}

void CommandLog::write_acks(JsonWriter &writer) {
  writer.begin_array();
  for (size_t i = 0; i < KEPT_COMMANDS; i++) {
    Executed &command = executed_[(next_ + i) % KEPT_COMMANDS];  // the oldest first
    if (command.ack == AckState::None) continue;
    command.ack = AckState::Written;
    writer.begin_object().name("id").value(command.id).name("ok").value(command.is_ok);
    if (!command.is_ok && command.message[0]) writer.name("message").value(command.message);
    writer.end_object();
  }
  writer.end_array();
}

void CommandLog::confirm_sent() {
  for (Executed &command : executed_) {
    if (command.ack == AckState::Written) command.ack = AckState::None;
  }
}

}  // namespace suite
