// The kernel's part: system calls, page faults, context switches, processes, files, signals.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const char* directory = "/dev/shm";

void set_file_directory(const char* name) { directory = name; }

uint64_t unit_syscall(void) {
  uint64_t sum = 0;
  for (int i = 0; i < 40000; i++) {
    sum += (uint64_t)(syscall(SYS_getppid) > 0) + 1;
    sum += syscall(SYS_lseek, -1, 0, 0) == -1;
  }
  return sum;
}

uint64_t unit_page_fault(void) {
  enum { kPages = 1024, kPage = 4096 };
  uint64_t sum = 0;
  for (int repeat = 0; repeat < 4; repeat++) {
    uint8_t* pages = map_pages((uint64_t)kPages * kPage, 0);
    for (uint32_t i = 0; i < kPages; i++) {
      sum += pages[i * kPage + i];
      sum += ++pages[i * kPage + i];
    }
    munmap(pages, kPages * kPage);
  }
  return sum;
}

// Both ends on one processor, so that each turn is a context switch and not a wake-up elsewhere.
static void stay_on(int cpu, cpu_set_t* before) {
  cpu_set_t one;
  if (sched_getaffinity(0, sizeof *before, before)) fail("sched_getaffinity");
  while (!CPU_ISSET(cpu, before)) cpu++;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (sched_setaffinity(0, sizeof one, &one)) fail("sched_setaffinity");
}

uint64_t unit_pipe(void) {
  enum { kTurns = 4000 };
  int there[2], back[2];
  uint32_t value = 0;
  cpu_set_t before;
  if (pipe(there) || pipe(back)) fail("pipe");
  stay_on(0, &before);
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    close(there[1]);
    close(back[0]);
    while (read(there[0], &value, sizeof value) == sizeof value) {
      value = value * 3 + 1;
      if (write(back[1], &value, sizeof value) != sizeof value) _exit(1);
    }
    _exit(0);
  }
  close(there[0]);
  close(back[1]);
  for (int i = 0; i < kTurns; i++) {
    if (write(there[1], &value, sizeof value) != sizeof value) fail("write");
    if (read(back[0], &value, sizeof value) != sizeof value) fail("read");
  }
  close(there[1]);
  close(back[0]);
  waitpid(child, 0, 0);
  sched_setaffinity(0, sizeof before, &before);
  return value;
}

uint64_t unit_fork_exec(void) {
  uint64_t sum = 0;
  for (int i = 0; i < 20; i++) {
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
      execl("/proc/self/exe", "bench", "--child", (char*)0);
      _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    sum += (uint64_t)(WIFEXITED(status) ? WEXITSTATUS(status) : 1000);
  }
  return sum;
}

uint64_t unit_file(void) {
  enum { kChunk = 4096, kChunks = 128 };
  static uint8_t buffer[kChunk];
  char name[256], renamed[272];
  uint64_t hash = 0;
  snprintf(name, sizeof name, "%s/bench-%d", directory, (int)getpid());
  snprintf(renamed, sizeof renamed, "%s.renamed", name);
  for (uint32_t repeat = 0; repeat < 12; repeat++) {
    int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) fail(name);
    for (uint32_t i = 0; i < kChunks; i++) {
      for (uint32_t j = 0; j < kChunk; j += 64) buffer[j] = (uint8_t)(i + j + repeat);
      if (write(file, buffer, kChunk) != kChunk) fail("write");
    }
    for (uint32_t i = 0; i < kChunks; i++) {
      if (pread(file, buffer, 512, (off_t)(i * 37 % kChunks * kChunk)) != 512) fail("pread");
      hash = mix(hash, buffer[64]);
    }
    close(file);
    if (rename(name, renamed)) fail("rename");
    struct stat status;
    if (stat(renamed, &status)) fail("stat");
    hash = mix(hash, (uint64_t)status.st_size);
    unlink(renamed);
  }
  return hash;
}

static volatile sig_atomic_t signals;
static void count_signal(int number) { signals = signals + number; }

uint64_t unit_signal(void) {
  struct sigaction action = {.sa_handler = count_signal}, before;
  if (sigaction(SIGUSR1, &action, &before)) fail("sigaction");
  signals = 0;
  for (int i = 0; i < 10000; i++) raise(SIGUSR1);
  sigaction(SIGUSR1, &before, 0);
  return (uint64_t)signals;
}
