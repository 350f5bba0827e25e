// Escape sequences of JSON strings.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace suite {

// Value of four hexadecimal digits, -1 for anything else.
int32_t hex4(const char *text);

// Decode the escape sequence after a backslash; 0 if it is invalid. The syntax was checked before.
uint32_t unescape(const char *text, size_t left, size_t &used);

}  // namespace suite
