// Copy-on-write over another image (-snapshot): what the guest writes goes to a temporary file that has no
// name and vanishes with the process; the image below is only read.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "devices/disk/image/block_device.h"
#include "devices/disk/image/file.h"

namespace ilse::dev {

class OverlayImage : public BlockDevice {
 public:
  // The temporary file is made in $TMPDIR, by default /var/tmp (not memory on usual hosts). It is sparse.
  static mem::Result<std::unique_ptr<OverlayImage>> create(std::unique_ptr<BlockDevice> below);

  uint64_t sectors() const override { return below_->sectors(); }
  bool read_only() const override { return false; }
  mem::Result<void> read(uint64_t lba, std::span<uint8_t> to) override;
  mem::Result<void> write(uint64_t lba, std::span<const uint8_t> from) override;
  mem::Result<void> discard(uint64_t lba, uint64_t count) override;
  // Nothing outlives the process, so there is nothing to wait for.
  mem::Result<void> flush() override { return {}; }

  // Every written sector with its content: the disk's difference to the image below. A host error on the way
  // is kept for take_state_error().
  void visit_state(mem::StateVisitor& v) override;
  std::optional<mem::Error> take_state_error() { return std::exchange(state_error_, {}); }

 private:
  // Sectors are tracked in clusters of 64, a bit each; a cluster without any is not in the map.
  static constexpr uint64_t kCluster = 64;

  OverlayImage(std::unique_ptr<BlockDevice> below, File file);
  bool written(uint64_t lba) const;
  void mark(uint64_t lba, uint64_t count);

  std::unique_ptr<BlockDevice> below_;
  File file_;  // sector n is at n * 512
  std::map<uint64_t, uint64_t> clusters_;
  std::optional<mem::Error> state_error_;
};

}  // namespace ilse::dev
