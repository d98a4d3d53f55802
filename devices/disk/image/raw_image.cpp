#include "devices/disk/image/raw_image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "devices/disk/image/image_lock.h"

namespace ilse::dev {

namespace {
// One memory comparison tells whether all bytes are equal to the first.
bool all_zero(std::span<const uint8_t> b) {
  return b[0] == 0 && std::memcmp(b.data(), b.data() + 1, b.size() - 1) == 0;
}
}  // namespace

RawImage::RawImage(File file, std::string path, Access access, uint64_t bytes)
    : file_(std::move(file)), path_(std::move(path)), access_(access), bytes_(bytes) {}

mem::Result<std::unique_ptr<RawImage>> RawImage::open(const std::string& path, Access access) {
  auto error = [&](const std::string& why) { return mem::Error{path + ": " + why}; };
  int mode = access == Access::ReadWrite ? O_RDWR : O_RDONLY;
  // Without O_NONBLOCK a named pipe would make the open wait for ever.
  int fd = ::open(path.c_str(), mode | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return error(std::strerror(errno));
  File file(fd);

  struct stat st {};
  if (::fstat(fd, &st) != 0) return error(std::strerror(errno));
  if (S_ISDIR(st.st_mode)) return error("Is a directory");
  if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) return error("neither a regular file nor a block device");
  off_t size = ::lseek(fd, 0, SEEK_END);
  if (size < 0) return error(std::strerror(errno));
  if (size == 0) return error("the image is empty");
  if (size < static_cast<off_t>(kSectorSize))
    return error("the image has only " + std::to_string(size) + " bytes, less than one sector");

  auto locked = lock_image(fd, access == Access::ReadWrite, path);
  if (!locked) return locked.error();
  return std::unique_ptr<RawImage>(new RawImage(std::move(file), path, access, static_cast<uint64_t>(size)));
}

mem::Error RawImage::failure(const char* what, uint64_t lba, int error) const {
  return {path_ + ": " + what + " at sector " + std::to_string(lba) + ": " + std::strerror(error)};
}

mem::Result<void> RawImage::read(uint64_t lba, std::span<uint8_t> to) {
  if (int e = file_.read(lba * kSectorSize, to)) return failure("cannot read", lba, e);
  return {};
}

mem::Result<void> RawImage::write(uint64_t lba, std::span<const uint8_t> from) {
  if (read_only()) return failure("cannot write", lba, EROFS);
  if (int e = file_.write(lba * kSectorSize, from)) return failure("cannot write", lba, e);
  return {};
}

mem::Result<void> RawImage::discard(uint64_t lba, uint64_t count) {
  if (read_only()) return failure("cannot write", lba, EROFS);
  int e = file_.punch_hole(lba * kSectorSize, count * kSectorSize);
  if (e == 0) return {};
  if (e != EOPNOTSUPP) return failure("cannot discard", lba, e);
  // No holes here: zeros must be written, but not over zeros, which might allocate.
  std::array<uint8_t, 64 * 1024> buffer;
  while (count != 0) {
    uint64_t n = std::min<uint64_t>(count, buffer.size() / kSectorSize);
    std::span<uint8_t> part(buffer.data(), n * kSectorSize);
    auto got = read(lba, part);
    if (!got) return got;
    if (!all_zero(part)) {
      std::fill(part.begin(), part.end(), uint8_t{0});
      auto put = write(lba, part);
      if (!put) return put;
    }
    lba += n;
    count -= n;
  }
  return {};
}

mem::Result<void> RawImage::flush() {
  if (read_only()) return {};
  int e = lost_writes_ ? EIO : file_.sync();
  if (e == 0) return {};
  lost_writes_ = true;
  return mem::Error{path_ + ": cannot flush: " + std::strerror(e)};
}

}  // namespace ilse::dev
