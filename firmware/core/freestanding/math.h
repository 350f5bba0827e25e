// Declarations for compiling the core without a C library, to measure its size.
#pragma once
#define NAN __builtin_nanf("")
#define INFINITY __builtin_inff()
#define isfinite(x) __builtin_isfinite(x)
#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)
extern "C" {
double pow(double, double);
double fabs(double);
float fabsf(float);
double floor(double);
double round(double);
float roundf(float);
float powf(float, float);
double trunc(double);
}
