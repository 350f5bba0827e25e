// The test macros of a program without a C++ library.
#pragma once

#include <stddef.h>

struct BareTest {
  const char *name;
  void (*run)();
  BareTest *next = nullptr;
  BareTest(const char *test_name, void (*function)());
};

void bare_fail(const char *file, int line, const char *text);

#define BARE_JOIN_(a, b) a##b
#define BARE_JOIN(a, b) BARE_JOIN_(a, b)
#define BARE_TEST(name, function) \
  static void function(); \
  static BareTest BARE_JOIN(function, _test){name, function}; \
  static void function()
#define TEST_CASE(name) BARE_TEST(name, BARE_JOIN(bare_function_, __LINE__))
#define CHECK(...) \
  do { \
    if (!(__VA_ARGS__)) bare_fail(__FILE__, __LINE__, #__VA_ARGS__); \
  } while (false)
#define FAIL_CHECK(text) bare_fail(__FILE__, __LINE__, text)
