// Declarations for compiling the tests of the core without a C library.
#pragma once
#include <stddef.h>
struct FILE;
extern "C" {
FILE *fopen(const char *, const char *);
size_t fread(void *, size_t, size_t, FILE *);
int fclose(FILE *);
int printf(const char *, ...);
int snprintf(char *, size_t, const char *, ...);
}
