// A small test runner: TEST(name) { CHECK(...); }. Exceptions and heap are not used, as in the code under test.
#pragma once

#include <stdio.h>
#include <string.h>

#include <initializer_list>

namespace check {

struct Case {
  const char *name;
  void (*run)();
  Case *next;
};

inline Case *cases = nullptr;
inline int failures = 0;
inline const char *current = "";

struct Registration {
  Case entry;
  Registration(const char *name, void (*run)()) : entry{name, run, cases} { cases = &entry; }
};

inline void fail(const char *file, int line, const char *text) {
  failures++;
  printf("%s:%d: %s: %s\n", file, line, current, text);
}

inline int run_all(const char *filter) {
  int count = 0;
  for (Case *each = cases; each; each = each->next) {
    if (filter && !strstr(each->name, filter)) continue;
    current = each->name;
    const int before = failures;
    each->run();
    printf("%s %s\n", failures == before ? "ok  " : "FAIL", each->name);
    count++;
  }
  printf("%d tests, %d failed checks\n", count, failures);
  return failures || !count ? 1 : 0;
}

}  // namespace check

#define TEST(name)                                           \
  static void test_##name();                                 \
  static check::Registration registration_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition) \
  do {                   \
    if (!(condition)) check::fail(__FILE__, __LINE__, #condition); \
  } while (false)
