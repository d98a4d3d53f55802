// The software TLB: for each View (user, supervisor, supervisor with AC) a direct-mapped table from linear
// page to host pointer. A tag is the page's linear address with the address-space number in its low bits, so
// that a change of PCID needs no flush (Intel SDM vol. 3A, §4.10). The supervisor's tags have none: its pages
// are global as a rule, and stay; those that are not are dropped one by one.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace ilse::cpu {

struct TlbEntry {
  uint64_t read_tag = ~0ull;
  uint64_t write_tag = ~0ull;
  uint64_t addend = 0;  // host address = linear address + addend
  uint64_t phys = 0;    // physical page address
};

// In a tag: the translation holds but the access has to take the slow path (device, code page, watchpoint).
inline constexpr uint64_t kTagSlow = 0x800;
inline constexpr uint64_t kTagAsid = 0x7FF;
inline constexpr uint64_t kPageMask = ~0xFFFull;

class Tlb {
 public:
  static constexpr unsigned kBits = 10;
  static constexpr size_t kEntries = 1u << kBits;

  TlbEntry& at(uint64_t lin) { return entries_[lin >> 12 & (kEntries - 1)]; }
  TlbEntry& to_fill(uint64_t lin) {
    empty_ = false;
    return at(lin);
  }
  void flush() {
    if (!empty_) entries_.fill({});
    empty_ = true;
    locals_ = 0;
  }
  void flush_page(uint64_t lin) { at(lin) = {}; }
  // All pages whose addresses differ from `lin` in the low `bits` only.
  void flush_around(uint64_t lin, unsigned bits) {
    for (TlbEntry& e : entries_) {
      if (((e.read_tag ^ lin) >> bits) == 0) e = {};
    }
  }
  // The translation of `lin` is not global, and its tag does not say whose it is.
  void note_local(uint64_t lin) {
    if (locals_ < local_.size()) local_[locals_] = lin;
    ++locals_;
  }
  void flush_locals() {
    if (locals_ > local_.size()) {
      flush();
      return;
    }
    for (size_t k = 0; k < locals_; ++k) at(local_[k]) = {};
    locals_ = 0;
  }
  // Stores to this physical page take the slow path from now on: it has come to hold code.
  void slow_writes(uint64_t phys_page) {
    if (empty_) return;
    for (TlbEntry& e : entries_) {
      if (e.phys == phys_page && e.write_tag != ~0ull) e.write_tag |= kTagSlow;
    }
  }
  // The same for pages of this host memory, wherever the guest sees them: somebody watches for changes.
  void slow_writes_to(std::span<const uint8_t> memory) {
    if (empty_) return;
    const auto first = reinterpret_cast<uint64_t>(memory.data());
    for (TlbEntry& e : entries_) {
      const uint64_t host = (e.write_tag & kPageMask) + e.addend;
      if (host - first < memory.size() && e.write_tag != ~0ull) e.write_tag |= kTagSlow;
    }
  }

 private:
  std::array<TlbEntry, kEntries> entries_;
  std::array<uint64_t, 64> local_{};
  size_t locals_ = 0;
  bool empty_ = true;
};

}  // namespace ilse::cpu
