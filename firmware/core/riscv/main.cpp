// Runs every test of the core and prints the result as doctest does.
#include <stdio.h>
#include <string.h>

#include "bare_check.h"

namespace {

BareTest *first = nullptr;
BareTest **last = &first;
unsigned failures = 0;

}  // namespace

BareTest::BareTest(const char *test_name, void (*function)()) : name(test_name), run(function) {
  *last = this;
  last = &next;
}

void bare_fail(const char *file, int line, const char *text) {
  failures++;
  printf("%s:%d: CHECK( %s ) is NOT correct!\n", file, line, text);
}

static void two_is_not_one() { CHECK(sizeof(void *) == 1); }

int main(int argc, char **argv) {
  unsigned run = 0, failed = 0;
  if (argc > 1 && !strcmp(argv[1], "two is not one")) two_is_not_one();  // that a failing check fails the program
  for (BareTest *test = first; test; test = test->next) {
    const unsigned before = failures;
    test->run();
    run++;
    if (failures != before) {
      failed++;
      printf("failed: %s\n", test->name);
    }
  }
  printf("test cases: %u | %u passed | %u failed\n", run, run - failed, failed);
  return failures ? 1 : 0;
}
