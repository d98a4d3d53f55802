// Runs the classes of bench.h and prints a line for each: NAME SECONDS CHECKSUM UNITS.
// With --port the lines go straight to a 16550 UART, a byte at a time, so that whoever
// listens at the other end can time them without the kernel's buffering in between; with
// --markers a line "> NAME UNITS" comes before each class.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static const BenchClass kClasses[] = {
    {"alu", "integer", 0, unit_alu},
    {"dhrystone", "integer", 0, unit_dhrystone},
    {"sieve", "integer", 0, unit_sieve},
    {"quicksort", "integer", setup_sort, unit_quicksort},
    {"sha256", "integer", setup_sha256, unit_sha256},
    {"aes", "integer", setup_aes, unit_aes},
    {"crc", "integer", setup_crc, unit_crc},
    {"bignum", "integer", 0, unit_bignum},
    {"adc", "integer", 0, unit_adc},
    {"recursion", "integer", 0, unit_recursion},
    {"indirect", "integer", setup_indirect, unit_indirect},
    {"bytecode", "integer", 0, unit_bytecode},
    {"chase", "integer", setup_chase, unit_chase},
    {"divide", "extra", 0, unit_divide},
    {"compress", "extra", setup_compress, unit_compress},
    {"atomic", "extra", 0, unit_atomic},
    {"matrix", "float", setup_matrix, unit_matrix},
    {"sse_scalar", "float", setup_sse, unit_sse_scalar},
    {"packed_float", "float", setup_sse, unit_packed_float},
    {"packed_int", "float", setup_sse, unit_packed_int},
    {"x87", "float", 0, unit_x87},
    {"x87_trig", "float", 0, unit_x87_transcendental},
    {"rep_movs", "block", setup_rep, unit_rep_movs},
    {"rep_stos", "block", setup_rep, unit_rep_stos},
    {"sse_copy", "block", setup_rep, unit_sse_copy},
    {"syscall", "system", 0, unit_syscall},
    {"page_fault", "system", 0, unit_page_fault},
    {"pipe", "system", 0, unit_pipe},
    {"fork_exec", "system", 0, unit_fork_exec},
    {"file", "system", 0, unit_file},
    {"signal", "system", 0, unit_signal},
    {"smc_hot", "smc", setup_code, unit_smc_hot},
    {"smc_jit", "smc", setup_code, unit_smc_jit},
    {"smc_data", "smc", setup_code, unit_smc_data},
};
enum { kClassCount = sizeof kClasses / sizeof kClasses[0] };

static uint16_t uart_port;  // 0: standard output

void fail(const char* what) {
  fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
  _exit(1);
}

void* map_pages(uint64_t bytes, int executable) {
  int protection = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
  void* pages = mmap(0, (size_t)bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) fail("mmap");
  madvise(pages, (size_t)bytes, MADV_NOHUGEPAGE);
  return pages;
}

static void uart_put(char c) {
  enum { kLineStatus = 5, kTransmitterEmpty = 0x40 };
  outb((unsigned char)c, uart_port);
  while (!(inb((uint16_t)(uart_port + kLineStatus)) & kTransmitterEmpty)) continue;
}

static void say(const char* format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char* format, ...) {
  char line[160];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (!uart_port) {
    fputs(line, stdout);
    fflush(stdout);
    return;
  }
  for (const char* c = line; *c; c++) {
    if (*c == '\n') uart_put('\r');
    uart_put(*c);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// False when a unit's checksum differs from the first unit's.
static int run_class(const BenchClass* c, uint64_t units, int markers) {
  if (c->setup) c->setup();
  if (markers) say("> %s %llu\n", c->name, (unsigned long long)units);
  double start = now();
  uint64_t checksum = c->unit();
  int same = 1;
  for (uint64_t i = 1; i < units; i++) same &= c->unit() == checksum;
  double seconds = now() - start;
  if (!same) {
    say("%s checksum changed between units\n", c->name);
    return 0;
  }
  say("%s %.6f %016llx %llu\n", c->name, seconds, (unsigned long long)checksum, (unsigned long long)units);
  return 1;
}

static const BenchClass* find_class(const char* name, size_t length) {
  for (int i = 0; i < kClassCount; i++)
    if (strlen(kClasses[i].name) == length && !memcmp(kClasses[i].name, name, length)) return &kClasses[i];
  fprintf(stderr, "bench: no class %.*s; --list names them\n", (int)length, name);
  exit(2);
}

static int usage(void) {
  fputs("usage: bench [--list] [--scale UNITS] [--markers] [--port 0x3f8] [--dir DIR] [CLASS[=UNITS]...]\n",
        stderr);
  return 2;
}

int main(int argc, char** argv) {
  uint64_t scale = 1;
  int markers = 0;
  int i = 1;
  if (argc == 2 && !strcmp(argv[1], "--child")) return 7;  // what the class fork_exec executes
  for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
    if (!strcmp(argv[i], "--list")) {
      for (int k = 0; k < kClassCount; k++) printf("%s %s\n", kClasses[k].name, kClasses[k].group);
      return 0;
    }
    if (!strcmp(argv[i], "--markers")) {
      markers = 1;
      continue;
    }
    if (i + 1 == argc) return usage();
    const char* option = argv[i++];
    if (!strcmp(option, "--scale")) {
      scale = strtoull(argv[i], 0, 0);
    } else if (!strcmp(option, "--port")) {
      uart_port = (uint16_t)strtoul(argv[i], 0, 0);
      if (iopl(3)) fail("iopl");
    } else if (!strcmp(option, "--dir")) {
      set_file_directory(argv[i]);
    } else {
      return usage();
    }
  }
  int ok = 1;
  if (i == argc)
    for (int k = 0; k < kClassCount; k++) ok &= run_class(&kClasses[k], scale, markers);
  for (; i < argc; i++) {
    const char* equals = strchr(argv[i], '=');
    size_t length = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
    ok &= run_class(find_class(argv[i], length), equals ? strtoull(equals + 1, 0, 0) : scale, markers);
  }
  return !ok;
}
