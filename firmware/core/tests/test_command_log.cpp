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

TEST(a_command_is_executed_once_and_answered) {
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

TEST(a_repeated_command_is_answered_again_with_its_result) {
  CommandLog log;
  CHECK(log.begin("a"));
  log.complete(false, "unknown command");
  acks(log);
  log.confirm_sent();
  CHECK(!log.begin("a"));
  CHECK(strcmp(acks(log), R"([{"id":"a","ok":false,"message":"unknown command"}])") == 0);
}

TEST(an_answer_that_came_up_while_a_report_was_sent_is_kept) {
  CommandLog log;
  log.begin("a");
  log.complete(true);
  acks(log);
  log.begin("b");
  log.complete(true);
  log.confirm_sent();
  CHECK(strcmp(acks(log), R"([{"id":"b","ok":true}])") == 0);
}

TEST(invalid_ids_are_not_executed) {
  CommandLog log;
  CHECK(!log.begin(""));
  CHECK(!log.begin("123456789012345678901234567890123"));
  log.complete(true);
  CHECK(!log.has_acks());
}

TEST(a_command_waits_while_the_log_is_full_of_unsent_answers) {
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

TEST(a_long_message_is_cut) {
  CommandLog log;
  log.begin("a");
  log.complete(false, "123456789012345678901234567890123456789012345678+++");
  CHECK(strstr(acks(log), "\"123456789012345678901234567890123456789012345678\""));
}
