// Which pages of a device's memory have been written since its owner last looked: how a display knows what to
// draw again. A processor's first store to a page takes its slow path and marks the page; the ones after it
// go straight to the host's memory, until the owner takes the marks and the processors forget that they may.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "memory/types.h"

namespace ilse::mem {

class DirtyPages {
 public:
  // Of the `memory` itself; its size is a multiple of the page size.
  explicit DirtyPages(std::span<const uint8_t> memory)
      : memory_(memory), marks_((memory.size() / kPageSize + 63) / 64, 0) {}

  // Bytes [offset, offset + size) were written.
  void mark(uint64_t offset, uint64_t size) {
    any_ = true;
    for (uint64_t p = offset / kPageSize; p <= (offset + size - 1) / kPageSize; ++p) {
      marks_[p / 64] |= 1ull << p % 64;
    }
  }
  void mark_all() { mark(0, memory_.size()); }
  bool any() const { return any_; }

  // Calls f(page) for each marked page, in order, and takes the marks off.
  template <class F>
  void take(F f) {
    if (!any_) return;
    any_ = false;
    for (size_t i = 0; i < marks_.size(); ++i) {
      for (uint64_t bits = std::exchange(marks_[i], 0); bits != 0; bits &= bits - 1) {
        f(64 * i + static_cast<unsigned>(__builtin_ctzll(bits)));
      }
    }
    if (on_take_) on_take_(memory_);
  }
  // Told by take(): from now on a first store to any page of the memory has to mark it again.
  void on_take(std::function<void(std::span<const uint8_t> memory)> f) { on_take_ = std::move(f); }

 private:
  std::span<const uint8_t> memory_;
  std::vector<uint64_t> marks_;  // a bit a page
  bool any_ = false;
  std::function<void(std::span<const uint8_t>)> on_take_;
};

}  // namespace ilse::mem
