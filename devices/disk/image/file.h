// A host file descriptor with whole reads and writes at an offset, for the image formats.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

namespace ilse::dev {

// Functions return 0 or the host's errno.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File();

  int fd() const { return fd_; }
  // Bytes beyond the end of the file read as zero.
  int read(uint64_t offset, std::span<uint8_t> to) const;
  int write(uint64_t offset, std::span<const uint8_t> from) const;
  // The range reads as zero afterwards; the file does not grow. EOPNOTSUPP where the file system has no
  // holes.
  int punch_hole(uint64_t offset, uint64_t length) const;
  int sync() const;

 private:
  int fd_ = -1;
};

}  // namespace ilse::dev
