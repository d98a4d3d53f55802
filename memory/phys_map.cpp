#include "memory/phys_map.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "memory/bytes.h"

namespace ilse::mem {

namespace {

bool same(const Region& a, const Region& b) {
  return a.base == b.base && a.size == b.size && a.kind == b.kind && a.writable == b.writable &&
         a.host == b.host && a.device == b.device && a.device_offset == b.device_offset && a.dirty == b.dirty;
}
bool same(const std::vector<Region>& a, const std::vector<Region>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](const Region& x, const Region& y) { return same(x, y); });
}

// The part of `r` from `from` up to `to`.
Region slice(const Region& r, uint64_t from, uint64_t to) {
  Region s = r;
  uint64_t skip = from - r.base;
  s.base = from;
  s.size = to - from;
  if (s.host != nullptr) s.host += skip;
  s.ram_offset += skip;
  s.device_offset += skip;
  return s;
}

uint64_t all_ones(unsigned width) { return width == 8 ? ~0ull : (1ull << (8 * width)) - 1; }

}  // namespace

PhysMap::PhysMap(Ram& ram, EventLog& log) : ram_(ram), log_(log) { commit(); }

Region PhysMap::ram_region(uint64_t base, uint64_t size, Ram& ram, uint64_t ram_offset) {
  Region r;
  r.base = base;
  r.size = size;
  r.kind = Region::Kind::Ram;
  r.host = ram.data() + ram_offset;
  r.ram_offset = ram_offset;
  return r;
}
Region PhysMap::rom_region(uint64_t base, uint64_t size, const uint8_t* host) {
  Region r;
  r.base = base;
  r.size = size;
  r.kind = Region::Kind::Rom;
  r.writable = false;
  r.host = const_cast<uint8_t*>(host);
  return r;
}
Region PhysMap::device_ram_region(uint64_t base, Ram& ram, DirtyPages& dirty) {
  Region r = ram_region(base, ram.size(), ram, 0);
  r.kind = Region::Kind::DeviceRam;
  r.dirty = &dirty;
  return r;
}
Region PhysMap::mmio_region(uint64_t base, uint64_t size, MmioDevice& device, uint64_t device_offset) {
  Region r;
  r.base = base;
  r.size = size;
  r.kind = Region::Kind::Mmio;
  r.device = &device;
  r.device_offset = device_offset;
  return r;
}

int PhysMap::add(const Layer& layer) {
  layers_.push_back(layer);
  return static_cast<int>(layers_.size()) - 1;
}

std::vector<Region> PhysMap::flatten(bool writes) const {
  std::vector<const Layer*> active;
  std::vector<uint64_t> cuts{0, UINT64_MAX};
  for (const Layer& l : layers_) {
    if (!l.enabled || l.region.size == 0 || !(writes ? l.writes : l.reads)) continue;
    active.push_back(&l);
    cuts.push_back(l.region.base);
    cuts.push_back(l.region.end());
  }
  std::stable_sort(active.begin(), active.end(),
                   [](const Layer* a, const Layer* b) { return a->priority < b->priority; });
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());

  std::vector<Region> view;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    Region piece;
    piece.base = cuts[i];
    piece.size = cuts[i + 1] - cuts[i];
    for (const Layer* l : active) {
      if (l->region.base <= cuts[i] && cuts[i + 1] <= l->region.end())
        piece = slice(l->region, cuts[i], cuts[i + 1]);
    }
    if (!view.empty()) {
      Region& before = view.back();
      Region grown = before;
      grown.size += piece.size;
      bool joins = before.kind == piece.kind && before.device == piece.device &&
                   before.writable == piece.writable && before.dirty == piece.dirty &&
                   (before.host == nullptr) == (piece.host == nullptr) &&
                   (before.host == nullptr || before.host + before.size == piece.host) &&
                   (before.device == nullptr || before.device_offset + before.size == piece.device_offset);
      if (joins) {
        before = grown;
        continue;
      }
    }
    view.push_back(piece);
  }
  return view;
}

void PhysMap::commit() {
  auto reads = flatten(false), writes = flatten(true);
  if (same(reads, reads_) && same(writes, writes_)) return;
  reads_ = std::move(reads);
  writes_ = std::move(writes);
  last_read_ = last_write_ = 0;
  if (on_change_) on_change_();
}

const Region& PhysMap::lookup(const std::vector<Region>& view, uint64_t a, size_t& last) {
  const Region& guess = view[last];
  if (a - guess.base < guess.size) return guess;
  auto it =
      std::upper_bound(view.begin(), view.end(), a, [](uint64_t x, const Region& r) { return x < r.base; });
  last = static_cast<size_t>(it - view.begin()) - 1;
  return view[last];
}

template <class F>
void PhysMap::pieces(const std::vector<Region>& view, size_t& last, uint64_t a, uint64_t n, F f) const {
  uint64_t done = 0;
  while (done < n) {
    const Region& r = lookup(view, a + done, last);
    uint64_t inside = a + done - r.base;
    uint64_t part = std::min(n - done, std::max<uint64_t>(r.size - inside, 1));
    f(r, inside, done, part);
    done += part;
  }
}

// Bytes of memory were written, `inside` bytes into the region.
void PhysMap::written(const Region& r, uint64_t inside, uint64_t n) {
  if (r.dirty != nullptr) {
    r.dirty->mark(r.ram_offset + inside, n);
  } else {
    ram_.written(r.ram_offset + inside, n);
  }
}

uint64_t PhysMap::read(PhysAddr a, unsigned width, VTime now) {
  const Region& r = for_read(a);
  uint64_t inside = a.v - r.base;
  if (width == 1 || r.size - inside >= width) {  // the space's very last byte is in no region
    if (r.host != nullptr) return load_bytes(r.host + inside, width);
    if (r.device != nullptr)
      return r.device->mmio_read(r.device_offset + inside, width, now) & all_ones(width);
    if (log_.wanted()) {
      char text[64];
      std::snprintf(text, sizeof text, "read of unmapped address %llx", static_cast<unsigned long long>(a.v));
      log_.note("memory", text);
    }
    return all_ones(width);
  }
  uint64_t v = 0;
  for (unsigned i = 0; i < width; ++i) v |= read(a + i, 1, now) << (8 * i);
  return v;
}

void PhysMap::write(PhysAddr a, unsigned width, uint64_t value, VTime now) {
  const Region& r = for_write(a);
  uint64_t inside = a.v - r.base;
  if (width == 1 || r.size - inside >= width) {  // the space's very last byte is in no region
    if (r.host != nullptr && r.writable) {
      store_bytes(r.host + inside, width, value);
      written(r, inside, width);
    } else if (r.device != nullptr) {
      r.device->mmio_write(r.device_offset + inside, width, value & all_ones(width), now);
    } else if (log_.wanted()) {
      char text[64];
      std::snprintf(text, sizeof text, "write to %s address %llx",
                    r.kind == Region::Kind::Rom ? "read-only" : "unmapped",
                    static_cast<unsigned long long>(a.v));
      log_.note("memory", text);
    }
    return;
  }
  for (unsigned i = 0; i < width; ++i) write(a + i, 1, value >> (8 * i) & 0xFF, now);
}

uint64_t PhysMap::peek(PhysAddr a, unsigned width, VTime now) const {
  uint64_t v = 0;
  for (unsigned i = 0; i < width; ++i) {
    const Region& r = for_read(a + i);
    uint64_t inside = a.v + i - r.base, b = 0xFF;
    if (r.host != nullptr) {
      b = r.host[inside];
    } else if (r.device != nullptr) {
      b = r.device->mmio_peek(r.device_offset + inside, 1, now) & 0xFF;
    }
    v |= b << (8 * i);
  }
  return v;
}

void PhysMap::dma_read(PhysAddr a, std::span<uint8_t> to, VTime now) {
  pieces(reads_, last_read_, a.v, to.size(), [&](const Region& r, uint64_t inside, uint64_t at, uint64_t n) {
    if (r.host != nullptr) {
      std::memcpy(to.data() + at, r.host + inside, n);
    } else {
      for (uint64_t i = 0; i < n; ++i) to[at + i] = static_cast<uint8_t>(read(a + (at + i), 1, now));
    }
  });
}

void PhysMap::dma_write(PhysAddr a, std::span<const uint8_t> from, VTime now) {
  pieces(writes_, last_write_, a.v, from.size(),
         [&](const Region& r, uint64_t inside, uint64_t at, uint64_t n) {
           if (r.host != nullptr && r.writable) {
             std::memcpy(r.host + inside, from.data() + at, n);
             written(r, inside, n);
           } else if (r.device != nullptr) {
             for (uint64_t i = 0; i < n; ++i) write(a + (at + i), 1, from[at + i], now);
           }
         });
}

void PhysMap::peek_bytes(PhysAddr a, std::span<uint8_t> to, VTime now) const {
  pieces(reads_, last_read_, a.v, to.size(), [&](const Region& r, uint64_t inside, uint64_t at, uint64_t n) {
    if (r.host != nullptr) {
      std::memcpy(to.data() + at, r.host + inside, n);
    } else {
      for (uint64_t i = 0; i < n; ++i) to[at + i] = static_cast<uint8_t>(peek(a + (at + i), 1, now));
    }
  });
}

}  // namespace ilse::mem
