#include "devices/disk/bus_master.h"

#include <algorithm>

#include "devices/disk/ide_channel.h"

namespace ilse::dev {

uint8_t BusMaster::read(unsigned offset) const {
  switch (offset) {
    case 0: return s_.command;
    case 2: return s_.status;
    case 4:
    case 5:
    case 6:
    case 7: return static_cast<uint8_t>(s_.table >> (8 * (offset - 4)));
    default: return 0;
  }
}

void BusMaster::write(unsigned offset, uint8_t value, mem::VTime now) {
  if (offset == 0) {
    bool start = (value & kStart) != 0 && (s_.command & kStart) == 0;
    bool stop = (value & kStart) == 0;
    s_.command = value & (kStart | kToMemory);
    if (stop) s_.status &= static_cast<uint8_t>(~kActive);
    if (start) {
      s_.status |= kActive;
      s_.next = s_.table;
      s_.remaining = 0;
      s_.last = false;
      channel_.dma_started(now);
    }
  } else if (offset == 2) {
    uint8_t cleared = value & (kError | kInterrupt);
    s_.status = static_cast<uint8_t>((s_.status & ~cleared & ~kDrives) | (value & kDrives));
  } else if (offset >= 4) {
    unsigned shift = 8 * (offset - 4);
    s_.table = ((s_.table & ~(0xFFu << shift)) | static_cast<uint32_t>(value) << shift) & ~3u;
  }
}

void BusMaster::region(mem::VTime now) {
  if (s_.remaining != 0) return;
  std::array<uint8_t, 8> d{};
  map_.dma_read({s_.next}, d, now);
  s_.next += 8;
  auto word = [&d](size_t i) { return static_cast<uint32_t>(d[i] | d[i + 1] << 8); };
  s_.address = (word(0) | word(2) << 16) & ~1u;
  s_.remaining = word(4) & ~1u;
  if (s_.remaining == 0) s_.remaining = 0x10000;
  s_.last = (d[7] & 0x80) != 0;
}

template <class F>
size_t BusMaster::move(size_t size, bool to_memory, mem::VTime now, F f) {
  if (((s_.command & kToMemory) != 0) != to_memory) return 0;
  size_t done = 0;
  while (done < size && active() && enabled_) {
    region(now);
    uint32_t n = static_cast<uint32_t>(std::min<size_t>(size - done, s_.remaining));
    f(mem::PhysAddr{s_.address}, done, n);
    s_.address += n;
    s_.remaining -= n;
    done += n;
    if (s_.remaining == 0 && s_.last) s_.status &= static_cast<uint8_t>(~kActive);
  }
  return done;
}

size_t BusMaster::to_memory(std::span<const uint8_t> from, mem::VTime now) {
  return move(from.size(), true, now,
              [&](mem::PhysAddr a, size_t at, size_t n) { map_.dma_write(a, from.subspan(at, n), now); });
}

size_t BusMaster::from_memory(std::span<uint8_t> to, mem::VTime now) {
  return move(to.size(), false, now,
              [&](mem::PhysAddr a, size_t at, size_t n) { map_.dma_read(a, to.subspan(at, n), now); });
}

}  // namespace ilse::dev
