#include "oracle/cpu_runner.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>

#include "null_board.h"

namespace ilse::oracle {
namespace {

constexpr std::uint64_t kRamSize = 2 << 20;
constexpr std::uint64_t kWindowsEnd = 1 << 20;
constexpr std::uint64_t kHigh = 0xffffffff80000000;  // where the supervisor sees all of RAM

// Physical addresses of the supervisor's structures.
constexpr std::uint64_t kPml4 = 0x100000, kPdptLow = 0x101000, kPdLow = 0x102000, kPtLow = 0x103000,
                        kPdptHigh = 0x104000, kPdHigh = 0x105000, kGdt = 0x106000, kIdt = 0x107000,
                        kTss = 0x108000, kLdt = 0x109000, kHandlers = 0x10a000, kStackTop = 0x10d000;
constexpr std::uint64_t kPresent = 1, kWritable = 2, kUser = 4, kLarge = 1 << 7, kNoExecute = 1ULL << 63;

mem::Ram make_ram() {
  auto ram = mem::Ram::create(kRamSize);
  if (!ram) throw std::runtime_error("cpu runner: no memory");
  return std::move(*ram);
}

std::uint64_t descriptor(std::uint64_t base, std::uint64_t limit, std::uint64_t attributes) {
  return (limit & 0xffff) | (base & 0xffffff) << 16 | attributes << 40 | (limit >> 16 & 0xf) << 48 |
         (base >> 24 & 0xff) << 56;
}

constexpr std::uint16_t kCode = 0x8000 | 0xfb, kData = 0x8000 | 0xf3;  // 4 KiB units, DPL 3, accessed
constexpr std::uint16_t kBigBit = 0x4000, kLongBit = 0x2000;

}  // namespace

class CpuRunner::Impl {
 public:
  explicit Impl(const Layout& layout)
      : layout_(layout),
        model_(*cpu::find_model("max,+bmi1")),
        ram_(make_ram()),
        map_(ram_, log_),
        io_(log_),
        cpu_(0, model_, map_, io_, board_, time_) {
    map_.add({mem::PhysMap::ram_region(0, kRamSize, ram_, 0)});
    map_.commit();
    build_tables();
    for (const Window& w : layout_) {
      if (w.address + w.background.size() > kWindowsEnd) {
        throw std::runtime_error("cpu runner: a window above 1 MiB");
      }
      std::memcpy(at(w.address), w.background.data(), w.background.size());
    }
    cpu_.flush_tlb();
  }

  Result run(const Case& c, std::uint32_t steps, bool trap) {
    place(c);
    load(c, trap);
    const cpu::RunExit exit = cpu_.run(trap ? 4 : steps);
    Result r = take(c, exit);
    collect_memory(r);
    return r;
  }

 private:
  std::uint8_t* at(std::uint64_t physical) { return ram_.data() + physical; }
  void put64(std::uint64_t physical, std::uint64_t v) { std::memcpy(at(physical), &v, 8); }
  std::uint64_t get64(std::uint64_t physical) {
    std::uint64_t v;
    std::memcpy(&v, at(physical), 8);
    return v;
  }

  void build_tables() {
    put64(kPml4, kPdptLow | kPresent | kWritable | kUser);
    put64(kPml4 + 511 * 8, kPdptHigh | kPresent | kWritable);
    put64(kPdptLow, kPdLow | kPresent | kWritable | kUser);
    put64(kPdLow, kPtLow | kPresent | kWritable | kUser);
    put64(kPdptHigh + 510 * 8, kPdHigh | kPresent | kWritable);
    put64(kPdHigh, kPresent | kWritable | kLarge);
    for (const Window& w : layout_) {
      for (std::uint64_t a = w.address; a < w.address + w.background.size(); a += 4096) {
        put64(kPtLow + (a >> 12) * 8,
              a | kPresent | kUser | (w.writable ? kWritable : 0) | (w.executable ? 0 : kNoExecute));
      }
    }
    put64(kGdt + 0x10, descriptor(0, 0xfffff, 0x8000 | kLongBit | 0x9b));
    put64(kGdt + 0x18, descriptor(0, 0xfffff, 0x8000 | kBigBit | 0x93));
    put64(kGdt + 0x20, descriptor(0, 0xfffff, kCode | kBigBit));
    put64(kGdt + 0x28, descriptor(0, 0xfffff, kData | kBigBit));
    put64(kGdt + 0x30, descriptor(0, 0xfffff, kCode | kLongBit));
    for (unsigned v = 0; v < 256; ++v) {
      const std::uint64_t handler = kHigh + kHandlers + v * 16;
      const std::uint64_t dpl = v == 3 || v == 4 ? 3 : 0;
      *at(kHandlers + v * 16) = 0xf4;
      put64(kIdt + v * 16,
            (handler & 0xffff) | 0x10 << 16 | (0x8eULL | dpl << 5) << 40 | (handler >> 16 & 0xffff) << 48);
      put64(kIdt + v * 16 + 8, handler >> 32);
    }
    put64(kTss + 4, kHigh + kStackTop);
    put64(kTss + 102, 0x6800);
  }

  void place(const Case& c) {
    for (const MemoryRun& r : dirty_) restore(r.address, r.bytes.size());
    dirty_.clear();
    before_.clear();
    const std::uint64_t start = (c.mode == Mode::k64 ? 0 : c.base[kCs]) + c.rip;
    write(start, c.code);
    for (const MemoryRun& r : c.memory) write(r.address, r.bytes);
  }
  void write(std::uint64_t a, const std::vector<std::uint8_t>& bytes) {
    std::memcpy(at(a), bytes.data(), bytes.size());
    ram_.written(a, bytes.size());
    before_.push_back({a, bytes});
    dirty_.push_back({a, bytes});
  }
  void restore(std::uint64_t a, std::uint64_t size) {
    for (const Window& w : layout_) {
      if (a < w.address || a + size > w.address + w.background.size()) continue;
      std::memcpy(at(a), w.background.data() + (a - w.address), size);
      ram_.written(a, size);
    }
  }

  void load_segment(unsigned n, std::uint16_t selector, std::uint64_t base, std::uint32_t limit,
                    std::uint16_t attributes) {
    cpu_.seg[n] = {base, limit, selector, attributes};
    if ((selector & 4) != 0) {
      const std::uint64_t raw = (attributes & 0x8000) != 0 ? limit >> 12 : limit;
      constexpr std::uint16_t kAvailable = 0x1000;  // as modify_ldt() leaves it
      put64(kLdt + (selector & 0xfff8), descriptor(base, raw, attributes | kAvailable));
    }
  }

  void load(const Case& c, bool trap) {
    cpu_.reset(false);
    cpu_.cr.cr0 =
        cpu::kCr0Pe | cpu::kCr0Pg | cpu::kCr0Et | cpu::kCr0Ne | cpu::kCr0Wp | cpu::kCr0Mp | cpu::kCr0Am;
    cpu_.cr.cr3 = kPml4;
    cpu_.cr.cr4 = cpu::kCr4Pae | cpu::kCr4Osfxsr | cpu::kCr4Osxmmexcpt | cpu::kCr4Fsgsbase | cpu::kCr4Osxsave;
    cpu_.cr.xcr0 = cpu::kXcr0X87 | cpu::kXcr0Sse | cpu::kXcr0Avx;
    cpu_.cr.efer = cpu::kEferSce | cpu::kEferLme | cpu::kEferLma | cpu::kEferNx;
    cpu_.gdtr = {kHigh + kGdt, 0x7f};
    cpu_.idtr = {kHigh + kIdt, 0xfff};
    cpu_.tr = {kHigh + kTss, 0x67, 0x40, 0x8b};
    cpu_.ldtr = {kHigh + kLdt, 0xfff, 0x50, 0x82};
    const auto selectors = initial_selectors(c);
    for (unsigned n = 0; n < 6; ++n) {
      const bool code = n == kCs;
      if (c.mode == Mode::k64) {
        const bool based = n == kFs || n == kGs;
        const std::uint16_t attributes = code       ? kCode | kLongBit
                                         : n == kSs ? kData | kBigBit
                                                    : static_cast<std::uint16_t>(0);
        load_segment(n, selectors[n], based ? c.base[n] : 0, 0xffffffff, attributes);
      } else if (c.mode == Mode::k32) {
        load_segment(n, selectors[n], c.base[n], 0xffffffff,
                     static_cast<std::uint16_t>((code ? kCode : kData) | kBigBit));
      } else {
        load_segment(n, selectors[n], c.base[n], 0xffff, code ? 0xfb : 0xf3);
      }
    }
    const std::uint64_t mask = c.mode == Mode::k64 ? ~0ULL : 0xffffffff;
    for (unsigned n = 0; n < 16; ++n) cpu_.gpr[n] = c.mode == Mode::k64 || n < 8 ? c.gpr[n] & mask : 0;
    cpu_.set_rip(c.rip);
    load_fx(c.fx);
    cpu_.flush_tlb();
    cpu_.set_eflags(static_cast<std::uint32_t>((c.flags & kUserFlags) | kIf | 2 | (trap ? kTf : 0)));
  }

  void load_fx(const XsaveImage& fx) {
    std::array<std::uint8_t, 160> area;
    std::memcpy(area.data(), &fx, area.size());
    cpu::x87_fxrstor(cpu_.fpu, area, true);
    const auto half = [](const XsaveImage::Lane& l) { return cpu::Xmm{l.word[0], l.word[1]}; };
    for (unsigned n = 0; n < 16; ++n) cpu_.ymm[n] = {{half(fx.xmm[n]), half(fx.ymm_high[n])}};
    cpu_.mxcsr = fx.mxcsr;
  }
  void take_fx(XsaveImage& fx) {
    std::array<std::uint8_t, 160> area{};
    cpu::x87_fxsave(cpu_.fpu, area, true);
    fx.mxcsr = cpu_.mxcsr;
    std::memcpy(static_cast<void*>(&fx), area.data(), 24);
    std::memcpy(static_cast<void*>(&fx.st), area.data() + 32, 128);
    for (unsigned n = 0; n < 16; ++n) {
      const cpu::Ymm& y = cpu_.ymm[n];
      fx.xmm[n] = {{y.lane[0].lo, y.lane[0].hi}};
      fx.ymm_high[n] = {{y.lane[1].lo, y.lane[1].hi}};
    }
  }

  Result take(const Case& c, cpu::RunExit exit) {
    Result r;
    std::uint64_t flags = cpu_.eflags(), sp = cpu_.gpr[cpu::kRsp];
    std::uint16_t cs = cpu_.seg[cpu::kCs].selector, ss = cpu_.seg[cpu::kSs].selector;
    r.rip = cpu_.rip();
    r.outcome = Outcome::kCompleted;
    if (cpu_.rip() - kHigh - kHandlers < 256 * 16) {
      const std::uint64_t handler = cpu_.rip() - kHigh - kHandlers;
      r.vector = static_cast<std::uint8_t>(handler / 16);
      std::uint64_t frame = cpu_.gpr[cpu::kRsp] - kHigh;
      if (frame == kStackTop - 48) {
        r.error_code = static_cast<std::uint32_t>(get64(frame));
        frame += 8;
      }
      r.rip = get64(frame);
      cs = static_cast<std::uint16_t>(get64(frame + 8));
      flags = get64(frame + 16);
      sp = get64(frame + 24);
      ss = static_cast<std::uint16_t>(get64(frame + 32));
      if (r.vector != cpu::kDB) r.outcome = Outcome::kFault;
      if (r.vector == cpu::kPFv) r.cr2 = cpu_.cr.cr2;
    } else if (exit != cpu::RunExit::Slice) {
      r.outcome = Outcome::kCrashed;
    }
    if (r.outcome == Outcome::kCompleted && r.rip == c.rip) r.outcome = Outcome::kStepLimit;
    r.flags = flags & ~(kTf | kIf | kRf);
    const std::uint64_t mask = c.mode == Mode::k64 ? ~0ULL : 0xffffffff;
    for (unsigned n = 0; n < 16; ++n) r.gpr[n] = c.mode == Mode::k64 || n < 8 ? cpu_.gpr[n] & mask : 0;
    r.gpr[kRsp] = sp & mask;
    for (unsigned n = 0; n < 6; ++n) r.selector[n] = cpu_.seg[n].selector;
    r.selector[kCs] = cs;
    r.selector[kSs] = ss;
    r.fs_base = cpu_.seg[cpu::kFs].base;
    r.gs_base = cpu_.seg[cpu::kGs].base;
    take_fx(r.fx);
    return r;
  }

  void collect_memory(Result& r) {
    std::vector<std::uint8_t> was;
    for (const Window& w : layout_) {
      was = w.background;
      for (const MemoryRun& b : before_) {
        if (b.address < w.address || b.address + b.bytes.size() > w.address + was.size()) continue;
        std::memcpy(was.data() + (b.address - w.address), b.bytes.data(), b.bytes.size());
      }
      if (std::memcmp(was.data(), at(w.address), was.size()) == 0) continue;
      append_changes(w.address, was.data(), at(w.address), was.size(), r.changes);
    }
    dirty_.insert(dirty_.end(), r.changes.begin(), r.changes.end());
  }

  Layout layout_;
  cpu::Model model_;
  mem::EventLog log_;
  mem::Ram ram_;
  mem::PhysMap map_;
  mem::IoBus io_;
  test::NullBoard board_;
  test::StillTime time_;
  cpu::Cpu cpu_;
  std::vector<MemoryRun> before_, dirty_;
};

CpuRunner::CpuRunner(const Layout& layout) : impl_(std::make_unique<Impl>(layout)) {}
CpuRunner::~CpuRunner() = default;
Result CpuRunner::run(const Case& c, std::uint32_t steps, bool trap) { return impl_->run(c, steps, trap); }

}  // namespace ilse::oracle
