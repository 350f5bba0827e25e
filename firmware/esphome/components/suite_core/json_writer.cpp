#include <math.h>
#include <string.h>

#include "json.h"
#include "text.h"

namespace suite {

void JsonWriter::put(char c) {
  if (length_ + 1 >= capacity_) {
    ok_ = false;
    return;
  }
  buffer_[length_++] = c;
}

void JsonWriter::put(const char *text) {
  while (*text) put(*text++);
}

void JsonWriter::put_string(const char *text) {
  static const char HEX[] = "0123456789abcdef";
  size_t left = strlen(text);
  put('"');
  while (left) {
    const size_t length = utf8_length(text, left);
    const auto first = static_cast<uint8_t>(*text);
    if (!length) {
      put("\\ufffd");
    } else if (first == '"' || first == '\\') {
      put('\\');
      put(*text);
    } else if (first < 0x20) {
      put("\\u00");
      put(HEX[first >> 4]);
      put(HEX[first & 0xF]);
    } else {
      for (size_t i = 0; i < length; i++) put(text[i]);
    }
    const size_t used = length ? length : 1;
    text += used;
    left -= used;
  }
  put('"');
}

void JsonWriter::put_unsigned(uint64_t value) {
  char digits[20];
  size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value);
  while (count) put(digits[--count]);
}

void JsonWriter::separate() {
  if (needs_comma_) put(',');
  needs_comma_ = true;
}

JsonWriter &JsonWriter::open(char bracket) {
  separate();
  put(bracket);
  depth_++;
  needs_comma_ = false;
  return *this;
}

JsonWriter &JsonWriter::close(char bracket) {
  put(bracket);
  if (depth_) {
    depth_--;
  } else {
    ok_ = false;
  }
  needs_comma_ = true;
  return *this;
}

JsonWriter &JsonWriter::name(const char *name) {
  separate();
  put_string(name);
  put(':');
  needs_comma_ = false;
  return *this;
}

JsonWriter &JsonWriter::value(const char *text) {
  separate();
  put_string(text);
  return *this;
}

JsonWriter &JsonWriter::value(bool value) {
  separate();
  put(value ? "true" : "false");
  return *this;
}

JsonWriter &JsonWriter::value(int32_t value) {
  separate();
  if (value < 0) put('-');
  put_unsigned(value < 0 ? -static_cast<int64_t>(value) : value);
  return *this;
}

JsonWriter &JsonWriter::value(double value, uint8_t decimals) {
  separate();
  double scale = 1;
  for (uint8_t i = 0; i < decimals && i < 9; i++) scale *= 10;
  const double scaled = floor(fabs(value) * scale + 0.5);
  if (!(scaled < 9e15)) {  // also NaN
    put("null");
    return *this;
  }
  const auto whole = static_cast<uint64_t>(scaled);
  const auto unit = static_cast<uint64_t>(scale);
  if (value < 0 && whole) put('-');
  put_unsigned(whole / unit);
  if (unit > 1) {
    put('.');
    uint64_t fraction = whole % unit;
    for (uint64_t digit = unit / 10; digit; digit /= 10) {
      put(static_cast<char>('0' + fraction / digit));
      fraction %= digit;
    }
  }
  return *this;
}

JsonWriter &JsonWriter::raw(const char *text, size_t length) {
  separate();
  for (size_t i = 0; i < length; i++) put(text[i]);
  needs_comma_ = true;
  return *this;
}

JsonWriter &JsonWriter::null() {
  separate();
  put("null");
  return *this;
}

size_t JsonWriter::finish() {
  text();
  return ok() ? length_ : 0;
}

const char *JsonWriter::text() {
  if (!capacity_) return "";
  buffer_[ok_ ? length_ : 0] = '\0';
  return buffer_;
}

}  // namespace suite
