// The firmware slots of this device: OTA partitions of ESP-IDF, or files of a host program.
#pragma once

#include "esphome/components/suite_core/slots.h"

namespace suite {

// The slots of this device. On the host they are files in the folder SUITE_SLOTS: the first call is the bootloader, which
// may replace this program by the one in a slot.
Slots &device_slots();

}  // namespace suite
