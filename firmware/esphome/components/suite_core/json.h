// A bounded JSON reader and writer. No heap, no exceptions; nothing is copied while reading.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace suite {

enum class JsonType : uint8_t { None, Null, True, False, Number, String, Array, Object };

constexpr uint8_t JSON_MAX_DEPTH = 16;

struct JsonToken {
  uint32_t start;  // of the text; a string's without its quotes
  uint32_t end;
  uint16_t next;  // token after this value
  uint16_t count;  // members of an object, elements of an array
  JsonType type;
};

class JsonDocument;

// A value in a document; one that does not exist has the type None, and every access to it fails.
class JsonValue {
 public:
  JsonValue() = default;
  JsonValue(const JsonDocument *document, uint16_t token) : document_(document), token_(token) {}

  JsonType type() const;
  bool exists() const { return type() != JsonType::None; }
  bool is_absent() const { return type() == JsonType::None || type() == JsonType::Null; }
  size_t size() const;  // of an array or object

  // Member of an object, the last one of this name; names are compared as they are written.
  JsonValue operator[](const char *name) const;
  // Element of an array, or value of the n-th member of an object.
  JsonValue at(size_t place) const;

  bool get(bool &value) const;
  bool get(double &value) const;  // finite numbers only
  bool get(int32_t &value) const;  // whole numbers in range only
  // Text of a string in UTF-8, always terminated; false if it does not fit or contains NUL or a lone surrogate.
  bool get(char *text, size_t capacity) const;
  bool equals(const char *text) const;
  // The text of an array or object as it was written; null for others.
  const char *text(size_t &length) const;

 private:
  const JsonToken *token() const;
  const JsonDocument *document_ = nullptr;
  uint16_t token_ = 0;
};

enum class JsonError : uint8_t { None, Syntax, TooDeep, TooLarge };

// Parses a text into tokens that the caller provides. The text must outlive the document.
class JsonDocument {
 public:
  JsonDocument(JsonToken *tokens, uint16_t capacity) : tokens_(tokens), capacity_(capacity) {}

  // Parse a whole text. A byte order mark and final NUL characters are skipped.
  JsonError parse(const char *text, size_t length);

  JsonValue root() const { return {this, 0}; }

 private:
  friend class JsonValue;

  JsonError value(uint8_t depth);
  JsonError container(uint8_t depth, bool is_object);
  JsonError string();
  JsonError number();
  JsonError word(const char *text, JsonType type);
  JsonError add(JsonType type, uint16_t &token);
  void skip_space();
  bool digits();

  JsonToken *tokens_;
  uint16_t capacity_;
  uint16_t count_ = 0;
  const char *text_ = nullptr;
  size_t length_ = 0;
  size_t place_ = 0;
};

// Writes JSON into a buffer. After an overflow nothing more is written and ok() is false.
class JsonWriter {
 public:
  JsonWriter(char *buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) {}

  JsonWriter &begin_object() { return open('{'); }
  JsonWriter &end_object() { return close('}'); }
  JsonWriter &begin_array() { return open('['); }
  JsonWriter &end_array() { return close(']'); }
  JsonWriter &name(const char *name);
  JsonWriter &value(const char *text);  // invalid UTF-8 is replaced
  JsonWriter &value(bool value);
  JsonWriter &value(int32_t value);
  JsonWriter &value(double value, uint8_t decimals);  // NaN and infinity become null
  JsonWriter &null();
  // A value that is JSON already.
  JsonWriter &raw(const char *text, size_t length);

  bool ok() const { return ok_ && depth_ == 0; }
  size_t length() const { return length_; }
  // Terminate the text and return its length, 0 after an overflow.
  size_t finish();
  // Terminated text; empty after an overflow.
  const char *text();

 private:
  JsonWriter &open(char bracket);
  JsonWriter &close(char bracket);
  void separate();
  void put(char c);
  void put(const char *text);
  void put_string(const char *text);
  void put_unsigned(uint64_t value);

  char *buffer_;
  size_t capacity_;
  size_t length_ = 0;
  uint8_t depth_ = 0;
  bool needs_comma_ = false;
  bool ok_ = true;
};

}  // namespace suite
