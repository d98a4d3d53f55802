#include "cpu/jit/code_cache.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ilse::cpu::jit {

CodeCache::CodeCache(size_t bytes) : size_((bytes + 4095) & ~size_t{4095}), often_(size_ / 8 * 5) {
  auto refused = [this](const char* by) { refusal_ = std::string(by) + ": " + std::strerror(errno); };
  int fd = memfd_create("ilse-code", MFD_CLOEXEC);
  if (fd < 0) {
    refused("memfd_create");
    return;
  }
  void* write = MAP_FAILED;
  void* run = MAP_FAILED;
  if (ftruncate(fd, static_cast<off_t>(size_)) == 0)
    write = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (write != MAP_FAILED) run = mmap(nullptr, size_, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  if (run == MAP_FAILED) refused("mmap");
  close(fd);
  if (write != MAP_FAILED && run != MAP_FAILED) {
    write_ = static_cast<uint8_t*>(write);
    run_ = static_cast<uint8_t*>(run);
    return;
  }
  if (write != MAP_FAILED) munmap(write, size_);
}

void CodeCache::take(size_t bytes, size_t seldom) {
  used_ = (used_ + bytes + 15) & ~size_t{15};
  used_seldom_ += seldom;
  // Little of it is written again, and the host counts a page once for each view that has it.
  constexpr size_t kMuch = size_t{1} << 20;
  written_ += bytes + seldom;
  if (written_ < kMuch) return;
  madvise(write_, size_, MADV_DONTNEED);
  written_ = 0;
}

CodeCache::~CodeCache() {
  if (!ok()) return;
  munmap(write_, size_);
  munmap(run_, size_);
}

}  // namespace ilse::cpu::jit
