// The test framework: doctest without exceptions and with fast assertions. Its implementation is in main.cpp.
// A program without a C++ library (riscv/) brings its own macros.
#pragma once

#ifdef SUITE_BARE
#include "bare_check.h"
#else
#define DOCTEST_CONFIG_SUPER_FAST_ASSERTS
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS  // the sanitizers report them
#include <doctest/doctest.h>
#endif
#include <initializer_list>
