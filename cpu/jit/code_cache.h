// Memory for translated code, mapped twice: written through one view, executed through the other, so that no
// page is ever both. Filled from the start; emptied as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ilse::cpu::jit {

class CodeCache {
 public:
  // `bytes` is rounded up to whole pages. Check ok(): a host may refuse executable memory, refusal() says
  // how.
  explicit CodeCache(size_t bytes);
  ~CodeCache();
  CodeCache(const CodeCache&) = delete;
  CodeCache& operator=(const CodeCache&) = delete;

  bool ok() const { return write_ != nullptr; }
  const std::string& refusal() const { return refusal_; }
  uint8_t* free() const { return write_ + used_; }
  size_t room() const { return size_ - used_; }
  size_t used() const { return used_; }
  size_t size() const { return size_; }
  void take(size_t bytes) { used_ = (used_ + bytes + 15) & ~size_t{15}; }
  // Gives back everything behind the first `bytes`.
  void shrink(size_t bytes) { used_ = bytes; }
  // Where code that was written at `at` is run.
  const uint8_t* run_address(const uint8_t* at) const { return run_ + (at - write_); }
  uint8_t* write_address(const uint8_t* run) const { return write_ + (run - run_); }

 private:
  size_t size_ = 0, used_ = 0;
  uint8_t* write_ = nullptr;
  uint8_t* run_ = nullptr;
  std::string refusal_;
};

}  // namespace ilse::cpu::jit
