#include <math.h>
#include <string.h>

#include "check.h"
#include "json.h"

using namespace suite;

namespace {

constexpr uint16_t TOKENS = 64;
JsonToken tokens[TOKENS];
JsonDocument document(tokens, TOKENS);

JsonError parse(const char *text) { return document.parse(text, strlen(text)); }

}  // namespace

TEST_CASE("a reply is read") {
  CHECK(parse(R"( {"config": {"curve": {"value": 60, "min_external_temp": -8.5}, "iot_enabled": true,
    "force_until": null, "schedule": [{"day": "Mon"}, {"day": "T\u0075e"}]}, "commands": []} )") == JsonError::None);
  const JsonValue config = document.root()["config"];
  double number = 0;
  int32_t whole = 0;
  bool flag = false;
  char text[8];
  CHECK(config["curve"]["value"].get(whole));
  CHECK(whole == 60);
  CHECK(config["curve"]["min_external_temp"].get(number));
  CHECK(number == -8.5);
  CHECK(!config["curve"]["min_external_temp"].get(whole));
  CHECK(config["iot_enabled"].get(flag));
  CHECK(flag);
  CHECK(config["force_until"].type() == JsonType::Null);
  CHECK(config["schedule"].size() == 2);
  CHECK(config["schedule"].at(1)["day"].get(text, sizeof text));
  CHECK(strcmp(text, "Tue") == 0);
  CHECK(config["schedule"].at(0)["day"].equals("Mon"));
  CHECK(document.root()["commands"].type() == JsonType::Array);
  CHECK(document.root()["commands"].size() == 0);
  CHECK(!document.root()["commands"].at(0).exists());
  CHECK(!config["missing"]["deeper"].at(3).exists());
  CHECK(!config["missing"].get(number));
  CHECK(document.root().at(1).type() == JsonType::Array);
}

TEST_CASE("valid texts") {
  for (const char *text : {"0", "-0", "1.5e3", "1E-2", "\"\"", "[]", "{}", " [ 1 , [ ] , { } ] ", "true", "null",
                           "\"\\u00e9\\n\\\"\\\\\\/\"", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\xA5\"", "{\"a\":{\"b\":[]}}",
                           "\xEF\xBB\xBF{}"}) {
    CHECK(parse(text) == JsonError::None);
  }
  CHECK(document.parse("{}\0\0", 4) == JsonError::None);
}

TEST_CASE("invalid texts") {
  for (const char *text :
       {"", " ", "{", "}", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}",
        "{\"a\" 1}", "tru", "nul", "True", "NaN", "Infinity", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", "--1", "\"",
        "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\t\"", "'a'", "1 1", "{} {}", "[]]", "\"\x80\"",
        "\"\xC0\x80\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"", "\"\xF5\x80\x80\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xE2\x82\"",
        "\"\xF0\x80\x80\x80\"", "/* */ 1", "{\"a\":1 \"b\":2}"}) {
    CHECK(parse(text) == JsonError::Syntax);
    CHECK(!document.root().exists());
  }
  CHECK(document.parse("[\0]", 3) == JsonError::Syntax);
}

TEST_CASE("limits") {
  char text[200] = "";
  memset(text, '[', 16);
  memset(text + 16, ']', 16);
  CHECK(document.parse(text, 32) == JsonError::None);
  memset(text, '[', 17);
  memset(text + 17, ']', 17);
  CHECK(document.parse(text, 34) == JsonError::TooDeep);
  strcpy(text, "[");
  for (int i = 0; i < TOKENS; i++) strcat(text, i ? ",1" : "1");
  strcat(text, "]");
  CHECK(parse(text) == JsonError::TooLarge);
  CHECK(!document.root().exists());
  JsonDocument none(nullptr, 0);
  CHECK(none.parse("1", 1) == JsonError::TooLarge);
}

TEST_CASE("the last member of a name counts") {
  CHECK(parse(R"({"a": 1, "b": [9, 9], "a": 2})") == JsonError::None);
  int32_t whole = 0;
  CHECK(document.root()["a"].get(whole));
  CHECK(whole == 2);
}

TEST_CASE("strings that cannot be copied") {
  char text[8];
  CHECK(parse(R"(["1234567", "12345678", "a\u0000b", "\ud83d", "\ud83d\ude00", "\udc00", "\ud83dx", "\ud83d\u0041"])") ==
        JsonError::None);
  const JsonValue root = document.root();
  CHECK(root.at(0).get(text, sizeof text));
  CHECK(strcmp(text, "1234567") == 0);
  CHECK(!root.at(1).get(text, sizeof text));
  CHECK(strlen(text) < sizeof text);
  for (const size_t place : {2u, 3u, 5u, 6u, 7u}) CHECK(!root.at(place).get(text, sizeof text));
  CHECK(root.at(4).get(text, sizeof text));
  CHECK(strcmp(text, "\xF0\x9F\x98\x80") == 0);
  CHECK(!root.at(0).get(text, 0));
  CHECK(!root.at(9).get(text, sizeof text));
}

TEST_CASE("escape sequences are decoded") {
  char text[16];
  CHECK(parse(R"(["\"\\\/\b\f\n\r\t", "\u00e4\u20AC"])") == JsonError::None);
  CHECK(document.root().at(0).get(text, sizeof text));
  CHECK(strcmp(text, "\"\\/\b\f\n\r\t") == 0);
  CHECK(document.root().at(1).get(text, sizeof text));
  CHECK(strcmp(text, "\xC3\xA4\xE2\x82\xAC") == 0);
  const char with_nul[] = {'[', '"', 'a', '\0', '"', ']'};
  CHECK(document.parse(with_nul, sizeof with_nul) == JsonError::Syntax);
}

TEST_CASE("numbers out of range") {
  CHECK(parse("[1e999, 2147483648, -2147483648, 1234567890123456789012345678901234567890.5]") == JsonError::None);
  double number = 7;
  int32_t whole = 7;
  CHECK(!document.root().at(0).get(number));
  CHECK(number == 7);
  CHECK(!document.root().at(1).get(whole));
  CHECK(whole == 7);
  CHECK(document.root().at(2).get(whole));
  CHECK(whole == INT32_MIN);
  CHECK(!document.root().at(3).get(number));
}

TEST_CASE("every cut of a text is refused") {
  const char text[] = R"({"a": [1.5, true, {"b": "\u00e9"}], "c": null})";
  for (size_t length = 0; length + 1 < sizeof text; length++) {
    char copy[sizeof text];  // no terminator after the cut, so that a read beyond it is found
    memcpy(copy, text, length);
    CHECK(document.parse(copy, length) == JsonError::Syntax);
  }
}

TEST_CASE("random changes of a text are read or refused") {
  const char text[] = R"({"a": [1.5, true, {"b": "\u00e9"}], "c": null, "d": "\ud83d\ude00"})";
  uint32_t random = 1;
  for (int i = 0; i < 100000; i++) {
    char copy[sizeof text];
    memcpy(copy, text, sizeof text);
    for (int change = 0; change < 3; change++) {
      random = random * 1664525 + 1013904223;
      copy[(random >> 8) % (sizeof text - 1)] = static_cast<char>(random >> 24);
    }
    if (document.parse(copy, sizeof text - 1) != JsonError::None) continue;
    char out[16];
    double number = 0;
    for (size_t place = 0; place < document.root().size(); place++) {
      const JsonValue value = document.root().at(place);
      value.get(out, sizeof out);
      value.get(number);
      value.at(2)["b"].get(out, sizeof out);
    }
  }
}

TEST_CASE("writing") {
  char buffer[200];
  JsonWriter writer(buffer, sizeof buffer);
  writer.begin_object().name("state").value("on").name("temp_out").value(-8.75, 1).name("errors").begin_array();
  writer.value("a\"\\\n\x01\xC3\xA9\xFF").value(INT32_MIN).value(true).null().end_array();
  writer.name("x").value(NAN, 2).name("y").value(static_cast<double>(INFINITY), 0).name("z").value(0.005, 2);
  writer.name("w").value(-0.001, 2).name("v").begin_object().end_object().name("u").value(41.0, 0).end_object();
  CHECK(writer.ok());
  CHECK(strcmp(writer.text(), "{\"state\":\"on\",\"temp_out\":-8.8,\"errors\":[\"a\\\"\\\\\\u000a\\u0001\xC3\xA9\\ufffd\","
                              "-2147483648,true,null],\"x\":null,\"y\":null,\"z\":0.01,\"w\":0.00,\"v\":{},\"u\":41}") == 0);
  CHECK(document.parse(buffer, writer.length()) == JsonError::None);
}

TEST_CASE("an overflow is detected at every size") {
  for (size_t capacity = 0; capacity < 30; capacity++) {
    char buffer[30];
    JsonWriter writer(buffer, capacity);
    writer.begin_array().value("abc").value(int32_t{12}).value(1.5, 1).end_array();  // ["abc",12,1.5]
    CHECK(writer.ok() == (capacity >= 15));
    CHECK(strcmp(writer.text(), capacity >= 15 ? "[\"abc\",12,1.5]" : "") == 0);
  }
}

TEST_CASE("an unfinished text is not ok") {
  char buffer[30];
  JsonWriter writer(buffer, sizeof buffer);
  writer.begin_array();
  CHECK(!writer.ok());
  writer.end_array();
  CHECK(writer.ok());
  writer.end_array();
  CHECK(!writer.ok());
}
