// The test framework: doctest without exceptions and with fast assertions. Its implementation is in main.cpp.
#pragma once

#define DOCTEST_CONFIG_SUPER_FAST_ASSERTS
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS  // the sanitizers report them
#include <doctest/doctest.h>
#include <initializer_list>
