// Memory for translated code, mapped twice: written through one view, executed through the other, so that no
// page is ever both. One half is for what is run often and one for what is run seldom, so that the first lies
// close together in the host's caches. Each is filled from its start; both are emptied as a whole.
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
  uint8_t* free_seldom() const { return write_ + often_ + used_seldom_; }
  const uint8_t* end() const { return write_ + size_; }
  // In the part that has less.
  size_t room() const {
    const size_t often = often_ - used_, seldom = size_ - often_ - used_seldom_;
    return often < seldom ? often : seldom;
  }
  size_t used() const { return used_ + used_seldom_; }
  size_t size() const { return size_; }
  void take(size_t bytes, size_t seldom);
  // Gives back everything but the first part's first `bytes`.
  void shrink(size_t bytes) {
    used_ = bytes;
    used_seldom_ = 0;
  }
  // Where code that was written at `at` is run.
  const uint8_t* run_address(const uint8_t* at) const { return run_ + (at - write_); }
  uint8_t* write_address(const uint8_t* run) const { return write_ + (run - run_); }

 private:
  size_t size_ = 0, often_ = 0;  // the whole, and its first part
  size_t used_ = 0, used_seldom_ = 0;
  size_t written_ = 0;  // since the writable view was let go
  uint8_t* write_ = nullptr;
  uint8_t* run_ = nullptr;
  std::string refusal_;
};

}  // namespace ilse::cpu::jit
