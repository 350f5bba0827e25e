// Start-up, system calls of Linux (the emulator answers them) and the functions of the C library that the tests use.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv);

namespace {

char **environment = nullptr;

long call(long number, long a, long b = 0, long c = 0, long d = 0) {
  register long a0 asm("a0") = a;
  register long a1 asm("a1") = b;
  register long a2 asm("a2") = c;
  register long a3 asm("a3") = d;
  register long a7 asm("a7") = number;
  asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a7) : "memory");
  return a0;
}

constexpr long OPENAT = 56, CLOSE = 57, READ = 63, WRITE = 64, EXIT = 93, HERE = -100;

// Append to a buffer of fixed size and count what would have been written.
struct Sink {
  char *text;
  size_t capacity;
  size_t length = 0;

  void add(char c) {
    if (length + 1 < capacity) text[length] = c;
    length++;
  }
  void add_number(unsigned long number) {
    char digits[12];
    int count = 0;
    do {
      digits[count++] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number);
    while (count) add(digits[--count]);
  }
};

size_t format_into(char *text, size_t capacity, const char *format, va_list values) {
  Sink sink{text, capacity};
  for (; *format; format++) {
    if (*format != '%') {
      sink.add(*format);
      continue;
    }
    switch (*++format) {
      case 's':
        for (const char *s = va_arg(values, const char *); *s; s++) sink.add(*s);
        break;
      case 'u':
        sink.add_number(va_arg(values, unsigned));
        break;
      case 'd': {
        const int number = va_arg(values, int);
        if (number < 0) sink.add('-');
        sink.add_number(number < 0 ? 0UL - static_cast<unsigned long>(number) : static_cast<unsigned long>(number));
        break;
      }
      default:  // not used by the tests: end, so that it is noticed
        printf("format %%%c is not supported\n", *format);
        exit(3);
    }
  }
  if (capacity) text[sink.length < capacity ? sink.length : capacity - 1] = '\0';
  return sink.length;
}

}  // namespace

extern "C" {

extern void (*__init_array_start[])();
extern void (*__init_array_end[])();

[[noreturn]] void suite_begin(long *stack) {
  const int argc = static_cast<int>(stack[0]);
  char **argv = reinterpret_cast<char **>(stack + 1);
  environment = argv + argc + 1;
  for (auto constructor = __init_array_start; constructor != __init_array_end; constructor++) (*constructor)();
  exit(main(argc, argv));
}

__attribute__((naked, noreturn)) void _start() {
  asm volatile(
      ".option push\n.option norelax\nla gp, __global_pointer$\n.option pop\n"
      "mv a0, sp\nandi sp, sp, -16\ncall suite_begin\n");
}

void exit(int status) {
  call(EXIT, status);
  __builtin_unreachable();
}

char *getenv(const char *name) {
  const size_t length = strlen(name);
  for (char **entry = environment; *entry; entry++) {
    if (!strncmp(*entry, name, length) && (*entry)[length] == '=') return *entry + length + 1;
  }
  return nullptr;
}

FILE *fopen(const char *path, const char *) {
  const long file = call(OPENAT, HERE, reinterpret_cast<long>(path), 0, 0);
  return file < 0 ? nullptr : reinterpret_cast<FILE *>(file + 1);
}

size_t fread(void *data, size_t size, size_t count, FILE *stream) {
  size_t done = 0;
  while (done < size * count) {
    const long read = call(
        READ, reinterpret_cast<long>(stream) - 1, reinterpret_cast<long>(static_cast<char *>(data) + done),
        static_cast<long>(size * count - done));
    if (read <= 0) break;
    done += static_cast<size_t>(read);
  }
  return done / size;
}

int fclose(FILE *stream) { return static_cast<int>(call(CLOSE, reinterpret_cast<long>(stream) - 1)); }

int snprintf(char *text, size_t capacity, const char *format, ...) {
  va_list values;
  va_start(values, format);
  const size_t length = format_into(text, capacity, format, values);
  va_end(values);
  return static_cast<int>(length);
}

int printf(const char *format, ...) {
  static char text[1024];
  va_list values;
  va_start(values, format);
  const size_t length = format_into(text, sizeof text, format, values);
  va_end(values);
  const size_t written = length < sizeof text ? length : sizeof text - 1;
  return static_cast<int>(call(WRITE, 1, reinterpret_cast<long>(text), static_cast<long>(written)));
}

void *memcpy(void *to, const void *from, size_t length) { return memmove(to, from, length); }

void *memmove(void *to, const void *from, size_t length) {
  auto *target = static_cast<uint8_t *>(to);
  auto *source = static_cast<const uint8_t *>(from);
  if (target < source) {
    for (size_t i = 0; i < length; i++) target[i] = source[i];
  } else {
    while (length--) target[length] = source[length];
  }
  return to;
}

void *memset(void *to, int value, size_t length) {
  auto *target = static_cast<uint8_t *>(to);
  for (size_t i = 0; i < length; i++) target[i] = static_cast<uint8_t>(value);
  return to;
}

int memcmp(const void *one, const void *other, size_t length) {
  auto *a = static_cast<const uint8_t *>(one);
  auto *b = static_cast<const uint8_t *>(other);
  for (; length; a++, b++, length--) {
    if (*a != *b) return *a < *b ? -1 : 1;
  }
  return 0;
}

void *memchr(const void *data, int value, size_t length) {
  auto *place = static_cast<const uint8_t *>(data);
  for (; length; place++, length--) {
    if (*place == static_cast<uint8_t>(value)) return const_cast<uint8_t *>(place);
  }
  return nullptr;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

int strcmp(const char *one, const char *other) { return strncmp(one, other, SIZE_MAX); }

int strncmp(const char *one, const char *other, size_t length) {
  for (; length; one++, other++, length--) {
    const auto a = static_cast<uint8_t>(*one), b = static_cast<uint8_t>(*other);
    if (a != b) return a < b ? -1 : 1;
    if (!a) return 0;
  }
  return 0;
}

char *strncpy(char *to, const char *from, size_t length) {
  size_t i = 0;
  for (; i < length && from[i]; i++) to[i] = from[i];
  for (; i < length; i++) to[i] = '\0';
  return to;
}

char *strcpy(char *to, const char *from) { return static_cast<char *>(memcpy(to, from, strlen(from) + 1)); }

char *strcat(char *to, const char *from) {
  strcpy(to + strlen(to), from);
  return to;
}

char *strchr(const char *text, int value) {
  for (;; text++) {
    if (*text == static_cast<char>(value)) return const_cast<char *>(text);
    if (!*text) return nullptr;
  }
}

char *strstr(const char *text, const char *part) {
  const size_t length = strlen(part);
  for (; *text; text++) {
    if (!strncmp(text, part, length)) return const_cast<char *>(text);
  }
  return length ? nullptr : const_cast<char *>(text);
}

unsigned long strtoul(const char *text, char **, int base) {
  unsigned long value = 0;
  for (;; text++) {
    const char c = *text;
    const int letter = (c | 0x20) >= 'a' ? (c | 0x20) - 'a' + 10 : -1;
    const int digit = c >= '0' && c <= '9' ? c - '0' : letter;
    if (digit < 0 || digit >= base) return value;
    value = value * static_cast<unsigned long>(base) + static_cast<unsigned long>(digit);
  }
}

// Exact for up to 15 digits and powers of ten up to 22, which covers what devices and vectors contain.
double strtod(const char *text, char **) {
  const bool is_negative = *text == '-';
  if (*text == '-' || *text == '+') text++;
  uint64_t digits = 0;
  int exponent = 0;
  for (bool after_point = false;; text++) {
    if (*text == '.' && !after_point) {
      after_point = true;
    } else if (*text >= '0' && *text <= '9') {
      if (digits < 100000000000000000ULL) {
        digits = digits * 10 + static_cast<uint64_t>(*text - '0');
        exponent -= after_point;
      } else {
        exponent += !after_point;
      }
    } else {
      break;
    }
  }
  if (*text == 'e' || *text == 'E') {
    const bool is_small = *++text == '-';
    if (*text == '-' || *text == '+') text++;
    int written = 0;
    for (; *text >= '0' && *text <= '9'; text++) written = written < 10000 ? written * 10 + (*text - '0') : written;
    exponent += is_small ? -written : written;
  }
  double value = static_cast<double>(digits);
  while (digits && exponent) {
    const int step = exponent > 22 ? 22 : exponent < -22 ? -22 : exponent;
    double power = 1;  // exact up to 10^22
    for (int i = step < 0 ? -step : step; i; i--) power *= 10;
    value = step < 0 ? value / power : value * power;
    exponent -= step;
  }
  return is_negative ? -value : value;
}

double floor(double value) {
  if (!(value > -4503599627370496.0 && value < 4503599627370496.0)) return value;
  const double whole = static_cast<double>(static_cast<int64_t>(value));
  return whole > value ? whole - 1 : whole;
}

double fabs(double value) { return __builtin_fabs(value); }

float fabsf(float value) { return __builtin_fabsf(value); }

void *__dso_handle = nullptr;
int __cxa_atexit(void (*)(void *), void *, void *) { return 0; }  // nothing is destroyed at the end

}  // extern "C"
