#include "fuzz/pair.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "cpu/cpu.h"
#include "cpu/cpuid.h"
#include "cpu/jit/settings.h"
#include "cpu/sem/helpers.h"
#include "memory/event_log.h"
#include "null_board.h"
#include "oracle/values.h"

namespace ilse::test {

namespace {

using namespace cpu;

constexpr uint64_t kRamSize = 0x40000;
// Physical addresses. The code lies at the end of a page, so that it crosses into the next.
constexpr uint64_t kIdt = 0x1000, kGdt = 0x2000, kTss = 0x2200, kHandlers = 0x3000, kCode = 0x4F80,
                   kData = 0x8000, kDataSize = 0x4000, kStack = 0xE000, kPml4 = 0x20000, kPdpt = 0x21000,
                   kPd = 0x22000, kPt = 0x23000, kPd32 = 0x24000, kPt32 = 0x25000;
constexpr uint32_t kSmbase = 0x10000;  // its handler at 18000h
// Selectors.
constexpr uint16_t kCode32 = 0x08, kData32 = 0x10, kUserCode32 = 0x1B, kUserData = 0x23, kUserCode64 = 0x2B,
                   kCode64 = 0x30, kCode16 = 0x38, kUserCode16 = 0x43, kTssSelector = 0x50, kCallGate = 0x60;
constexpr unsigned kVectors = 64;

enum class Start : uint8_t { Real, V86, Protected16, Protected32, Compatibility, Long, kCount };

class FuzzBoard final : public mem::BoardPort {
 public:
  uint8_t acknowledge(mem::VTime) override {
    cpu->set_intr(false);
    return 0x20;
  }
  uint64_t apic_base(unsigned) const override { return 0xFEE00900; }
  bool set_apic_base(unsigned, uint64_t, mem::VTime) override { return true; }
  uint8_t cr8(unsigned) const override { return 0; }
  void set_cr8(unsigned, uint8_t, mem::VTime) override {}
  uint64_t tsc_deadline(unsigned) const override { return 0; }
  void set_tsc_deadline(unsigned, uint64_t, mem::VTime) override {}
  void set_ferr(bool) override {}
  void set_smm(unsigned, bool) override {}
  void shutdown(mem::VTime) override {}

  Cpu* cpu = nullptr;
};

uint64_t descriptor(uint64_t base, uint64_t limit, uint64_t attributes) {
  return (limit & 0xFFFF) | (base & 0xFFFFFF) << 16 | attributes << 40 | (limit >> 16 & 0xF) << 48 |
         (base >> 24 & 0xFF) << 56;
}

template <class T>
T take(mem::Result<T> r) {
  if (!r) throw std::runtime_error(r.error().message);
  return std::move(*r);
}

std::string hex(uint64_t v) {
  std::array<char, 24> out{};
  std::snprintf(out.data(), out.size(), "%llx", static_cast<unsigned long long>(v));
  return out.data();
}

bool has_error_code(unsigned vector) {
  return vector == kDFv || (vector >= kTS && vector <= kPFv) || vector == kACv;
}

// What the input's header says.
struct Header {
  explicit Header(std::span<const uint8_t> in) {
    std::array<uint8_t, kFuzzHeader> h{};
    std::copy_n(in.begin(), std::min(in.size(), h.size()), h.begin());
    start = static_cast<Start>(h[0] % static_cast<unsigned>(Start::kCount));
    model = h[0] / static_cast<unsigned>(Start::kCount);
    privilege = h[1] & 1 ? 3 : 0;
    paging = (h[1] & 2) != 0;
    pae = (h[1] & 4) != 0;
    short_segments = (h[1] & 8) != 0;
    cr0 = h[2];
    cr4 = static_cast<uint32_t>(h[3] | h[4] << 8);
    flags = static_cast<uint32_t>(h[5] | (h[6] & 0x7F) << 8);
    debug = h[7];
    events = h[8];
    std::memcpy(&seed, h.data() + 9, 7);
  }
  Start start{};
  unsigned model = 0, privilege = 0;
  bool paging = false, pae = false, short_segments = false;
  uint32_t cr0 = 0, cr4 = 0, flags = 0;
  uint8_t debug = 0, events = 0;
  uint64_t seed = 0;
};

}  // namespace

// One processor with its memory.
class Side {
 public:
  Side(const Model& model, bool translate)
      : ram_(take(mem::Ram::create(kRamSize))),
        map_(ram_, log_),
        io_(log_),
        cpu_(0, model, map_, io_, board_, time_) {
    map_.add({mem::PhysMap::ram_region(0, kRamSize, ram_, 0)});
    map_.commit();
    board_.cpu = &cpu_;
    if (translate && !cpu_.translate({.hot = 1}))
      throw std::runtime_error("no executable memory on this host");
  }

  void load(const Header& h, std::span<const uint8_t> code) {
    oracle::Random random(h.seed);
    std::memset(at(0), 0, kRamSize);
    ram_.written(0, kRamSize);
    tables(h);
    for (uint64_t a = kData; a < kData + 0x200; a += 8) put(a, oracle::integer(random, 64));
    std::copy(code.begin(), code.end(), at(kCode));
    at(kCode + code.size())[0] = 0xF4;
    cpu_.reset(true);
    cpu_.retired = 0;
    cpu_.msr.smbase = kSmbase;
    cpu_.random = h.seed;
    std::memcpy(at(kSmbase + 0x8000), "\x0F\xAA", 2);  // rsm
    registers(h, random);
    start(h);
    cpu_.flush_tlb();
  }

  // At the code's first byte again, whatever became of the rest.
  void again() {
    cpu_.pending.activity = Activity::Running;
    cpu_.set_rip(first_ip_);
  }
  RunExit run(unsigned n) { return cpu_.run(n); }
  Cpu& cpu() { return cpu_; }
  uint8_t* at(uint64_t physical) { return ram_.data() + physical; }
  uint64_t hash() {
    mem::HashVisitor v;
    cpu_.visit_state(v);
    return v.digest();
  }
  std::string text() {
    mem::PrintVisitor v;
    cpu_.visit_state(v);
    return v.text();
  }

 private:
  void put(uint64_t physical, uint64_t v) { std::memcpy(at(physical), &v, 8); }

  // Handlers step over a byte and return, so that what follows a fault is run too.
  void handler(unsigned vector, const Header& h) {
    static constexpr uint8_t kReal[] = {0x55, 0x89, 0xE5, 0xFF, 0x46, 0x02, 0x5D, 0xCF};
    static constexpr uint8_t k32[] = {0x83, 0xC4, 0x04, 0x83, 0x04, 0x24, 0x01, 0xCF};
    static constexpr uint8_t k64[] = {0x48, 0x83, 0xC4, 0x08, 0x48, 0x83, 0x04, 0x24, 0x01, 0x48, 0xCF};
    std::span<const uint8_t> code;
    if (h.start == Start::Real) {
      code = kReal;
    } else if (long_mode(h)) {
      code = k64;
      if (!has_error_code(vector)) code = code.subspan(4);
    } else {
      code = k32;
      if (!has_error_code(vector)) code = code.subspan(3);
    }
    std::copy(code.begin(), code.end(), at(kHandlers + 16 * vector));
  }

  static bool long_mode(const Header& h) { return h.start == Start::Long || h.start == Start::Compatibility; }

  void tables(const Header& h) {
    for (unsigned v = 0; v < kVectors; ++v) {
      const uint64_t entry = kHandlers + 16 * v;
      handler(v, h);
      if (h.start == Start::Real) {
        const auto low = static_cast<uint32_t>(entry);
        std::memcpy(at(4 * v), &low, 4);
      } else if (long_mode(h)) {
        put(kIdt + 16 * v, entry | uint64_t{kCode64} << 16 | 1ull << 32 | 0xEE00ull << 32);
      } else {
        put(kIdt + 8 * v, entry | uint64_t{kCode32} << 16 | 0xEE00ull << 32);
      }
    }
    const uint64_t big = 0xC000, wide = 0xA000;
    put(kGdt + kCode32, descriptor(0, 0xFFFFF, big | 0x9B));
    put(kGdt + kData32, descriptor(0, 0xFFFFF, big | 0x93));
    put(kGdt + (kUserCode32 & ~7), descriptor(0, 0xFFFFF, big | 0xFB));
    put(kGdt + (kUserData & ~7), descriptor(0, 0xFFFFF, big | 0xF3));
    put(kGdt + (kUserCode64 & ~7), descriptor(0, 0xFFFFF, wide | 0xFB));
    put(kGdt + kCode64, descriptor(0, 0xFFFFF, wide | 0x9B));
    put(kGdt + kCode16, descriptor(0, 0xFFFF, 0x9B));
    put(kGdt + (kUserCode16 & ~7), descriptor(0, 0xFFFF, 0xFB));
    put(kGdt + kTssSelector, descriptor(kTss, 0x2067, 0x8B));
    put(kGdt + kCallGate,
        (kHandlers + 0x800) | uint64_t{long_mode(h) ? kCode64 : kCode32} << 16 | 0xEC02ull << 32);
    at(kHandlers + 0x800)[0] = 0xCB;  // retf
    put(kTss + 4, kStack);
    if (long_mode(h)) {
      put(kTss + 36, kStack + 0x800);
    } else {
      put(kTss + 8, kData32);
    }
    put(kTss + 100, 104ull << 16);
    // Each page to itself; three pages of the data are read-only, the system's, and not there.
    for (uint64_t page = 0; page < kRamSize >> 12; ++page) {
      uint64_t bits = page == 9 ? 5 : page == 10 ? 3 : page == 11 ? 0 : 7;
      put(kPt + 8 * page, page << 12 | bits);
      const auto narrow = static_cast<uint32_t>(page << 12 | bits);
      std::memcpy(at(kPt32 + 4 * page), &narrow, 4);
    }
    put(kPml4, kPdpt | 7);
    put(kPml4 + 8 * 511, kPdpt | 7);
    put(kPdpt, kPd | (long_mode(h) ? 7 : 1));
    put(kPdpt + 8 * 510, kPd | 7);
    put(kPd, kPt | 7);
    const auto narrow = static_cast<uint32_t>(kPt32 | 7);
    std::memcpy(at(kPd32), &narrow, 4);
  }

  void registers(const Header& h, oracle::Random& random) {
    const bool wide = h.start == Start::Long;
    for (unsigned n = 0; n < 16; ++n) {
      uint64_t v = oracle::integer(random, 64);
      if (random.one_in(2)) v = kData + random.below(kDataSize);
      if (random.one_in(16)) v = kCode + random.below(256);
      if (wide && random.one_in(8)) v |= 0xFFFFFFFF80000000;
      cpu_.gpr[n] = wide ? v : n < 8 ? v & 0xFFFFFFFF : 0;
    }
    cpu_.gpr[kRsp] = kStack - 0x100 - random.below(64);
    for (Ymm& y : cpu_.ymm) {
      for (Xmm& x : y.lane) x = {random.next(), random.next()};
    }
  }

  void start(const Header& h) {
    const bool wide = long_mode(h);
    const uint32_t wanted = h.cr4;
    auto& cr = cpu_.cr;
    const unsigned privilege = h.start == Start::V86 ? 3 : h.start == Start::Real ? 0 : h.privilege;
    cr.cr0 = kCr0Et | (h.cr0 & 1 ? +kCr0Ne : 0u) | (h.cr0 & 2 ? +kCr0Wp : 0u) | (h.cr0 & 4 ? +kCr0Am : 0u) |
             ((h.cr0 & 0x18) == 0x18 ? +kCr0Ts : 0u) | ((h.cr0 & 0x60) == 0x60 ? +kCr0Em : 0u) |
             (h.cr0 & 0x80 ? +kCr0Mp : 0u);
    static constexpr uint32_t kBits[] = {kCr4Vme,    kCr4Pvi,  kCr4De,      kCr4Pse,      kCr4Pge,
                                         kCr4Osfxsr, kCr4Umip, kCr4Osxsave, kCr4Fsgsbase, kCr4Osxmmexcpt,
                                         kCr4Smep,   kCr4Smap, kCr4Tsd,     kCr4Pcide,    kCr4Pke};
    cr.cr4 = 0;
    for (unsigned k = 0; k < std::size(kBits); ++k) cr.cr4 |= (wanted >> k & 1) != 0 ? kBits[k] : 0;
    if (!wide) cr.cr4 &= ~uint64_t{kCr4Pcide};
    cr.cr4 &= sem::cr4_allowed(cpu_);
    if ((cr.cr4 & kCr4Osxsave) != 0) cr.xcr0 = cpu_.model().xcr0_bits();
    cpu_.gdtr = {kGdt, 0x6F};
    cpu_.idtr = {h.start == Start::Real ? 0 : kIdt,
                 static_cast<uint16_t>(h.start == Start::Real ? 0x3FF : 0x3FF)};
    cpu_.ldtr = {};
    cpu_.tr = {kTss, 0x2067, kTssSelector, kSegPresent | 11};
    if (h.start != Start::Real) cr.cr0 |= kCr0Pe;
    const bool pae = wide || (h.pae && cpu_.model().has(Feature::Pae));
    if (wide || (h.paging && h.start != Start::Real)) {
      cr.cr0 |= kCr0Pg;
      cr.cr3 = wide ? kPml4 : pae ? kPdpt : kPd32;
      if (pae) cr.cr4 |= kCr4Pae;
      if (wide) cr.efer = kEferLme | kEferLma | kEferSce;
      if (pae && !wide) cpu_.load_pdptes(cr.cr3);
    }
    cpu_.msr.star = uint64_t{kUserCode32} << 48 | uint64_t{kCode64} << 32;
    cpu_.msr.lstar = kCode;
    cpu_.msr.sysenter_cs = kCode32;
    cpu_.msr.sysenter_eip = kCode;
    cpu_.msr.sysenter_esp = kStack - 0x200;
    segments(h, privilege);
    static constexpr uint32_t kAllowed = kOSZAPC | kTF | kIF | kDF | kIOPL | kNT | kAC | kRF;
    uint32_t flags = (h.flags & 0x4FFF & kAllowed) | 2;
    if ((h.flags & 0x1000) != 0 && (h.flags & 0x2000) != 0) flags |= kAC;
    if (h.start == Start::V86) flags |= kVM;
    cpu_.set_eflags(flags);
    if ((h.debug & 3) == 3) {
      for (unsigned k = 0; k < 4; ++k)
        cr.dr[k] = (h.debug & 4 ? kData : kCode) + ((h.seed >> (8 * k)) & 0x3F);
      cr.dr[7] = 0x400 | (h.debug & 0xF0u) << 12 | (h.debug >> 2 & 3) << 18 | 0x55;
    }
    cpu_.update_mode();
  }

  void segments(const Header& h, unsigned privilege) {
    const bool real = h.start == Start::Real || h.start == Start::V86;
    const auto dpl = static_cast<uint16_t>(privilege << 5);
    auto data = static_cast<uint16_t>(kSegPresent | kSegS | dpl | kSegAccessed | kSegWritable);
    for (Segment& s : cpu_.seg) {
      s = {0, 0xFFFF, 0, data};
      if (real) continue;
      s.selector = privilege != 0 ? kUserData : kData32;
      s.limit = 0xFFFFFFFF;
      s.attr |= kSegGranular | kSegBig;
      if (h.short_segments && h.start != Start::Long) {
        s.limit = static_cast<uint32_t>(kData + 0x1000 + (h.seed & 0xFFF));
        s.attr = static_cast<uint16_t>(s.attr & ~kSegGranular);
      }
    }
    if (h.short_segments) cpu_.seg[kSs].limit = real ? 0xFFFF : 0xFFFFFFFF;
    Segment& cs = cpu_.seg[kCs];
    cs.attr = static_cast<uint16_t>((data & ~kSegBig) | (h.start == Start::V86 ? 0 : kSegCode));
    cs.limit = 0xFFFF;
    first_ip_ = kCode;
    switch (h.start) {
      case Start::Real:
      case Start::V86:
      case Start::kCount: break;
      case Start::Protected16: cs.selector = privilege != 0 ? kUserCode16 : kCode16; break;
      case Start::Protected32:
      case Start::Compatibility:
        cs.selector = privilege != 0 ? kUserCode32 : kCode32;
        cs.limit = 0xFFFFFFFF;
        cs.attr |= kSegGranular | kSegBig;
        break;
      case Start::Long:
        cs.selector = privilege != 0 ? kUserCode64 : kCode64;
        cs.limit = 0xFFFFFFFF;
        cs.attr |= kSegGranular | kSegLong;
        if ((h.debug & 8) != 0) first_ip_ = kCode | 0xFFFFFFFF80000000;
        break;
    }
    cpu_.set_rip(first_ip_);
  }

  mem::EventLog log_;
  mem::Ram ram_;
  mem::PhysMap map_;
  mem::IoBus io_;
  FuzzBoard board_;
  StillTime time_;
  Cpu cpu_;
  uint64_t first_ip_ = 0;
};

class FuzzPair::Impl {
 public:
  // Built as they are needed, a pair a model.
  struct Sides {
    explicit Sides(const Model& model) : interpreted(model, false), translated(model, true) {}
    Side interpreted, translated;
  };
  Sides& sides(unsigned number);

  std::string run(std::span<const uint8_t> input);

 private:
  static constexpr std::array kModels{"max",     "max",      "max",    "486",
                                      "pentium", "pentium3", "x86-64", "x86-64-v2"};
  std::array<std::unique_ptr<Sides>, kModels.size()> sides_;
};

FuzzPair::Impl::Sides& FuzzPair::Impl::sides(unsigned number) {
  number %= kModels.size();
  if (number < 3) number = 0;
  if (sides_[number] == nullptr) {
    const Model model = take(find_model(kModels[number]));
    sides_[number] = std::make_unique<Sides>(model);
  }
  return *sides_[number];
}

std::string FuzzPair::Impl::run(std::span<const uint8_t> input) {
  Header h(input);
  Sides& s = sides(h.model);
  Side &a = s.interpreted, &b = s.translated;
  if (!a.cpu().model().has(Feature::Lm) && (h.start == Start::Long || h.start == Start::Compatibility))
    h.start = Start::Protected32;
  auto code = input.subspan(std::min(input.size(), kFuzzHeader));
  code = code.first(std::min(code.size(), kFuzzCode));
  a.load(h, code);
  b.load(h, code);
  oracle::Random random(h.seed ^ h.events);
  // More than once, so that blocks become hot; with events from outside in between.
  constexpr unsigned kSlices = 8, kLongest = 96;
  for (unsigned k = 0; k < kSlices; ++k) {
    const auto n = static_cast<unsigned>(1 + random.below(kLongest));
    const RunExit x = a.run(n), y = b.run(n);
    if (x != y || a.hash() != b.hash() || std::memcmp(a.at(0), b.at(0), kRamSize) != 0) {
      std::string text = "slice " + std::to_string(k) + " of " + std::to_string(n) + " instructions\n";
      const std::string p = a.text(), q = b.text();
      for (size_t i = 0, j = 0; i < p.size() && j < q.size();) {
        const size_t to_i = std::min(p.find('\n', i), p.size()), to_j = std::min(q.find('\n', j), q.size());
        const std::string l = p.substr(i, to_i - i), m = q.substr(j, to_j - j);
        if (l != m) text += "  interpreter " + l + "\n  translated  " + m + "\n";
        i = to_i + 1;
        j = to_j + 1;
      }
      for (uint64_t at = 0, shown = 0; at < kRamSize && shown < 16; ++at) {
        if (*a.at(at) == *b.at(at)) continue;
        ++shown;
        text += "  memory " + hex(at) + ": interpreter " + hex(*a.at(at)) + ", translated " + hex(*b.at(at)) +
                "\n";
      }
      const Cpu& c = a.cpu();
      text += "  at " + hex(c.rip()) + ", mode " + hex(c.mode()) + ", " + std::to_string(c.deliveries.total) +
              " deliveries, the last:\n";
      for (uint64_t last = c.deliveries.total, d_at = last; d_at > 0 && d_at + DeliveryLog::kSize > last;
           --d_at) {
        const Delivery& d = c.deliveries.ring[(d_at - 1) % DeliveryLog::kSize];
        text += "    " + std::to_string(d.count) + ": vector " + hex(d.vector) + " at " + hex(d.rip) + "\n";
      }
      return text;
    }
    if (x == RunExit::Shutdown) break;
    for (Side* side : {&a, &b}) {
      Cpu& c = side->cpu();
      if (x == RunExit::Halted || (k & 1) != 0) side->again();
      if (k == 2 && (h.events & 1) != 0) c.set_intr(true);
      if (k == 3 && (h.events & 2) != 0) c.pulse_nmi();
      if (k == 4 && (h.events & 0xC) == 0xC) c.pulse_smi();
      if (k == 5 && (h.events & 0x30) == 0x30) c.set_a20(false);
      if (k == 6 && (h.events & 0xC0) == 0xC0) c.pulse_init();
    }
  }
  return "";
}

FuzzPair::FuzzPair() : impl_(std::make_unique<Impl>()) {}
FuzzPair::~FuzzPair() = default;
std::string FuzzPair::run(std::span<const uint8_t> input) { return impl_->run(input); }

}  // namespace ilse::test
