#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

namespace suite {

namespace {

constexpr size_t MAX_NUMBER = 40;  // characters; longer numbers are refused

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int32_t hex4(const char *text) {
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

// Length of the UTF-8 character at a place, 0 if it is invalid.
size_t utf8_length(const char *text, size_t left) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  size_t length = 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (!length || length > left) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (first == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
  if (first == 0xED && byte(1) > 0x9F) return 0;  // surrogate
  if (first == 0xF0 && byte(1) < 0x90) return 0;  // overlong
  if (first == 0xF4 && byte(1) > 0x8F) return 0;  // above U+10FFFF
  return length;
}

size_t put_utf8(uint32_t point, char (&out)[4]) {
  if (point < 0x80) {
    out[0] = static_cast<char>(point);
    return 1;
  }
  if (point < 0x800) {
    out[0] = static_cast<char>(0xC0 | point >> 6);
    out[1] = static_cast<char>(0x80 | (point & 0x3F));
    return 2;
  }
  if (point < 0x10000) {
    out[0] = static_cast<char>(0xE0 | point >> 12);
    out[1] = static_cast<char>(0x80 | (point >> 6 & 0x3F));
    out[2] = static_cast<char>(0x80 | (point & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | point >> 18);
  out[1] = static_cast<char>(0x80 | (point >> 12 & 0x3F));
  out[2] = static_cast<char>(0x80 | (point >> 6 & 0x3F));
  out[3] = static_cast<char>(0x80 | (point & 0x3F));
  return 4;
}

// Decode the escape sequence after a backslash; 0 if it is invalid. The syntax was checked before.
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

}  // namespace

// ---------------------------------------------------------------- reading

JsonError JsonDocument::parse(const char *text, size_t length) {
  text_ = text;
  count_ = 0;
  place_ = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  while (length > place_ && text[length - 1] == '\0') length--;
  length_ = length;
  JsonError error = length > UINT32_MAX ? JsonError::TooLarge : value(0);
  skip_space();
  if (error == JsonError::None && place_ != length_) error = JsonError::Syntax;
  if (error != JsonError::None) count_ = 0;
  return error;
}

void JsonDocument::skip_space() {
  while (place_ < length_ && strchr(" \t\r\n", text_[place_]) && text_[place_]) place_++;
}

JsonError JsonDocument::add(JsonType type, uint16_t &token) {
  if (count_ == capacity_) return JsonError::TooLarge;
  token = count_++;
  tokens_[token] = {static_cast<uint32_t>(place_), static_cast<uint32_t>(place_), count_, 0, type};
  return JsonError::None;
}

JsonError JsonDocument::value(uint8_t depth) {
  skip_space();
  if (place_ == length_) return JsonError::Syntax;
  switch (text_[place_]) {
    case '{': return container(depth, true);
    case '[': return container(depth, false);
    case '"': return string();
    case 't': return word("true", JsonType::True);
    case 'f': return word("false", JsonType::False);
    case 'n': return word("null", JsonType::Null);
    default: return number();
  }
}

JsonError JsonDocument::container(uint8_t depth, bool is_object) {
  if (depth == JSON_MAX_DEPTH) return JsonError::TooDeep;
  const char end = is_object ? '}' : ']';
  uint16_t token = 0;
  JsonError error = add(is_object ? JsonType::Object : JsonType::Array, token);
  if (error != JsonError::None) return error;
  place_++;
  skip_space();
  const bool is_empty = place_ < length_ && text_[place_] == end;
  while (!is_empty) {
    if (is_object) {
      skip_space();
      if (place_ == length_ || text_[place_] != '"') return JsonError::Syntax;
      if ((error = string()) != JsonError::None) return error;
      skip_space();
      if (place_ == length_ || text_[place_++] != ':') return JsonError::Syntax;
    }
    if ((error = value(static_cast<uint8_t>(depth + 1))) != JsonError::None) return error;
    tokens_[token].count++;
    skip_space();
    if (place_ == length_) return JsonError::Syntax;
    if (text_[place_] == end) break;
    if (text_[place_++] != ',') return JsonError::Syntax;
  }
  place_++;
  tokens_[token].end = static_cast<uint32_t>(place_);
  tokens_[token].next = count_;
  return JsonError::None;
}

JsonError JsonDocument::string() {
  place_++;
  uint16_t token = 0;
  const JsonError error = add(JsonType::String, token);
  if (error != JsonError::None) return error;
  while (place_ < length_) {
    const char c = text_[place_];
    if (c == '"') {
      tokens_[token].end = static_cast<uint32_t>(place_++);
      return JsonError::None;
    }
    if (static_cast<uint8_t>(c) < 0x20) return JsonError::Syntax;
    if (c == '\\') {
      if (++place_ == length_) return JsonError::Syntax;
      const char escape = text_[place_];
      if (escape == 'u') {
        if (length_ - place_ < 5 || hex4(text_ + place_ + 1) < 0) return JsonError::Syntax;
        place_ += 4;
      } else if (!escape || !strchr("\"\\/bfnrt", escape)) {
        return JsonError::Syntax;
      }
      place_++;
      continue;
    }
    const size_t length = utf8_length(text_ + place_, length_ - place_);
    if (!length) return JsonError::Syntax;
    place_ += length;
  }
  return JsonError::Syntax;
}

bool JsonDocument::digits() {
  const size_t start = place_;
  while (place_ < length_ && is_digit(text_[place_])) place_++;
  return place_ != start;
}

JsonError JsonDocument::number() {
  uint16_t token = 0;
  const JsonError error = add(JsonType::Number, token);
  if (error != JsonError::None) return error;
  const auto is_at = [this](const char *characters) {
    return place_ < length_ && text_[place_] && strchr(characters, text_[place_]);
  };
  if (is_at("-")) place_++;
  if (is_at("0")) {
    place_++;
  } else if (!digits()) {
    return JsonError::Syntax;
  }
  if (is_at(".")) {
    place_++;
    if (!digits()) return JsonError::Syntax;
  }
  if (is_at("eE")) {
    place_++;
    if (is_at("+-")) place_++;
    if (!digits()) return JsonError::Syntax;
  }
  tokens_[token].end = static_cast<uint32_t>(place_);
  return JsonError::None;
}

JsonError JsonDocument::word(const char *text, JsonType type) {
  uint16_t token = 0;
  const size_t length = strlen(text);
  if (length_ - place_ < length || memcmp(text_ + place_, text, length) != 0) return JsonError::Syntax;
  const JsonError error = add(type, token);
  if (error != JsonError::None) return error;
  place_ += length;
  tokens_[token].end = static_cast<uint32_t>(place_);
  return JsonError::None;
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

// ---------------------------------------------------------------- writing

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
