#include <stdio.h>
#include <string.h>

#include "check.h"
#include "command_log.h"

using namespace suite;

namespace {

const char *acks(CommandLog &log) {
  static char buffer[4096];
  JsonWriter writer(buffer, sizeof buffer);
  log.write_acks(writer);
  return writer.text();
}

}  // namespace

TEST_CASE("a command is executed once and answered") {
  CommandLog log;
  CHECK(!log.has_acks());
  CHECK(strcmp(acks(log), "[]") == 0);
  CHECK(log.begin("9f2c"));
  CHECK(!log.has_acks());
  log.complete(true);
  CHECK(!log.begin("9f2c"));
  CHECK(strcmp(acks(log), R"([{"id":"9f2c","ok":true}])") == 0);
  CHECK(log.has_acks());  // until the report was accepted
  CHECK(strcmp(acks(log), R"([{"id":"9f2c","ok":true}])") == 0);
  log.confirm_sent();
  CHECK(!log.has_acks());
}

TEST_CASE("a repeated command is answered again with its result") {
  CommandLog log;
  CHECK(log.begin("a"));
  log.complete(false, "unknown command");
  acks(log);
  log.confirm_sent();
  CHECK(!log.begin("a"));
  CHECK(strcmp(acks(log), R"([{"id":"a","ok":false,"message":"unknown command"}])") == 0);
}

TEST_CASE("an answer that came up while a report was sent is kept") {
  CommandLog log;
  log.begin("a");
  log.complete(true);
  acks(log);
  log.begin("b");
  log.complete(true);
  log.confirm_sent();
  CHECK(strcmp(acks(log), R"([{"id":"b","ok":true}])") == 0);
}

TEST_CASE("invalid ids are not executed") {
  CommandLog log;
  CHECK(!log.begin(""));
  CHECK(!log.begin("123456789012345678901234567890123"));
  log.complete(true);
  CHECK(!log.has_acks());
}

TEST_CASE("a command waits while the log is full of unsent answers") {
  CommandLog log;
  char id[8];
  for (size_t i = 0; i < KEPT_COMMANDS; i++) {
    snprintf(id, sizeof id, "%u", static_cast<unsigned>(i));
    CHECK(log.begin(id));
    log.complete(true);
  }
  CHECK(!log.begin("new"));
  acks(log);
  log.confirm_sent();
  CHECK(log.begin("new"));
  log.complete(true);
  CHECK(!log.begin("1"));  // still known
}

TEST_CASE("a long message is cut") {
  CommandLog log;
  log.begin("a");
  log.complete(false, "123456789012345678901234567890123456789012345678+++");
  CHECK(strstr(acks(log), "\"123456789012345678901234567890123456789012345678\""));
}
