#include <string.h>

#include <new>

#include "ccu.h"

namespace suite {

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

}  // namespace suite
