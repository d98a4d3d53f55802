#include "cpu/jit/code_cache.h"

#include <sys/mman.h>
#include <unistd.h>

namespace ilse::cpu::jit {

CodeCache::CodeCache(size_t bytes) : size_((bytes + 4095) & ~size_t{4095}), often_(size_ / 8 * 5) {
  int fd = memfd_create("ilse-code", MFD_CLOEXEC);
  if (fd < 0) return;
  void* write = MAP_FAILED;
  void* run = MAP_FAILED;
  if (ftruncate(fd, static_cast<off_t>(size_)) == 0) {
    write = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    run = mmap(nullptr, size_, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  }
  close(fd);
  if (write != MAP_FAILED && run != MAP_FAILED) {
    write_ = static_cast<uint8_t*>(write);
    run_ = static_cast<uint8_t*>(run);
    return;
  }
  if (write != MAP_FAILED) munmap(write, size_);
  if (run != MAP_FAILED) munmap(run, size_);
}

CodeCache::~CodeCache() {
  if (!ok()) return;
  munmap(write_, size_);
  munmap(run_, size_);
}

}  // namespace ilse::cpu::jit
