// Where the characters of a serial port or the debug console go: nowhere, or into a file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "devices/core/char_sink.h"
#include "memory/result.h"

namespace ilse::ui {

class NullChar final : public dev::CharSink {
 public:
  void put(uint8_t) override {}
};

// Written at each line's end and when `kBuffer` bytes have gathered. A disk that fills up does not stop the
// machine: what cannot be written is dropped and failed() says so.
class FileChar final : public dev::CharSink {
 public:
  // Truncates the file. Fails with "PATH: cause".
  static mem::Result<std::unique_ptr<FileChar>> open(const std::string& path);
  ~FileChar() override;

  void put(uint8_t byte) override;
  void flush();
  bool failed() const { return failed_; }

 private:
  static constexpr size_t kBuffer = 4096;
  explicit FileChar(int fd) : fd_(fd) {}

  int fd_;
  bool failed_ = false;
  std::string pending_;
};

}  // namespace ilse::ui
