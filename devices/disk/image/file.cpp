#include "devices/disk/image/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ilse::dev {

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

int File::read(uint64_t offset, std::span<uint8_t> to) const {
  while (!to.empty()) {
    ssize_t n = ::pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) {
      std::fill(to.begin(), to.end(), uint8_t{0});
      return 0;
    }
    to = to.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return 0;
}

int File::write(uint64_t offset, std::span<const uint8_t> from) const {
  while (!from.empty()) {
    ssize_t n = ::pwrite(fd_, from.data(), from.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return ENOSPC;
    from = from.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return 0;
}

int File::punch_hole(uint64_t offset, uint64_t length) const {
  int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  while (::fallocate(fd_, mode, static_cast<off_t>(offset), static_cast<off_t>(length)) != 0) {
    if (errno != EINTR) return errno == ENODEV || errno == ENOSYS ? EOPNOTSUPP : errno;
  }
  return 0;
}

int File::sync() const {
  while (::fdatasync(fd_) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace ilse::dev
