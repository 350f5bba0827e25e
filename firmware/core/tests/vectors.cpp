#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "vectors.h"

namespace {

constexpr size_t MAX_FILE = 1 << 18;
constexpr uint16_t MAX_TOKENS = 20000;

struct LoadedFile {
  char text[MAX_FILE];
  suite::JsonToken tokens[MAX_TOKENS];
  suite::JsonDocument document{tokens, MAX_TOKENS};
};
LoadedFile files[3];
size_t used = 0;

}  // namespace

suite::JsonValue load_vectors(const char *name) {
  const char *folder = getenv("SUITE_VECTORS");
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder ? folder : "docs/vectors", name);
  LoadedFile &file = files[used++];
  FILE *stream = fopen(path, "rb");
  const size_t length = stream ? fread(file.text, 1, MAX_FILE, stream) : 0;
  if (stream) fclose(stream);
  if (!length || length == MAX_FILE || file.document.parse(file.text, length) != suite::JsonError::None) {
    printf("cannot read %s\n", path);
    exit(2);
  }
  return file.document.root();
}

size_t from_hex(const suite::JsonValue &value, uint8_t *bytes, size_t capacity) {
  char text[512] = "";
  if (!value.get(text, sizeof text)) return 0;
  size_t count = 0;
  for (const char *place = text; place[0] && place[1] && count < capacity; place += 2) {
    const char pair[3] = {place[0], place[1], '\0'};
    bytes[count++] = static_cast<uint8_t>(strtoul(pair, nullptr, 16));
  }
  return count;
}

double number_of(const suite::JsonValue &value) {
  double number = NAN;
  value.get(number);
  return number;
}
