// Declarations for compiling the core without a C library, to measure its size.
#pragma once
#include <stddef.h>
extern "C" {
double strtod(const char *, char **);
long strtol(const char *, char **, int);
unsigned long strtoul(const char *, char **, int);
char *getenv(const char *);
[[noreturn]] void exit(int);
}
