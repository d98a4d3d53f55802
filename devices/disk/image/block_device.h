// What a drive stores its sectors in: an image file on the host, or something layered over one.
#pragma once

#include <cstdint>
#include <span>

#include "memory/result.h"
#include "memory/state_visitor.h"

namespace ilse::dev {

inline constexpr uint64_t kSectorSize = 512;

// Addresses and counts are in sectors of 512 bytes; buffers are whole sectors and the range lies inside the
// device (drives check what the guest asks for). A failed Result is an error of the host's storage: the drive
// reports it to the guest as a medium error. After a failed write the sectors' content is unknown.
class BlockDevice {
 public:
  virtual ~BlockDevice() = default;

  virtual uint64_t sectors() const = 0;
  virtual bool read_only() const = 0;
  virtual mem::Result<void> read(uint64_t lba, std::span<uint8_t> to) = 0;
  virtual mem::Result<void> write(uint64_t lba, std::span<const uint8_t> from) = 0;
  // Makes the sectors read as zero, giving host storage back where that is cheap (TRIM).
  virtual mem::Result<void> discard(uint64_t lba, uint64_t count) = 0;
  // On return everything written before is on stable storage.
  virtual mem::Result<void> flush() = 0;

  // The part of the content that belongs to the machine's state. A raw image's content lives in its file and
  // is not part of it: a machine that is saved and loaded with the rest of its state runs on an overlay.
  virtual void visit_state(mem::StateVisitor&) {}
};

}  // namespace ilse::dev
