// The physical address space: which bytes are RAM, ROM or a device, as the chipset has it programmed at
// the moment. Overlapping layers are flattened; the processor's TLB caches what lookup() says and is told
// when the layout changes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "memory/bus.h"
#include "memory/dirty_pages.h"
#include "memory/event_log.h"
#include "memory/ram.h"
#include "memory/types.h"

namespace ilse::mem {

// One piece of the address space. For memory `host` is its first byte; a write to a region that is not
// writable is swallowed. `ram_offset` is the offset in Ram, for the code map. DeviceRam is memory on a card
// (a frame buffer): as fast as RAM, `dirty` is told what is written, at `ram_offset`; code in it is not kept.
struct Region {
  enum class Kind : uint8_t { None, Ram, Rom, Mmio, DeviceRam };
  uint64_t base = 0;
  uint64_t size = 0;
  Kind kind = Kind::None;
  bool writable = true;
  uint8_t* host = nullptr;
  uint64_t ram_offset = 0;
  MmioDevice* device = nullptr;
  uint64_t device_offset = 0;
  DirtyPages* dirty = nullptr;

  uint64_t end() const { return base + size; }
};

class PhysMap {
 public:
  PhysMap(Ram& ram, EventLog& log);

  // A layer is one region with a priority: where layers overlap, the higher one is seen; of equal ones the
  // later-added. Reads and writes can go to different layers (PAM), so each layer says which it takes.
  struct Layer {
    Region region;
    int priority = 0;
    bool reads = true;
    bool writes = true;
    bool enabled = true;
  };
  static Region ram_region(uint64_t base, uint64_t size, Ram& ram, uint64_t ram_offset);
  static Region rom_region(uint64_t base, uint64_t size, const uint8_t* host);
  // The whole of `ram`, which is not the map's own.
  static Region device_ram_region(uint64_t base, Ram& ram, DirtyPages& dirty);
  static Region mmio_region(uint64_t base, uint64_t size, MmioDevice& device, uint64_t device_offset = 0);

  // Returns a handle. Call commit() after a batch of changes.
  int add(const Layer& layer);
  Layer& layer(int handle) { return layers_[static_cast<size_t>(handle)]; }
  // Recomputes the flat view; calls on_change if it differs.
  void commit();
  void on_change(std::function<void()> f) { on_change_ = std::move(f); }

  // The region that answers a read/write of the byte at `a`: never null; Kind::None where nothing does (then
  // base and size tell how far the hole extends).
  const Region& for_read(PhysAddr a) const { return lookup(reads_, a.v, last_read_); }
  const Region& for_write(PhysAddr a) const { return lookup(writes_, a.v, last_write_); }

  // Accesses of the processor's slow path: width 1, 2, 4, 8; may cross regions; open bus reads all ones.
  uint64_t read(PhysAddr a, unsigned width, VTime now);
  void write(PhysAddr a, unsigned width, uint64_t value, VTime now);
  // With no side effect on devices.
  uint64_t peek(PhysAddr a, unsigned width, VTime now) const;

  // Block transfers of bus masters (DMA), loaders and debuggers; RAM and ROM at memory speed, devices a byte
  // at a time.
  void dma_read(PhysAddr a, std::span<uint8_t> to, VTime now);
  void dma_write(PhysAddr a, std::span<const uint8_t> from, VTime now);
  void peek_bytes(PhysAddr a, std::span<uint8_t> to, VTime now) const;

  Ram& ram() { return ram_; }

 private:
  void written(const Region& r, uint64_t inside, uint64_t n);
  static const Region& lookup(const std::vector<Region>& view, uint64_t a, size_t& last);
  std::vector<Region> flatten(bool writes) const;
  template <class F>
  void pieces(const std::vector<Region>& view, size_t& last, uint64_t a, uint64_t n, F f) const;

  Ram& ram_;
  EventLog& log_;
  std::vector<Layer> layers_;
  std::vector<Region> reads_, writes_;  // sorted, gapless over the whole 64-bit space
  mutable size_t last_read_ = 0, last_write_ = 0;
  std::function<void()> on_change_;
};

}  // namespace ilse::mem
