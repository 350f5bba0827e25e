// Characters of texts: hexadecimal digits, UTF-8, appending within a capacity.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace suite {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Value of a hexadecimal digit, -1 for another character.
int hex_digit(char c);

// Length of the UTF-8 character at a place, 0 if it is invalid.
size_t utf8_length(const char *text, size_t left);

// Encode a character and return its length in bytes.
size_t put_utf8(uint32_t point, char (&out)[4]);

// Append to a terminated text; false, and nothing is appended, if it does not fit.
bool append(char *text, size_t capacity, const char *more);

}  // namespace suite
