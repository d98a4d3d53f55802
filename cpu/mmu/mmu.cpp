// Paging and the slow paths of memory access (Intel SDM vol. 3A, chapter 4): page walks for the 32-bit, PAE,
// 4-level and 5-level formats, TLB fills, accesses that cross a page or reach a device, alignment checks.
#include <algorithm>

#include "cpu/cpu.h"
#include "cpu/isa/row.h"
#include "cpu/sem/helpers.h"
#include "memory/bytes.h"

namespace ilse::cpu {

namespace {

enum PteBits : uint64_t {
  kPteP = 1u << 0,
  kPteW = 1u << 1,
  kPteU = 1u << 2,
  kPteA = 1u << 5,
  kPteD = 1u << 6,
  kPtePs = 1u << 7,
  kPteG = 1u << 8,
};
constexpr uint64_t kPteNx = 1ull << 63;

unsigned levels(const ControlRegisters& cr) {
  if ((cr.efer & kEferLma) != 0) return (cr.cr4 & kCr4La57) != 0 ? 5 : 4;
  return (cr.cr4 & kCr4Pae) != 0 ? 3 : 2;
}

// Host memory of an access inside one page that the TLB lets through; null: it takes the slow path.
uint8_t* direct(const TlbEntry& e, uint64_t tag, uint64_t lin, unsigned width, uint64_t asid) {
  return tag == (((lin + width - 1) & kPageMask) | asid) ? reinterpret_cast<uint8_t*>(lin + e.addend)
                                                         : nullptr;
}

}  // namespace

bool Cpu::page_fault(uint64_t lin, Access a, View view, bool present, bool reserved, bool key) {
  cr.cr2 = lin;
  bool nx = (cr.efer & kEferNx) != 0 && (cr.cr4 & kCr4Pae) != 0;
  bool fetch = a == Access::Execute && (nx || (cr.cr4 & kCr4Smep) != 0);
  raise(kPFv, (present ? 1u : 0u) | (a == Access::Write ? 2u : 0u) | (view == View::User ? 4u : 0u) |
                  (reserved ? 8u : 0u) | (fetch ? 16u : 0u) | (key ? 32u : 0u));
  return false;
}

// The formats differ in levels, entry width and reserved bits only.
bool Cpu::translate(uint64_t lin, Access a, View view, uint64_t* phys) {
  const uint64_t a20 = pending.a20 ? ~0ull : ~(1ull << 20);
  if ((cr.cr0 & kCr0Pg) == 0) {
    *phys = lin & 0xFFFFFFFFull & a20;
    leaf_ = {};
    return true;
  }
  bool pae = (cr.cr4 & kCr4Pae) != 0;
  unsigned level = levels(cr);
  const unsigned bits = pae ? 9 : 10, width = pae ? 8 : 4;
  const uint64_t addr_mask = ((1ull << model_.phys_bits) - 1) & kPageMask;
  // Above the address: up to bit 62 in PAE's entries, the upper of these ignored in long mode's.
  const uint64_t beyond = ~((1ull << model_.phys_bits) - 1);
  const uint64_t high_reserved = !pae ? 0 : beyond & ((1ull << (long_mode() ? 52 : 63)) - 1);
  const bool nx_on = pae && (cr.efer & kEferNx) != 0;
  uint64_t table = long_mode() ? cr.cr3 & addr_mask : cr.cr3 & (pae ? 0xFFFFFFE0ull : 0xFFFFF000ull);
  bool writable = true, user_ok = true, no_exec = false;

  // Entries that were read, to set their accessed bits once the walk has succeeded.
  struct Used {
    uint64_t address, value;
  } used[5];
  unsigned depth = 0;
  VTime t = now();

  for (;; --level) {
    unsigned shift = 12 + bits * (level - 1);
    uint64_t index = lin >> shift & ((1u << bits) - 1);
    uint64_t entry;
    if (pae && !long_mode() && level == 3) {
      entry = cr.pdpte[lin >> 30 & 3];
      if ((entry & kPteP) == 0) return page_fault(lin, a, view, false, false);
      table = entry & addr_mask;
      continue;
    }
    uint64_t address = (table + index * width) & a20;
    entry = memory_.read({address}, width, t);
    if ((entry & kPteP) == 0) return page_fault(lin, a, view, false, false);
    bool large = level > 1 && (entry & kPtePs) != 0 && (pae || (cr.cr4 & kCr4Pse) != 0);
    uint64_t reserved = high_reserved;
    if (pae && !nx_on) reserved |= kPteNx;
    if (pae && level >= 4) reserved |= kPtePs;
    if (pae && level == 3 && !model_.has(Feature::Page1g)) reserved |= kPtePs;
    if (large) reserved |= pae ? ((1ull << shift) - 1) & ~0x1FFFull : 1ull << 21;
    if ((entry & reserved) != 0) return page_fault(lin, a, view, true, true);
    writable = writable && (entry & kPteW) != 0;
    user_ok = user_ok && (entry & kPteU) != 0;
    no_exec = no_exec || (nx_on && (entry & kPteNx) != 0);
    used[depth++] = {address, entry};
    if (level > 1 && !large) {
      table = entry & (pae ? addr_mask : 0xFFFFF000ull);
      continue;
    }
    const bool user_view = view == View::User;
    const bool protects = user_view || (cr.cr0 & kCr0Wp) != 0;
    bool stores = writable || !protects;
    bool allowed = (!user_view || user_ok) && (a != Access::Write || stores);
    if (a == Access::Execute) {
      allowed = allowed && !no_exec && !(user_ok && !user_view && (cr.cr4 & kCr4Smep) != 0);
    } else {
      allowed = allowed && !(user_ok && view == View::System && (cr.cr4 & kCr4Smap) != 0);
    }
    // Protection keys (§4.6.2) hold for data in user pages.
    bool key = false;
    if ((cr.cr4 & kCr4Pke) != 0 && long_mode() && user_ok && a != Access::Execute) {
      const uint32_t rights = cr.pkru >> (entry >> 59 & 15) * 2;
      const bool read_only = (rights & 2) != 0 && protects;
      key = (rights & 1) != 0 || (read_only && a == Access::Write);
      stores = stores && !read_only;
    }
    if (!allowed || key) return page_fault(lin, a, view, true, false, key);
    for (unsigned k = 0; k < depth; ++k) {
      bool leaf = k + 1 == depth;
      uint64_t want = used[k].value | kPteA | (leaf && a == Access::Write ? +kPteD : 0ull);
      if (want != used[k].value) memory_.write({used[k].address}, width, want, t);
    }
    uint64_t offset_mask = (1ull << shift) - 1;
    uint64_t base = pae ? entry & addr_mask : entry & 0xFFFFF000ull;
    if (large && !pae && model_.has(Feature::Pse36)) base |= (entry >> 13 & 0xFF) << 32;
    *phys = ((base & ~offset_mask) | (lin & offset_mask)) & a20;
    leaf_ = {.shift = shift,
             .global = (entry & kPteG) != 0 && (cr.cr4 & kCr4Pge) != 0,
             .stores = stores && (a == Access::Write || (entry & kPteD) != 0)};
    return true;
  }
}

std::optional<uint64_t> Cpu::translate_peek(uint64_t lin) const {
  const uint64_t a20 = pending.a20 ? ~0ull : ~(1ull << 20);
  if ((cr.cr0 & kCr0Pg) == 0) return lin & 0xFFFFFFFFull & a20;
  bool pae = (cr.cr4 & kCr4Pae) != 0;
  unsigned level = levels(cr);
  const unsigned bits = pae ? 9 : 10, width = pae ? 8 : 4;
  const uint64_t addr_mask = ((1ull << model_.phys_bits) - 1) & kPageMask;
  if (long_mode() && !sem::canonical(*this, lin)) return std::nullopt;
  uint64_t table = long_mode() ? cr.cr3 & addr_mask : cr.cr3 & (pae ? 0xFFFFFFE0ull : 0xFFFFF000ull);
  for (;; --level) {
    unsigned shift = 12 + bits * (level - 1);
    uint64_t entry =
        pae && !long_mode() && level == 3
            ? cr.pdpte[lin >> 30 & 3]
            : memory_.peek({(table + (lin >> shift & ((1u << bits) - 1)) * width) & a20}, width, {});
    if ((entry & kPteP) == 0) return std::nullopt;
    bool large = level > 1 && (entry & kPtePs) != 0 && !(pae && !long_mode() && level == 3) &&
                 (pae || (cr.cr4 & kCr4Pse) != 0);
    table = entry & (pae ? addr_mask : 0xFFFFF000ull);
    if (level == 1 || large) {
      uint64_t offset_mask = (1ull << shift) - 1;
      if (large && !pae && model_.has(Feature::Pse36)) table |= (entry >> 13 & 0xFF) << 32;
      return ((table & ~offset_mask) | (lin & offset_mask)) & a20;
    }
  }
}

bool Cpu::load_pdptes(uint64_t cr3) {
  std::array<uint64_t, 4> p{};
  const uint64_t reserved = 0x1E6 | ~((1ull << model_.phys_bits) - 1);
  for (unsigned k = 0; k < 4; ++k) {
    p[k] = memory_.read({(cr3 & 0xFFFFFFE0) + 8 * k}, 8, now());
    if ((p[k] & kPteP) != 0 && (p[k] & reserved) != 0) return false;
  }
  cr.pdpte = p;
  return true;
}

void Cpu::flush_tlb() {
  for (Tlb& t : *tlbs_) t.flush();
  exec_->fill({});
  pcid_asid_.fill(0);
  for (auto& pages : large_pages_) pages.fill(0);
  forget_jumps();
  local_code_ = false;
  next_asid_ = 1;
  space_ = next_asid_++;
  if ((cr.cr4 & kCr4Pcide) != 0) pcid_asid_[cr.cr3 & 63] = (cr.cr3 & 0xFFF) << 16 | space_;
  update_tag();
}

// What the TLB allows was decided by the old value.
void Cpu::set_pkru(uint32_t value) {
  if (value == cr.pkru) return;
  cr.pkru = value;
  if ((cr.cr4 & kCr4Pke) == 0) return;
  for (Tlb& t : *tlbs_) t.flush();
}

void Cpu::flush_tlb_page(uint64_t lin) {
  for (size_t k = 0; k < kLargeShifts.size(); ++k) {
    const uint64_t page = lin >> kLargeShifts[k];
    if ((large_pages_[k][page >> 6 & 63] >> (page & 63) & 1) == 0) continue;
    // Perhaps a piece of a large page, of which no piece may stay (SDM vol. 3A, §4.10.4.1).
    for (Tlb& t : *tlbs_) t.flush_around(lin, kLargeShifts[k]);
    exec_->fill({});
    forget_jumps();
  }
  for (Tlb& t : *tlbs_) t.flush_page(lin);
  (*exec_)[lin >> 12 & 255] = {};
  if (jumps_.may_know(lin)) forget_jumps();
  update_tag();
}

void Cpu::new_address_space(bool keep) {
  bool pcid = (cr.cr4 & kCr4Pcide) != 0;
  uint64_t id = cr.cr3 & 0xFFF;
  uint64_t& slot = pcid_asid_[id & 63];
  if (pcid && keep && slot != 0 && slot >> 16 == id) {
    space_ = slot & kTagAsid;
  } else {
    if (next_asid_ >= kTagAsid) {
      flush_tlb();
      return;
    }
    space_ = next_asid_++;
    if (pcid) slot = id << 16 | space_;
  }
  tlb_of(View::System).flush_locals();
  if (local_code_) {
    local_code_ = false;
    exec_->fill({});
    forget_jumps();
  }
  update_tag();
}

bool Cpu::watched(uint64_t page) const {
  uint64_t dr7 = cr.dr[7];
  if ((dr7 & 0xFF) == 0) return false;
  for (unsigned k = 0; k < 4; ++k) {
    if ((dr7 >> (2 * k) & 3) == 0 || (dr7 >> (16 + 4 * k) & 3) == 0) continue;
    uint64_t first = cr.dr[k] & kPageMask, last = (cr.dr[k] + 7) & kPageMask;
    if (page == first || page == last) return true;
  }
  return false;
}

// Data and port breakpoints (SDM vol. 3B, §17.2): a trap after the instruction. `kinds`: a bit for each value
// of DR7's R/W fields.
void Cpu::watch(uint64_t lin, unsigned width, unsigned kinds) {
  static constexpr unsigned kLength[4] = {1, 2, 8, 4};
  uint64_t dr7 = cr.dr[7];
  for (unsigned k = 0; k < 4; ++k) {
    unsigned rw = dr7 >> (16 + 4 * k) & 3, len = kLength[dr7 >> (18 + 4 * k) & 3];
    if ((dr7 >> (2 * k) & 3) == 0 || (kinds >> rw & 1) == 0) continue;
    uint64_t at = cr.dr[k] & ~static_cast<uint64_t>(len - 1);
    if (lin < at + len && at < lin + width) {
      pending.debug_trap |= 1ull << k;
      events_ = true;
      leave = true;
    }
  }
}

void Cpu::watch_data(uint64_t lin, unsigned width, Access a) {
  watch(lin, width, a == Access::Write ? 1u << 1 | 1u << 3 : 1u << 3);
}

void Cpu::watch_port(uint16_t port, unsigned width) {
  if ((cr.dr[7] & 0xFF) != 0 && (cr.cr4 & kCr4De) != 0) watch(port, width, 1u << 2);
}

TlbEntry* Cpu::fill(uint64_t lin, Access a, View view) {
  uint64_t phys;
  if (!translate(lin, a, view, &phys)) return nullptr;
  uint64_t page = lin & kPageMask, frame = phys & kPageMask;
  TlbEntry& e = tlb_of(view).to_fill(lin);
  uint64_t tag = page | asid_of(view);
  note_leaf(lin);
  if (view == View::System && !leaf_.global) tlb_of(view).note_local(lin);
  if ((e.read_tag & ~kTagSlow) != tag) e = {};
  const mem::Region& r = memory_.for_read({frame});
  const mem::Region& w = memory_.for_write({frame});
  auto whole = [frame](const mem::Region& x) {
    return x.host != nullptr && x.base <= frame && frame - x.base + mem::kPageSize <= x.size;
  };
  bool direct = whole(r) && !watched(page) && (view != View::User || (mode_ & kModeAlign) == 0) &&
                (observer_ == nullptr || !observer_->wants_data(*this, page));
  e.phys = frame;
  e.read_tag = tag | (direct ? 0 : kTagSlow);
  if (direct) e.addend = reinterpret_cast<uint64_t>(r.host + (frame - r.base)) - page;
  const uint64_t offset = w.ram_offset + (frame - w.base);
  bool fast = direct && whole(w) && w.writable && w.host + (frame - w.base) == r.host + (frame - r.base);
  if (fast && w.dirty == nullptr) fast = memory_.ram().code_chunks(static_cast<uint32_t>(offset >> 12)) == 0;
  if (a == Access::Write) {
    if (fast && w.dirty != nullptr) w.dirty->mark(offset, mem::kPageSize);
    e.write_tag = tag | (fast ? 0 : kTagSlow);
  } else if (fast && leaf_.stores && w.dirty == nullptr) {
    e.write_tag = tag;
  }
  return &e;
}

// In both pages, where there are two. What the TLB allows needs no walk, in either engine.
bool Cpu::may_write(uint64_t first, uint64_t last, View view) {
  auto may = [&](uint64_t lin) {
    const uint64_t have = tlb_of(view).at(lin).write_tag;
    uint64_t phys;
    return (have != ~0ull && (have & ~kTagSlow) == ((lin & kPageMask) | asid_of(view))) ||
           translate(lin, Access::Write, view, &phys);
  };
  return may(first) && ((first & kPageMask) == (last & kPageMask) || may(last & kPageMask));
}

// An access inside one page.
bool Cpu::access_page(uint64_t lin, unsigned width, Access a, uint64_t* value, View view) {
  uint64_t tag = (lin & kPageMask) | asid_of(view);
  TlbEntry* e = &tlb_of(view).at(lin);
  uint64_t have = a == Access::Write ? e->write_tag : e->read_tag;
  if ((have & ~kTagSlow) != tag || (a == Access::Write && have == ~0ull)) {
    e = fill(lin, a, view);
    if (e == nullptr) return false;
  } else if (a == Access::Write && have != tag && e->read_tag == tag) {
    const mem::Region& w = memory_.for_write({e->phys});
    bool fast_again =
        w.kind == mem::Region::Kind::DeviceRam ||
        (w.kind == mem::Region::Kind::Ram &&
         memory_.ram().code_chunks(static_cast<uint32_t>((w.ram_offset + (e->phys - w.base)) >> 12)) == 0);
    if (fast_again) {
      e = fill(lin, a, view);
      if (e == nullptr) return false;
    }
  }
  PhysAddr phys{e->phys | (lin & 0xFFF)};
  if (a == Access::Write) {
    if (memory_.for_write(phys).device != nullptr) leave = true;
    memory_.write(phys, width, *value, now());
  } else {
    if (memory_.for_read(phys).device != nullptr) leave = true;
    *value = memory_.read(phys, width, now());
  }
  if ((cr.dr[7] & 0xFF) != 0) watch_data(lin, width, a);
  if (observer_ != nullptr) observer_->memory(lin, phys, width, a, *value);
  return true;
}

bool Cpu::access(uint64_t lin, unsigned width, Access a, uint64_t* value, View view) {
  unsigned room = static_cast<unsigned>(mem::kPageSize - (lin & 0xFFF));
  if (width <= room) [[likely]]
    return access_page(lin, width, a, value, view);
  // Both pages have to be accessible before anything is read or written.
  uint64_t second = lin + room, phys;
  if (!code64()) second &= 0xFFFFFFFF;
  if (!translate(lin, a, view, &phys) || !translate(second, a, view, &phys)) return false;
  if (a == Access::Write) {
    uint64_t low = *value & ((1ull << (8 * room)) - 1), high = *value >> (8 * room);
    for (unsigned k = 0; k < room; ++k) {
      uint64_t b = low >> (8 * k) & 0xFF;
      if (!access_page(lin + k, 1, a, &b, view)) return false;
    }
    for (unsigned k = 0; k < width - room; ++k) {
      uint64_t b = high >> (8 * k) & 0xFF;
      if (!access_page(second + k, 1, a, &b, view)) return false;
    }
    return true;
  }
  uint64_t v = 0, b = 0;
  for (unsigned k = 0; k < width; ++k) {
    uint64_t at = k < room ? lin + k : second + (k - room);
    if (!access_page(at, 1, a, &b, view)) return false;
    v |= b << (8 * k);
  }
  *value = v;
  return true;
}

// Non-canonical addresses: of 64-bit code, or of a descriptor table. True: a fault was raised.
bool Cpu::bad_address(uint64_t lin, unsigned width, const Insn* i) {
  if (!long_mode() || (sem::canonical(*this, lin) && sem::canonical(*this, lin + width - 1))) return false;
  bool stack = i != nullptr &&
               ((i->mem && i->seg == kSs) || (!i->mem && i->row != nullptr && i->row->has(kStackAddress)));
  raise(stack ? kSS : kGP, 0);
  return true;
}

bool Cpu::load_slow(uint64_t lin, unsigned width, uint64_t* value, const Insn* i) {
  const Insn* outer = current;
  current = i;
  bool ok = !bad_address(lin, width, i);
  if (ok && (mode_ & kModeAlign) != 0 && (lin & (width - 1)) != 0) {
    raise(kACv, 0);
    ok = false;
  }
  ok = ok && access(lin, width, Access::Read, value, view());
  current = outer;
  return ok;
}

bool Cpu::store_slow(uint64_t lin, unsigned width, uint64_t value, const Insn* i) {
  const Insn* outer = current;
  current = i;
  bool ok = !bad_address(lin, width, i);
  if (ok && (mode_ & kModeAlign) != 0 && (lin & (width - 1)) != 0) {
    raise(kACv, 0);
    ok = false;
  }
  ok = ok && access(lin, width, Access::Write, &value, view());
  current = outer;
  return ok;
}

bool Cpu::load_rmw_slow(uint64_t lin, unsigned width, uint64_t* value, const Insn* i) {
  const Insn* outer = current;
  current = i;
  bool ok = !bad_address(lin, width, i);
  if (ok && (mode_ & kModeAlign) != 0 && (lin & (width - 1)) != 0) {
    raise(kACv, 0);
    ok = false;
  }
  uint64_t last = lin + width - 1;
  if (!code64()) last &= 0xFFFFFFFF;
  ok = ok && may_write(lin, last, view()) && access(lin, width, Access::Read, value, view());
  current = outer;
  return ok;
}

// Sixteen or thirty-two bytes: never subject to alignment checking.
bool Cpu::load_wide_slow(uint64_t lin, unsigned width, void* value, const Insn* i) {
  const Insn* outer = current;
  current = i;
  bool ok = !bad_address(lin, width, i);
  for (unsigned k = 0; ok && k < width; k += 8) {
    uint64_t at = code64() ? lin + k : (lin + k) & 0xFFFFFFFF, v = 0;
    ok = access(at, 8, Access::Read, &v, view());
    std::memcpy(static_cast<uint8_t*>(value) + k, &v, 8);
  }
  current = outer;
  return ok;
}

bool Cpu::store_wide_slow(uint64_t lin, unsigned width, const void* value, const Insn* i) {
  uint64_t last = code64() ? lin + width - 1 : (lin + width - 1) & 0xFFFFFFFF;
  const Insn* outer = current;
  current = i;
  bool ok = !bad_address(lin, width, i);
  if (ok && (lin & kPageMask) != (last & kPageMask)) {
    // The second page has to be writable before the first is written.
    ok = may_write(lin, last, view());
  }
  for (unsigned k = 0; ok && k < width; k += 8) {
    uint64_t at = code64() ? lin + k : (lin + k) & 0xFFFFFFFF, v;
    std::memcpy(&v, static_cast<const uint8_t*>(value) + k, 8);
    ok = access(at, 8, Access::Write, &v, view());
  }
  current = outer;
  return ok;
}

uint64_t Cpu::read_lin(uint64_t lin, unsigned width, bool system) {
  uint64_t v = 0;
  if (!code64()) lin &= long_mode() ? ~0ull : 0xFFFFFFFF;
  const View who = view(system);
  const TlbEntry& e = tlb_of(who).at(lin);
  if (const uint8_t* p = direct(e, e.read_tag, lin, width, asid_of(who))) return mem::load_bytes(p, width);
  if (bad_address(lin, width, current) || !access(lin, width, Access::Read, &v, who))
    throw GuestFault(fault_);
  return v;
}

void Cpu::write_lin(uint64_t lin, unsigned width, uint64_t value, bool system) {
  if (!code64()) lin &= long_mode() ? ~0ull : 0xFFFFFFFF;
  const View who = view(system);
  const TlbEntry& e = tlb_of(who).at(lin);
  if (uint8_t* p = direct(e, e.write_tag, lin, width, asid_of(who))) {
    mem::store_bytes(p, width, value);
    return;
  }
  if (bad_address(lin, width, current) || !access(lin, width, Access::Write, &value, who))
    throw GuestFault(fault_);
}

void Cpu::probe_write(uint64_t lin, unsigned width, bool system) {
  if (bad_address(lin, width, current) || !may_write(lin, lin + width - 1, view(system)))
    throw GuestFault(fault_);
}

void Cpu::probe_read(uint64_t lin) {
  uint64_t phys;
  if (bad_address(lin, 1, current) || !translate(lin, Access::Read, view(), &phys)) throw GuestFault(fault_);
}

// --- segmentation (SDM vol. 3A, §5.3) --------------------------------------------------------------------

bool Cpu::segment(uint8_t s, uint64_t ea_value, unsigned width, Access a, uint64_t* lin) {
  const Segment& g = seg[s];
  if (code64()) {
    *lin = s >= kFs ? ea_value + g.base : ea_value;
    return true;
  }
  uint64_t last = ea_value + width - 1;
  bool ok = g.present();
  if (ok && protected_mode() && !v86()) {
    bool code = (g.attr & kSegCode) != 0;
    ok = a == Access::Write ? !code && (g.attr & kSegWritable) != 0 : !code || (g.attr & kSegWritable) != 0;
  }
  if (ok) {
    if ((g.attr & (kSegCode | kSegExpandDown)) == kSegExpandDown && (g.attr & kSegS) != 0) {
      ok = ea_value > g.limit && last <= (g.big() ? 0xFFFFFFFFull : 0xFFFFull);
    } else {
      // A flat segment has no limit: what goes beyond 4 GiB starts over at 0.
      ok = last <= g.limit || (g.limit == 0xFFFFFFFF && g.base == 0);
    }
  }
  if (!ok) {
    raise(s == kSs ? kSS : kGP, 0);
    return false;
  }
  *lin = (g.base + ea_value) & 0xFFFFFFFF;
  return true;
}

bool Cpu::segment(const Insn* i, uint64_t ea_value, unsigned width, Access a, uint64_t* lin) {
  return segment(i->seg, ea_value, width, a, lin);
}

uint64_t Cpu::ea(const Insn& i) const {
  return (gpr[i.base] + (gpr[i.index] << i.scale) + static_cast<uint64_t>(static_cast<int64_t>(i.disp))) &
         i.ea_mask;
}

uint64_t Cpu::linear(const Insn& i, unsigned width, Access a) {
  uint64_t lin;
  if (!segment(i.seg, ea(i), width, a, &lin)) throw GuestFault(fault_);
  check_alignment(lin, width);
  return lin;
}

void Cpu::check_alignment(uint64_t lin, unsigned width) {
  bool checked = width == 2 || width == 4 || width == 8;
  if ((mode_ & kModeAlign) == 0 || !checked || (lin & (width - 1)) == 0) return;
  if (code64() && !sem::canonical(*this, lin)) return;
  raise(kACv, 0);
  throw GuestFault(fault_);
}

uint64_t Cpu::read_seg(uint8_t s, uint64_t ea_value, unsigned width) {
  uint64_t lin;
  if (!segment(s, ea_value, width, Access::Read, &lin)) throw GuestFault(fault_);
  check_alignment(lin, width);
  return read_lin(lin, width);
}
void Cpu::write_seg(uint8_t s, uint64_t ea_value, unsigned width, uint64_t value) {
  uint64_t lin;
  if (!segment(s, ea_value, width, Access::Write, &lin)) throw GuestFault(fault_);
  check_alignment(lin, width);
  write_lin(lin, width, value);
}

void Cpu::read_bytes(const Insn& i, uint64_t offset, uint8_t* to, unsigned n) {
  uint64_t lin;
  uint64_t at = (ea(i) + offset) & i.ea_mask;
  if (!segment(i.seg, at, n, Access::Read, &lin)) throw GuestFault(fault_);
  const View who = view();
  const TlbEntry& e = tlb_of(who).at(lin);
  if (const uint8_t* p = direct(e, e.read_tag, lin, n, asid_of(who))) {
    std::memcpy(to, p, n);
    return;
  }
  for (unsigned k = 0; k < n;) {
    unsigned w = n - k >= 8 ? 8 : n - k >= 4 ? 4 : n - k >= 2 ? 2 : 1;
    uint64_t v = read_lin(lin + k, w);
    std::memcpy(to + k, &v, w);
    k += w;
  }
}

void Cpu::write_bytes(const Insn& i, uint64_t offset, const uint8_t* from, unsigned n) {
  uint64_t lin;
  uint64_t at = (ea(i) + offset) & i.ea_mask;
  if (!segment(i.seg, at, n, Access::Write, &lin)) throw GuestFault(fault_);
  const View who = view();
  const TlbEntry& e = tlb_of(who).at(lin);
  if (uint8_t* p = direct(e, e.write_tag, lin, n, asid_of(who))) {
    std::memcpy(p, from, n);
    return;
  }
  probe_write(lin, n);
  for (unsigned k = 0; k < n;) {
    unsigned w = n - k >= 8 ? 8 : n - k >= 4 ? 4 : n - k >= 2 ? 2 : 1;
    uint64_t v = 0;
    std::memcpy(&v, from + k, w);
    write_lin(lin + k, w, v);
    k += w;
  }
}

}  // namespace ilse::cpu
