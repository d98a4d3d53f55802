#include "memory/ram.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ilse::mem {

Result<Ram> Ram::create(uint64_t size) {
  void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) {
    return Error{"cannot reserve " + std::to_string(size >> 20) +
                 " MiB of guest memory: " + std::strerror(errno)};
  }
  // Large host pages would make the guest's footprint grow in 2 MiB steps.
  madvise(p, size, MADV_NOHUGEPAGE);
  return Ram(static_cast<uint8_t*>(p), size);
}

Ram::Ram(uint8_t* data, uint64_t size) : data_(data), size_(size), code_(size / kPageSize, 0) {}
Ram::Ram(Ram&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(other.size_),
      code_(std::move(other.code_)),
      listener_(other.listener_) {}
Ram::~Ram() {
  if (data_ != nullptr) munmap(data_, size_);
}

void Ram::written(uint64_t offset, uint64_t size) {
  while (size > 0) {
    auto page = static_cast<uint32_t>(offset / kPageSize);
    unsigned start = offset % kPageSize;
    auto n = static_cast<unsigned>(std::min<uint64_t>(size, kPageSize - start));
    uint32_t chunks = code_[page] & chunk_mask(start, n);
    if (chunks != 0 && listener_ != nullptr) listener_->code_written(page, start, n);
    offset += n;
    size -= n;
  }
}

void Ram::clear() {
  madvise(data_, size_, MADV_DONTNEED);
  written(0, size_);
}

}  // namespace ilse::mem
