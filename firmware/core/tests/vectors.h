// Shared test vectors, read with the JSON reader under test. The folder is given by SUITE_VECTORS.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "json.h"

// Parse a file of the vectors folder; it stays in memory. Ends the program if this fails.
suite::JsonValue load_vectors(const char *name);

// Decode hexadecimal text and return the number of bytes.
size_t from_hex(const suite::JsonValue &value, uint8_t *bytes, size_t capacity);

double number_of(const suite::JsonValue &value);
