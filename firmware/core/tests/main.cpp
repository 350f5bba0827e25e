// The implementation of doctest, which is the largest part of the program: compiled once and without sanitizers.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "check.h"

// Run by name only: that a failing check fails the program.
TEST_CASE("two is not one" * doctest::skip()) {
  int number = 2;
  CHECK(number == 1);
}
