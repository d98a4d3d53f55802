#include "jit/bench.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "memory/event_log.h"
#include "sem/cpu_bench.h"

namespace ilse::test {

namespace {

using namespace cpu;

// Physical addresses of the system's structures, all in its own pages.
constexpr uint64_t kPml4 = 0x80000, kPdptLow = 0x81000, kPdptHigh = 0x82000, kPd = 0x83000, kPt = kPageTable,
                   kIdt = 0x85000, kGdt = 0x86000, kTss = 0x86800, kHandlers = 0x87000, kStackTop = 0x89F00,
                   kSystemEnd = 0x8A000;
constexpr uint64_t kUserPage = 7, kReadOnlyPage = 5, kSystemPage = 3;

uint64_t descriptor(uint64_t base, uint64_t limit, uint64_t attributes) {
  return (limit & 0xFFFF) | (base & 0xFFFFFF) << 16 | attributes << 40 | (limit >> 16 & 0xF) << 48 |
         (base >> 24 & 0xFF) << 56;
}

}  // namespace

class Bench::Impl {
 public:
  explicit Impl(const jit::Settings* settings)
      : ram_(take(mem::Ram::create(kRamSize))),
        map_(ram_, log_),
        io_(log_),
        cpu_(0, take(find_model("max")), map_, io_, board_, time_) {
    map_.add({mem::PhysMap::ram_region(0, kRamSize, ram_, 0)});
    map_.commit();
    if (settings != nullptr && !cpu_.translate(*settings))
      throw std::runtime_error("no executable memory on this host");
  }

  template <class T>
  static T take(mem::Result<T> r) {
    if (!r) throw std::runtime_error(r.error().message);
    return std::move(*r);
  }

  uint8_t* at(uint64_t physical) { return ram_.data() + physical; }
  void put(uint64_t physical, uint64_t v) { std::memcpy(at(physical), &v, 8); }
  void page(uint64_t linear, uint64_t physical, uint64_t bits) {
    put(kPt + (linear >> 12) * 8, physical | bits);
  }

  bool load(const Program& p) {
    const std::vector<uint8_t> code = p.image();
    if (code.empty()) return false;
    oracle::Random random(p.seed ^ 0x5DEECE66D);
    std::memset(at(0), 0, kRamSize);
    std::memcpy(at(kCode), code.data(), code.size());
    for (uint64_t a = kData; a < kData + 0x8000; a += 8) {
      put(a, random.one_in(5)   ? oracle::vector_lane(random).word[0]
             : random.one_in(4) ? oracle::integer(random, 64)
             : random.one_in(3) ? p.base + kData + random.below(kDataSize)
                                : random.next());
    }
    put(kPml4, kPdptLow | kUserPage);
    put(kPml4 + 511 * 8, kPdptHigh | kUserPage);
    put(kPdptLow, kPd | kUserPage);
    put(kPdptHigh + 510 * 8, kPd | kUserPage);
    put(kPd, kPt | kUserPage);
    for (uint64_t a = 0; a < kCodeSize; a += 0x1000) {
      page(kCode + a, kCode + a, kUserPage);
      page(kCodeAlias + a, kCode + a, kUserPage);
    }
    for (uint64_t a = 0; a < kDataSize; a += 0x1000) page(kData + a, kData + a, kUserPage);
    page(kReadOnly, kReadOnly, kReadOnlyPage);
    page(kLastPage, kLastPage, kUserPage);
    page(kAlias, kData, kUserPage);
    for (uint64_t a = kPml4; a < kSystemEnd; a += 0x1000) page(a, a, kSystemPage);
    constexpr uint64_t kLong = 0xA000, kBig = 0xC000;
    put(kGdt + 0x08, descriptor(0, 0xFFFFF, kLong | 0x9B));
    put(kGdt + 0x10, descriptor(0, 0xFFFFF, kBig | 0x93));
    put(kGdt + 0x18, descriptor(0, 0xFFFFF, kBig | 0x9B));
    put(kGdt + 0x20, descriptor(0, 0xFFFFF, kBig | 0xFB));
    put(kGdt + 0x28, descriptor(0, 0xFFFFF, kBig | 0xF3));
    put(kGdt + 0x30, descriptor(0, 0xFFFFF, kLong | 0xFB));
    put(kTss + 4, kStackTop);
    put(kTss + 36, kStackTop);  // IST1: a fault at privilege 0 has a stack whatever RSP is
    for (unsigned v = 0; v < 256; ++v) {
      const uint64_t handler = kHandlers + v * 16;
      *at(handler) = 0xF4;
      put(kIdt + v * 16, (handler & 0xFFFF) | 8 << 16 | 1ull << 32 | 0xEEull << 40 | (handler >> 16) << 48);
    }
    cpu_.blocks().reset();
    cpu_.reset(true);
    cpu_.retired = 0;
    system(p);
    const bool wide = p.width == Width::k64;
    for (unsigned n = 0; n < 16; ++n) {
      uint64_t v = oracle::integer(random, 64);
      if (random.one_in(2)) v = p.base + kData + 0x100 + (random.below(kDataSize - 0x200) & ~uint64_t{7});
      cpu_.gpr[n] = wide ? v : n < 8 ? v & 0xFFFFFFFF : 0;
    }
    cpu_.gpr[kRsp] =
        (p.base + kData + 0x2000 + (random.below(0x1000) & ~uint64_t{7})) & (wide ? ~0ull : 0xFFFFFFFF);
    for (Ymm& y : cpu_.ymm) {
      for (Xmm& x : y.lane) {
        const auto lane = oracle::vector_lane(random);
        x = {lane.word[0], lane.word[1]};
      }
    }
    if (!random.one_in(4)) {
      X87& f = cpu_.fpu;
      f.cw = 0x7F;
      if (random.one_in(3)) f.cw |= static_cast<uint16_t>(random.next() & 0xF00);
      if (random.one_in(8)) f.cw = static_cast<uint16_t>((random.next() & 0xF3F) | 0x40);
      f.sw = static_cast<uint16_t>(random.next() & 0x477F & ~(~f.cw & 0x3F));
      f.top = static_cast<uint8_t>(random.one_in(3) ? random.below(8) : 0);
      f.tag = static_cast<uint8_t>(random.one_in(3) ? 0 : random.next());
      for (F80& v : f.st)
        v = random.one_in(4)
                ? F80{random.next(), static_cast<uint16_t>(random.next())}
                : F80{random.next() | F80::kIntegerBit, static_cast<uint16_t>(0x3FF0 + random.below(32))};
    }
    if (random.one_in(6)) cpu_.mxcsr = static_cast<uint32_t>(random.next() & 0xFFFF);
    cpu_.set_eflags(static_cast<uint32_t>(random.next() & (kOSZAPC | (random.one_in(8) ? kDF : 0u))) | 2);
    cpu_.set_rip((p.base + kCode + p.places[0] - p.code_base) & (wide ? ~0ull : 0xFFFFFFFF));
    cpu_.flush_tlb();
    return true;
  }

  void system(const Program& p) {
    oracle::Random random(p.seed ^ 0xB5297A4D);
    const bool wide = p.width == Width::k64;
    const auto dpl = static_cast<uint16_t>(p.privilege << 5);
    cpu_.cr.cr0 = kCr0Pe | kCr0Pg | kCr0Ne | kCr0Et | kCr0Wp | kCr0Mp | kCr0Am;
    if (random.one_in(12)) cpu_.cr.cr0 |= random.one_in(2) ? kCr0Ts : kCr0Em;
    cpu_.cr.cr2 = 0;
    cpu_.cr.cr3 = kPml4;
    cpu_.cr.cr4 = kCr4Pae | kCr4Osfxsr | kCr4Osxmmexcpt | kCr4Fsgsbase | kCr4Osxsave;
    cpu_.cr.xcr0 = kXcr0X87 | kXcr0Sse | kXcr0Avx;
    cpu_.cr.efer = kEferLme | kEferLma | kEferNx;
    cpu_.cr.dr = {0, 0, 0, 0, 0, 0, 0xFFFF0FF0, 0x400};
    cpu_.gdtr = {kGdt, 0x37};
    cpu_.idtr = {kIdt, 0xFFF};
    cpu_.ldtr = {};
    cpu_.tr = {kTss, 0x67, 0, kSegPresent | 11};
    cpu_.pending = {};
    const auto data = static_cast<uint16_t>(kSegPresent | kSegS | dpl | kSegAccessed | kSegWritable |
                                            kSegGranular | kSegBig);
    const auto rpl = static_cast<uint16_t>(p.privilege);
    for (Segment& s : cpu_.seg)
      s = {0, 0xFFFFFFFF, static_cast<uint16_t>((rpl != 0 ? 0x28 : 0x10) | rpl), data};
    cpu_.seg[kCs].selector =
        static_cast<uint16_t>((wide ? (rpl != 0 ? 0x30 : 8) : (rpl != 0 ? 0x20 : 0x18)) | rpl);
    cpu_.seg[kCs].attr = static_cast<uint16_t>((data & ~kSegBig) | kSegCode | (wide ? kSegLong : kSegBig));
    cpu_.seg[kFs].base = random.one_in(2) ? random.below(0x1000) : 0;
    cpu_.seg[kGs].base = random.one_in(2) ? random.below(0x1000) & ~uint64_t{7} : 0;
    uint64_t base = 0;
    if (p.width == Width::k16) {
      base = kData;
      for (unsigned s = 0; s < 6; ++s) {
        cpu_.seg[s].attr &= static_cast<uint16_t>(~(kSegBig | kSegGranular));
        cpu_.seg[s].base = s == kCs ? p.code_base : base;
        cpu_.seg[s].limit = s == kCs ? p.code_limit : 0xFFFF;
      }
    }
    if (p.flat) return;
    for (unsigned s : {kDs, kEs}) {
      if (random.one_in(3)) continue;
      cpu_.seg[s].base = base + random.below(0x40);
      if (random.one_in(2)) {
        cpu_.seg[s].limit = static_cast<uint32_t>(kData - base + 0x800 + random.below(0x3000));
      }
      if (random.one_in(8)) cpu_.seg[s].attr |= kSegExpandDown;
      if (random.one_in(8)) cpu_.seg[s].attr &= static_cast<uint16_t>(~kSegWritable);
    }
  }

  void resume(const Program& p, unsigned block) {
    system(p);
    const bool wide = p.width == Width::k64;
    const uint64_t mask = wide ? ~0ull : 0xFFFFFFFF;
    if (!wide) {
      for (uint64_t& r : cpu_.gpr) r &= mask;
      for (unsigned n = 8; n < 16; ++n) cpu_.gpr[n] = 0;
    }
    cpu_.gpr[kRsp] = (p.base + kData + 0x2800) & mask;
    cpu_.set_eflags(cpu_.eflags() & (kOSZAPC | kDF));
    cpu_.set_rip((p.base + kCode + p.places[block] - p.code_base) & mask);
    cpu_.flush_tlb();
    cpu_.update_mode();
  }

  mem::EventLog log_;
  mem::Ram ram_;
  mem::PhysMap map_;
  mem::IoBus io_;
  NullBoard board_;
  StillTime time_;
  Cpu cpu_;
};

Bench::Bench(const jit::Settings* settings) : impl_(std::make_unique<Impl>(settings)) {}
Bench::~Bench() = default;
bool Bench::load(const Program& p) { return impl_->load(p); }
RunExit Bench::run(unsigned instructions) { return impl_->cpu_.run(instructions); }
void Bench::resume(const Program& p, unsigned block) { impl_->resume(p, block); }
Cpu& Bench::cpu() { return impl_->cpu_; }
uint8_t* Bench::ram() { return impl_->ram_.data(); }
mem::PhysMap& Bench::memory() { return impl_->map_; }

uint64_t Bench::hash() {
  mem::HashVisitor v;
  impl_->cpu_.visit_state(v);
  return v.digest();
}

std::string Bench::state_text() {
  mem::PrintVisitor v;
  impl_->cpu_.visit_state(v);
  return v.text();
}

std::string Bench::registers_text() {
  const Cpu& c = impl_->cpu_;
  std::string text;
  auto line = [&](const char* name, unsigned n, uint64_t v) {
    char out[48];
    std::snprintf(out, sizeof out, "  %s%u %016llx\n", name, n, static_cast<unsigned long long>(v));
    text += out;
  };
  for (unsigned n = 0; n < 16; ++n) line("r", n, c.gpr[n]);
  for (unsigned n = 0; n < 6; ++n) line("segment base ", n, c.seg[n].base);
  line("rip, mode ", c.mode(), c.rip());
  line("flags ", 0, c.eflags());
  return text;
}

bool same_registers(Cpu& a, Cpu& b) {
  auto same = [](const Segment& x, const Segment& y) {
    return x.base == y.base && x.limit == y.limit && x.selector == y.selector && x.attr == y.attr;
  };
  bool ok = std::equal(a.gpr.begin(), a.gpr.begin() + 16, b.gpr.begin()) && a.rip() == b.rip() &&
            a.eflags() == b.eflags() && a.retired == b.retired && a.cr.cr2 == b.cr.cr2 &&
            a.mode() == b.mode() && a.mxcsr == b.mxcsr && a.pending.activity == b.pending.activity;
  for (unsigned s = 0; s < 6; ++s) ok = ok && same(a.seg[s], b.seg[s]);
  return ok && std::memcmp(a.ymm.data(), b.ymm.data(), sizeof a.ymm) == 0;
}

bool same_memory(Bench& a, Bench& b) {
  auto same = [&](uint64_t from, uint64_t to) {
    return std::memcmp(a.ram() + from, b.ram() + from, to - from) == 0;
  };
  return same(kCode, kCode + kCodeSize) && same(kData, kLastPage + 0x1000) && same(kPml4, kSystemEnd);
}

std::string difference(Bench& a, Bench& b) {
  std::string text;
  const std::string x = a.state_text(), y = b.state_text();
  for (size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    const size_t to_i = std::min(x.find('\n', i), x.size()), to_j = std::min(y.find('\n', j), y.size());
    const std::string p = x.substr(i, to_i - i), q = y.substr(j, to_j - j);
    if (p != q) text += "  interpreter " + p + "\n  translated  " + q + "\n";
    i = to_i + 1;
    j = to_j + 1;
  }
  unsigned shown = 0;
  for (uint64_t k = 0; k < Bench::kRamSize && shown < 8; k += 8) {
    uint64_t p = 0, q = 0;
    std::memcpy(&p, a.ram() + k, 8);
    std::memcpy(&q, b.ram() + k, 8);
    if (p == q) continue;
    ++shown;
    char line[96];
    std::snprintf(line, sizeof line, "  memory %llx: interpreter %016llx, translated %016llx\n",
                  static_cast<unsigned long long>(k), static_cast<unsigned long long>(p),
                  static_cast<unsigned long long>(q));
    text += line;
  }
  return text;
}

}  // namespace ilse::test
