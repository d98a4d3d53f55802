#include "frontend/char/char_backends.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "frontend/terminal/raw_terminal.h"

namespace ilse::ui {

mem::Result<std::unique_ptr<FileChar>> FileChar::open(const std::string& path) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return mem::Error{path + ": " + std::strerror(errno)};
  return std::unique_ptr<FileChar>(new FileChar(fd));
}

FileChar::~FileChar() {
  flush();
  close(fd_);
}

void FileChar::put(uint8_t byte) {
  pending_ += static_cast<char>(byte);
  if (byte == '\n' || pending_.size() >= kBuffer) flush();
}

void FileChar::flush() {
  if (!failed_ && !write_all(fd_, pending_)) failed_ = true;
  pending_.clear();
}

}  // namespace ilse::ui
