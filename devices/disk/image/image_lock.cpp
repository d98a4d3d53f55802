#include "devices/disk/image/image_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace ilse::dev {

namespace {

constexpr off_t kUses = 100, kExcludes = 200;
constexpr off_t kConsistentRead = 0, kWrite = 1, kResize = 3;

struct flock byte_lock(short type, off_t byte) {
  struct flock l {};
  l.l_type = type;
  l.l_whence = SEEK_SET;
  l.l_start = byte;
  l.l_len = 1;
  return l;
}

// 0, or the errno. Held locks are all shared; conflicts are found by asking, so that readers can share.
int hold(int fd, off_t byte) {
  struct flock l = byte_lock(F_RDLCK, byte);
  return ::fcntl(fd, F_OFD_SETLK, &l) == 0 ? 0 : errno;
}
bool held_by_other(int fd, off_t byte) {
  struct flock l = byte_lock(F_WRLCK, byte);
  return ::fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

}  // namespace

mem::Result<void> lock_image(int fd, bool writer, const std::string& path) {
  bool busy = false;
  auto take = [&](off_t byte) {
    int e = hold(fd, byte);
    busy = busy || e == EAGAIN || e == EACCES;
  };
  // First hold, then look: of two that start at once at least one sees the other.
  take(kUses + kConsistentRead);
  take(kExcludes + kWrite);
  take(kExcludes + kResize);
  if (writer) {
    take(kUses + kWrite);
    take(kUses + kResize);
  }
  busy = busy || held_by_other(fd, kUses + kWrite) || held_by_other(fd, kUses + kResize) ||
         held_by_other(fd, kExcludes + kConsistentRead);
  if (busy) return mem::Error{path + ": in use by another program that writes to it"};
  if (writer && (held_by_other(fd, kExcludes + kWrite) || held_by_other(fd, kExcludes + kResize)))
    return mem::Error{path + ": in use by another program"};
  return {};
}

}  // namespace ilse::dev
