// Runs inside Linux: makes and unmakes what a busy machine has a lot of, and checks every result.
//   churn ROUNDS   processes that end and that are killed, programs started anew, code that is written, run and
//                  rewritten, mappings, files, pipes, signals; "churn ok" at the end
//   churn child N  what it starts: exits with N
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t seed;

static unsigned any(unsigned below) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (unsigned)(seed >> 32) % below;
}

static void check(int ok, const char* what) {
  if (ok) return;
  printf("churn FAILED: %s\n", what);
  exit(1);
}

static void wait_for(pid_t pid, int wanted, const char* what) {
  int status = 0;
  check(waitpid(pid, &status, 0) == pid && status == wanted, what);
}

static void processes(const char* self) {
  for (int k = 0; k < 20; ++k) {
    const int code = (int)any(100);
    const pid_t plain = fork();
    if (plain == 0) _exit(code);
    const pid_t killed = fork();
    if (killed == 0) {
      for (volatile unsigned n = 0;; ++n) {
      }
    }
    const pid_t program = k % 4 == 0 ? fork() : -2;
    if (program == 0) {
      char number[16];
      snprintf(number, sizeof number, "%d", code);
      execl(self, self, "child", number, (char*)NULL);
      _exit(255);
    }
    check(plain > 0 && killed > 0 && program != -1, "fork");
    usleep(any(3000));
    kill(killed, SIGKILL);
    wait_for(plain, code << 8, "a child's status");
    wait_for(killed, SIGKILL, "a killed child's status");
    if (program > 0) wait_for(program, code << 8, "a program's status");
  }
}

// Functions of `length` additions each; `first` is where they start to count.
static void write_code(uint8_t* at, unsigned count, unsigned length, uint32_t first) {
  for (unsigned f = 0; f < count; ++f) {
    uint8_t* p = at + f * 1024;
    *p++ = 0xB8;  // mov eax, imm32
    memcpy(p, &first, 4);
    p += 4;
    for (unsigned k = 0; k < length; ++k) {
      const uint32_t n = f * k;
      *p++ = 0x05;  // add eax, imm32
      memcpy(p, &n, 4);
      p += 4;
    }
    *p = 0xC3;
  }
}

static void run_code(uint8_t* at, unsigned count, unsigned length, uint32_t first) {
  for (unsigned turn = 0; turn < 40; ++turn) {
    for (unsigned f = 0; f < count; ++f) {
      uint32_t (*function)(void) = (uint32_t(*)(void))(uintptr_t)(at + f * 1024);
      check(function() == first + f * (length * (length - 1) / 2), "written code");
    }
  }
}

static void code(void) {
  enum { kCount = 64 };
  const size_t size = kCount * 1024;
  for (int k = 0; k < 8; ++k) {
    const int apart = k % 2;  // never writable and executable at once
    uint8_t* at = mmap(NULL, size, PROT_READ | PROT_WRITE | (apart ? 0 : PROT_EXEC), MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(at != MAP_FAILED, "mmap of code");
    for (int again = 0; again < 3; ++again) {
      const unsigned length = 1 + any(150);
      const uint32_t first = any(1u << 30);
      if (apart) check(mprotect(at, size, PROT_READ | PROT_WRITE) == 0, "mprotect");
      write_code(at, kCount, length, first);
      if (apart) check(mprotect(at, size, PROT_READ | PROT_EXEC) == 0, "mprotect");
      run_code(at, kCount, length, first);
      if (apart) continue;
      // One constant of a function that has become hot.
      const uint32_t other = first + 1;
      memcpy(at + 1, &other, 4);
      check(((uint32_t(*)(void))(uintptr_t)at)() == other, "rewritten code");
    }
    munmap(at, size);
  }
}

static void mappings(void) {
  for (int k = 0; k < 50; ++k) {
    const size_t pages = 1 + any(500);
    uint8_t* at = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(at != MAP_FAILED, "mmap");
    for (size_t n = 0; n < pages; ++n) at[n * 4096] = (uint8_t)n;
    for (size_t n = 0; n < pages; ++n) check(at[n * 4096] == (uint8_t)n && at[n * 4096 + 1] == 0, "mapped memory");
    munmap(at, pages * 4096);
  }
}

static void files(void) {
  static char data[50000], back[sizeof data];
  for (int k = 0; k < 50; ++k) {
    const size_t size = 1 + any(sizeof data);
    memset(data, k, size);
    const int fd = open("/tmp/churn.new", O_RDWR | O_CREAT | O_TRUNC, 0600);
    check(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0, "write");
    check(rename("/tmp/churn.new", "/tmp/churn.old") == 0, "rename");
    const int again = open("/tmp/churn.old", O_RDONLY);
    check(again >= 0 && read(again, back, size) == (ssize_t)size && memcmp(data, back, size) == 0, "read");
    close(again);
    unlink("/tmp/churn.old");
  }
}

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "child") == 0) return atoi(argv[2]);
  const int rounds = argc > 1 ? atoi(argv[1]) : 1;
  seed = (uint64_t)getpid() * 0x9E3779B97F4A7C15u + 1;
  for (int round = 0; round < rounds; ++round) {
    processes(argv[0]);
    code();
    mappings();
    files();
  }
  puts("churn ok");
  return 0;
}
