// The machine's RAM chips: one block of host memory, taken lazily, and for each page a map of the parts
// that hold translated code, so that stores and DMA into code are noticed (DESIGN.md §2).
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "memory/result.h"
#include "memory/types.h"

namespace ilse::mem {

// Told when something other than the owner of the code wrote to bytes that hold code.
class CodeListener {
 public:
  virtual ~CodeListener() = default;
  // Bytes [offset, offset + size) of RAM page `page` were written; at least one chunk of them holds code.
  virtual void code_written(uint32_t page, unsigned offset, unsigned size) = 0;
};

class Ram {
 public:
  static constexpr unsigned kChunkBits = 7;  // 128 bytes, 32 chunks a page

  // `size` in bytes, a multiple of the page size. Fails when the host cannot reserve it.
  static Result<Ram> create(uint64_t size);
  Ram(Ram&& other) noexcept;
  Ram& operator=(Ram&&) = delete;
  ~Ram();

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  uint64_t size() const { return size_; }

  // Chunks of the page that hold code. A page with any is to be written through written() only.
  uint32_t code_chunks(uint32_t page) const { return code_[page]; }
  void add_code(uint32_t page, uint32_t chunks) { code_[page] |= chunks; }
  void set_code(uint32_t page, uint32_t chunks) { code_[page] = chunks; }
  void set_listener(CodeListener* listener) { listener_ = listener; }

  // Every writer that does not check code_chunks() itself (DMA, loaders, debuggers) calls this after
  // writing `size` bytes at `offset`.
  void written(uint64_t offset, uint64_t size);

  // Chunk mask of bytes [offset, offset + size) of one page.
  static uint32_t chunk_mask(unsigned offset, unsigned size) {
    unsigned first = offset >> kChunkBits, last = (offset + size - 1) >> kChunkBits;
    return (last >= 31 ? ~0u : (2u << last) - 1) & ~((1u << first) - 1);
  }

  // Pages that are not all zero, for snapshots and hashes: calls f(page, bytes) in order.
  template <class F>
  void for_each_touched(F f) const;
  // Gives every page back to the host; it reads as zero from then on.
  void clear();

 private:
  Ram(uint8_t* data, uint64_t size);

  uint8_t* data_;
  uint64_t size_;
  std::vector<uint32_t> code_;
  CodeListener* listener_ = nullptr;
};

template <class F>
void Ram::for_each_touched(F f) const {
  for (uint64_t page = 0; page < size_ / kPageSize; ++page) {
    std::span<const uint8_t> bytes(data_ + page * kPageSize, kPageSize);
    // An untouched page is the host's shared page of zeros: looking at it takes no memory.
    if (bytes[0] != 0 || std::memcmp(bytes.data(), bytes.data() + 1, kPageSize - 1) != 0) f(page, bytes);
  }
}

}  // namespace ilse::mem
