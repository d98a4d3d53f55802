// Cases and results as bytes in the memory that a runner shares with its child process: the fixed part,
// then the memory runs, each as address, size, bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "oracle/native_case.h"

namespace ilse::oracle {

class WireWriter {
 public:
  explicit WireWriter(std::span<std::uint8_t> out) : out_(out) {}
  void bytes(const void* data, std::size_t size) {
    full_ = full_ || size > out_.size() - used_;
    if (full_ || size == 0) return;
    std::memcpy(out_.data() + used_, data, size);
    used_ += size;
  }
  template <class T>
  void value(const T& v) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes(&v, sizeof v);
  }
  void run(std::uint64_t address, std::span<const std::uint8_t> data) {
    value(address);
    value(data.size());
    bytes(data.data(), data.size());
  }
  void runs(const std::vector<MemoryRun>& list) {
    value(list.size());
    for (const MemoryRun& r : list) run(r.address, r.bytes);
  }
  std::size_t used() const { return used_; }
  bool full() const { return full_; }  // something did not fit: what was written is incomplete

 private:
  std::span<std::uint8_t> out_;
  std::size_t used_ = 0;
  bool full_ = false;
};

// Reading past the end gives zeroes and empty runs: a dying child may have written anything.
class WireReader {
 public:
  explicit WireReader(std::span<const std::uint8_t> in) : in_(in) {}
  template <class T>
  void value(T& v) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto data = bytes(sizeof v);
    if (data.size() == sizeof v) std::memcpy(&v, data.data(), sizeof v);
  }
  std::span<const std::uint8_t> bytes(std::size_t size) {
    if (size > in_.size()) {
      in_ = {};
      return {};
    }
    const auto data = in_.first(size);
    in_ = in_.subspan(size);
    return data;
  }
  // Calls f(address, bytes) for each memory run.
  template <class F>
  void runs(F&& f) {
    std::size_t count = 0;
    value(count);
    while (count-- > 0 && !in_.empty()) {
      std::uint64_t address = 0;
      std::size_t size = 0;
      value(address);
      value(size);
      f(address, bytes(size));
    }
  }

 private:
  std::span<const std::uint8_t> in_;
};

}  // namespace ilse::oracle
