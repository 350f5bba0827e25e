#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "json_escape.h"
#include "text.h"

namespace suite {

namespace {

constexpr size_t MAX_NUMBER = 40;  // characters; longer numbers are refused

}  // namespace

int32_t hex4(const char *text) {
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

uint32_t unescape(const char *text, size_t left, size_t &used) {
  used = 1;
  switch (text[0]) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': break;
    default: return static_cast<uint8_t>(text[0]);
  }
  used = 5;
  const uint32_t unit = static_cast<uint32_t>(hex4(text + 1));
  if (unit < 0xD800 || unit > 0xDFFF) return unit;
  if (unit > 0xDBFF || left < 11 || text[5] != '\\' || text[6] != 'u') return 0;
  const int32_t low = hex4(text + 7);
  if (low < 0xDC00 || low > 0xDFFF) return 0;
  used = 11;
  return 0x10000 + ((unit - 0xD800) << 10) + (static_cast<uint32_t>(low) - 0xDC00);
}

const JsonToken *JsonValue::token() const {
  return document_ && token_ < document_->count_ ? document_->tokens_ + token_ : nullptr;
}

JsonType JsonValue::type() const { return token() ? token()->type : JsonType::None; }

size_t JsonValue::size() const { return token() ? token()->count : 0; }

JsonValue JsonValue::operator[](const char *name) const {
  JsonValue found;
  if (type() != JsonType::Object) return found;
  const size_t length = strlen(name);
  uint16_t place = static_cast<uint16_t>(token_ + 1);
  for (size_t i = 0; i < size(); i++) {
    const JsonToken &key = document_->tokens_[place];
    const auto value = static_cast<uint16_t>(place + 1);
    if (key.end - key.start == length && memcmp(document_->text_ + key.start, name, length) == 0) {
      found = {document_, value};
    }
    place = document_->tokens_[value].next;
  }
  return found;
}

JsonValue JsonValue::at(size_t place) const {
  const bool is_object = type() == JsonType::Object;
  if ((!is_object && type() != JsonType::Array) || place >= size()) return {};
  uint16_t token = static_cast<uint16_t>(token_ + 1);
  for (size_t i = 0; i < place; i++) {
    if (is_object) token++;
    token = document_->tokens_[token].next;
  }
  return {document_, static_cast<uint16_t>(token + (is_object ? 1 : 0))};
}

bool JsonValue::get(bool &value) const {
  if (type() != JsonType::True && type() != JsonType::False) return false;
  value = type() == JsonType::True;
  return true;
}

bool JsonValue::get(double &value) const {
  if (type() != JsonType::Number) return false;
  const size_t length = token()->end - token()->start;
  char text[MAX_NUMBER + 1];
  if (length > MAX_NUMBER) return false;
  memcpy(text, document_->text_ + token()->start, length);
  text[length] = '\0';
  const double number = strtod(text, nullptr);
  if (!isfinite(number)) return false;
  value = number;
  return true;
}

bool JsonValue::get(int32_t &value) const {
  double number = 0;
  if (!get(number) || number < -2147483648.0 || number > 2147483647.0 || number != floor(number)) return false;
  value = static_cast<int32_t>(number);
  return true;
}

bool JsonValue::get(char *text, size_t capacity) const {
  if (type() != JsonType::String || !capacity) return false;
  const char *from = document_->text_ + token()->start;
  size_t left = token()->end - token()->start;
  size_t length = 0;
  text[0] = '\0';
  while (left) {
    char character[4] = {*from};
    size_t bytes = 1;
    size_t used = 1;
    if (*from == '\\') {
      const uint32_t point = unescape(from + 1, left - 1, used);
      used++;
      if (!point) return false;
      bytes = put_utf8(point, character);
    } else if (*from == '\0') {
      return false;
    }
    if (length + bytes >= capacity) return false;
    memcpy(text + length, character, bytes);
    length += bytes;
    text[length] = '\0';
    from += used;
    left -= used;
  }
  return true;
}

const char *JsonValue::text(size_t &length) const {
  if (type() != JsonType::Array && type() != JsonType::Object) return nullptr;
  length = token()->end - token()->start;
  return document_->text_ + token()->start;
}

bool JsonValue::equals(const char *text) const {
  if (type() != JsonType::String) return false;
  const size_t length = token()->end - token()->start;
  return strlen(text) == length && memcmp(document_->text_ + token()->start, text, length) == 0;
}

}  // namespace suite
