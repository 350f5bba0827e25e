#include "json.h"

#include <string.h>

#include "json_escape.h"
#include "text.h"

namespace suite {

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

}  // namespace suite
