// A processor without a board, for tests: RAM with page tables, a null board, time that stands still. Code
// runs in user mode in a 64-bit or 32-bit flat segment, under paging, with only those pages mapped that a
// test asks for; an exception ends in a handler of the bench's own and comes back as its vector.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include "cpu/cpu.h"
#include "memory/event_log.h"
#include "null_board.h"

namespace ilse::test {

struct Exception {
  uint8_t vector = 0;
  uint32_t error = 0;
  bool operator==(const Exception&) const = default;
};

class CpuBench {
 public:
  // User pages may be mapped below this address.
  static constexpr uint64_t kUserEnd = 0x200000;
  static constexpr uint64_t kCode = 0x20000, kData = 0x40000, kDataSize = 0x4000;

  explicit CpuBench(std::string_view model = "max") : CpuBench(take(cpu::find_model(model))) {}
  explicit CpuBench(const cpu::Model& model)
      : ram_(take(mem::Ram::create(4 << 20))),
        map_(ram_, log_),
        io_(log_),
        cpu_(0, model, map_, io_, board, time_) {
    map_.add({mem::PhysMap::ram_region(0, 4 << 20, ram_, 0)});
    map_.commit();
    put(kPml4, kPdpt | 7);
    put(kPdpt, kPd | 7);
    put(kPd, kPt | 7);
    put(kPd + 8, kUserEnd | 0x83);
    put(kGdt + 8, 0x00AF9B000000FFFF);
    put(kTss + 4, kStackTop);
    for (unsigned v = 0; v < 32; ++v) {
      uint64_t handler = kHandlers + 16 * v;
      ram_.data()[handler] = 0xF4;
      put(kIdt + 16 * v, (handler & 0xFFFF) | 8 << 16 | 0x8E00ull << 32 | (handler >> 16) << 48);
    }
    map(kCode, 0x1000, false);
    map(kData, kDataSize);
    start(64);
  }

  void map(uint64_t address, uint64_t size, bool writable = true) {
    for (uint64_t a = address; a < address + size; a += 0x1000) {
      put(kPt + (a >> 12) * 8, a | (writable ? 7u : 5u));
    }
    cpu_.flush_tlb();
  }
  void unmap(uint64_t address) {
    put(kPt + (address >> 12) * 8, 0);
    cpu_.flush_tlb();
  }

  // User mode, with registers as after reset, FNINIT and all exceptions masked.
  void start(unsigned width) {
    using namespace cpu;
    cpu_.reset(true);
    cpu_.cr.cr0 = kCr0Pe | kCr0Pg | kCr0Ne | kCr0Et | kCr0Wp | kCr0Mp | kCr0Am;
    cpu_.cr.cr3 = kPml4;
    cpu_.cr.cr4 = kCr4Pae | kCr4Osfxsr | kCr4Osxmmexcpt;
    cpu_.cr.efer = kEferLme | kEferLma | kEferNx;
    cpu_.gdtr = {kGdt, 0xF};
    cpu_.idtr = {kIdt, 0x1FF};
    cpu_.tr = {kTss, 0x67, 0, kSegPresent | 11};
    constexpr uint16_t kUser = kSegPresent | kSegS | kSegDpl | kSegAccessed | kSegWritable | kSegGranular;
    for (Segment& s : cpu_.seg) s = {0, 0xFFFFFFFF, 0x2B, kUser | kSegBig};
    cpu_.seg[kCs].selector = width == 64 ? 0x33 : 0x23;
    cpu_.seg[kCs].attr = static_cast<uint16_t>(kUser | kSegCode | (width == 64 ? kSegLong : kSegBig));
    cpu_.fpu.fninit();
    cpu_.gpr[kRsp] = kData + kDataSize - 0x100;
    cpu_.set_rip(kCode);
    cpu_.set_eflags(2);
    cpu_.flush_tlb();
    cpu_.update_mode();
  }

  // Runs `instructions` of `code`, placed at `at`. The exception that stopped it, if any: then RIP, RSP and
  // the flags are those that the handler was given.
  std::optional<Exception> run(std::span<const uint8_t> code, unsigned instructions = 1,
                               uint64_t at = kCode) {
    put_bytes(at, code);
    cpu_.set_rip(at);
    auto seg = cpu_.seg;
    exit = cpu_.run(instructions);
    if (cpu_.rip() < kHandlers || cpu_.rip() >= kHandlers + 512) return std::nullopt;
    Exception e{static_cast<uint8_t>((cpu_.rip() - kHandlers) / 16), 0};
    uint64_t sp = cpu_.gpr[cpu::kRsp];
    if (e.vector == 8 || (e.vector >= 10 && e.vector <= 14) || e.vector == 17) {
      e.error = static_cast<uint32_t>(get<uint64_t>(sp));
      sp += 8;
    }
    cpu_.set_rip(get<uint64_t>(sp));
    cpu_.gpr[cpu::kRsp] = get<uint64_t>(sp + 24);
    cpu_.seg = seg;
    cpu_.set_eflags(static_cast<uint32_t>(get<uint64_t>(sp + 16)) & ~uint32_t{cpu::kRF});
    cpu_.pending.activity = cpu::Activity::Running;
    cpu_.update_mode();
    return e;
  }

  template <class T>
  T get(uint64_t address) const {
    T v;
    std::memcpy(&v, ram_.data() + address, sizeof v);
    return v;
  }
  template <class T>
  void put(uint64_t address, const T& v) {
    std::memcpy(ram_.data() + address, &v, sizeof v);
    ram_.written(address, sizeof v);
  }
  void put_bytes(uint64_t address, std::span<const uint8_t> bytes) {
    std::memcpy(ram_.data() + address, bytes.data(), bytes.size());
    ram_.written(address, bytes.size());
  }
  uint8_t* ram() { return ram_.data(); }
  cpu::Cpu& cpu() { return cpu_; }

  NullBoard board;
  cpu::RunExit exit = cpu::RunExit::Slice;

 private:
  static constexpr uint64_t kPml4 = 0x200000, kPdpt = 0x201000, kPd = 0x202000, kPt = 0x203000,
                            kIdt = 0x300000, kGdt = 0x301000, kTss = 0x302000, kStackTop = 0x304000,
                            kHandlers = 0x305000;

  template <class T>
  static T take(mem::Result<T> r) {
    if (!r) throw std::runtime_error(r.error().message);
    return std::move(*r);
  }

  mem::EventLog log_;
  mem::Ram ram_;
  mem::PhysMap map_;
  mem::IoBus io_;
  StillTime time_;
  cpu::Cpu cpu_;
};

}  // namespace ilse::test
