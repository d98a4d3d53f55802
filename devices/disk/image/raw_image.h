// A raw image: a regular file or block device of the host, whose byte n is the disk's byte n.
//
// The last sector of a file whose length is not a multiple of 512 reads as padded with zeros, and writing it
// extends the file (QEMU's rule: boot sectors with a kernel appended are used like this).
#pragma once

#include <memory>
#include <string>

#include "devices/disk/image/block_device.h"
#include "devices/disk/image/file.h"

namespace ilse::dev {

class RawImage : public BlockDevice {
 public:
  enum class Access { ReadOnly, ReadWrite };

  // Fails, with a message that names the file and the cause, when it is missing, not permitted, a directory
  // or another thing that cannot be a disk, shorter than a sector, or in use: one writer excludes everybody
  // else, readers share. QEMU's locks are understood.
  static mem::Result<std::unique_ptr<RawImage>> open(const std::string& path, Access access);

  uint64_t sectors() const override { return (bytes_ + kSectorSize - 1) / kSectorSize; }
  bool read_only() const override { return access_ == Access::ReadOnly; }
  mem::Result<void> read(uint64_t lba, std::span<uint8_t> to) override;
  mem::Result<void> write(uint64_t lba, std::span<const uint8_t> from) override;
  mem::Result<void> discard(uint64_t lba, uint64_t count) override;
  // Once it has failed it fails for ever: the host may have dropped what it could not write, and a later
  // success would promise the guest what is lost.
  mem::Result<void> flush() override;

  const std::string& path() const { return path_; }
  // The file's length when it was opened, which need not be whole sectors.
  uint64_t bytes() const { return bytes_; }

 private:
  RawImage(File file, std::string path, Access access, uint64_t bytes);
  mem::Error failure(const char* what, uint64_t lba, int error) const;

  File file_;
  std::string path_;
  Access access_;
  uint64_t bytes_;
  bool lost_writes_ = false;
};

}  // namespace ilse::dev
