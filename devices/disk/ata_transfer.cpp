// The data phases of the ATA disk: PIO in and out by DRQ blocks, DMA, and what they do to the medium.
// ATA/ATAPI-7 volume 2, 9.5 to 9.7.
#include <algorithm>
#include <utility>

#include "devices/disk/ata_disk.h"
#include "devices/disk/ata_timing.h"

namespace ilse::dev {

void AtaDisk::busy_done(VTime now) {
  switch (std::exchange(t_.step, Step::None)) {
    case Step::None:
    case Step::Finish: return complete();
    case Step::Fail: return fail(t_.error);
    case Step::ReadPio: return next_read(false, now);
    case Step::AcceptPio: return next_write_block(false, now);
    case Step::ReadDma: return next_read(true, now);
    case Step::AcceptDma: return next_write_block(true, now);
    case Step::WritePio: return data_written(now);
    case Step::Verify:
      while (t_.remaining != 0) {
        if (!read_medium(std::min<uint32_t>(t_.remaining, kMaxBlock))) return;
      }
      break;
    case Step::Flush:
      if (!flush_or_fail()) return;
      break;
  }
  complete();
}

void AtaDisk::next_read(bool dma, VTime now) {
  if (t_.target == Target::Medium) {
    if (!read_medium(std::min<uint32_t>(t_.remaining, t_.block))) return;
  } else {
    t_.remaining = 0;  // an answer is one block
  }
  if (dma) {
    dma_in(now);
  } else {
    data_in(true);
  }
}

void AtaDisk::next_write_block(bool dma, VTime now) {
  bool first = s_.buffer.empty();
  s_.buffer.assign(std::min<uint32_t>(t_.remaining, t_.block) * kSectorSize, 0);
  if (dma) {
    dma_out(now);
  } else {
    data_out(!first);  // the first block is asked for without an interrupt
  }
}

void AtaDisk::block_done(VTime now) {
  switch (s_.phase) {
    case Phase::DataIn:
      if (t_.remaining == 0) return complete(false);
      t_.step = Step::ReadPio;
      return busy_for(ata::kBlockTime + std::min<uint32_t>(t_.remaining, t_.block) * ata::kSectorTime, now);
    case Phase::DmaIn:
      if (t_.remaining == 0) return complete();
      return next_read(true, now);
    case Phase::DataOut:
      t_.step = Step::WritePio;
      return busy_for(ata::kBlockTime + s_.buffer.size() / kSectorSize * ata::kSectorTime, now);
    case Phase::DmaOut: return data_written(now);
    case Phase::Idle:
    case Phase::Busy:
    case Phase::Reset: return;
  }
}

// The buffer holds a block from the host.
void AtaDisk::data_written(VTime now) {
  bool dma = s_.phase == Phase::DmaOut;
  switch (t_.target) {
    case Target::WriteBuffer:
      std::copy_n(s_.buffer.begin(), std::min(s_.buffer.size(), write_buffer_.size()), write_buffer_.begin());
      return complete();
    case Target::Trim:
      if (trim_medium()) complete();
      return;
    case Target::Answer:
    case Target::Medium: break;
  }
  if (!write_medium()) return;
  if (t_.remaining != 0) return next_write_block(dma, now);
  if ((t_.fua || !settings_.write_cache) && !flush_or_fail()) return;
  complete();
}

bool AtaDisk::read_medium(uint32_t n) {
  s_.buffer.assign(n * kSectorSize, 0);
  if (n != 0 && !image_->read(t_.lba, s_.buffer)) {
    // Find out which sector it is.
    for (uint32_t i = 0; i < n; ++i) {
      auto one = std::span(s_.buffer).subspan(i * kSectorSize, kSectorSize);
      if (image_->read(t_.lba + i, one)) continue;
      set_address(t_.lba + i);
      fail(kAtaUnc);
      return false;
    }
  }
  t_.lba += n;
  t_.remaining -= n;
  set_address(t_.lba - (n != 0 ? 1 : 0));
  return true;
}

bool AtaDisk::write_medium() {
  uint32_t n = std::min(static_cast<uint32_t>(s_.buffer.size() / kSectorSize), t_.remaining);
  auto data = std::span<const uint8_t>(s_.buffer).first(n * kSectorSize);
  if (n != 0 && !image_->write(t_.lba, data)) {
    for (uint32_t i = 0; i < n; ++i) {
      if (image_->write(t_.lba + i, data.subspan(i * kSectorSize, kSectorSize))) continue;
      set_address(t_.lba + i);
      fail(kAtaAbrt);
      return false;
    }
  }
  t_.lba += n;
  t_.remaining -= n;
  set_address(t_.lba - (n != 0 ? 1 : 0));
  return true;
}

// Eight-byte entries: a 48-bit address and a 16-bit count; a count of zero is an unused entry.
bool AtaDisk::trim_medium() {
  uint64_t total = image_->sectors();
  for (size_t at = 0; at + 8 <= s_.buffer.size(); at += 8) {
    uint64_t entry = 0;
    for (size_t i = 8; i-- > 0;) entry = entry << 8 | s_.buffer[at + i];
    uint64_t lba = entry & 0xFFFFFFFFFFFF, count = entry >> 48;
    if (count == 0) continue;
    if (lba >= total || count > total - lba) {
      set_address(std::max(lba, total));
      fail(kAtaIdnf | kAtaAbrt);
      return false;
    }
    if (!image_->discard(lba, count)) {
      set_address(lba);
      fail(kAtaAbrt);
      return false;
    }
  }
  return true;
}

bool AtaDisk::flush_or_fail() {
  if (image_->flush()) return true;
  fail(kAtaAbrt);
  return false;
}

}  // namespace ilse::dev
