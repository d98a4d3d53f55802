// The native runner itself: known results, faults and state in the three widths, and that nothing a random
// instruction does reaches the test program.
#include "oracle/native.h"

#include <unistd.h>

#include "oracle/random_case.h"
#include "oracle/test_layout.h"

namespace ilse::oracle {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kStart = kCodeAddress + 0x100;
constexpr std::array<Mode, 3> kModes = {Mode::k16, Mode::k32, Mode::k64};

Bytes little_endian(std::uint64_t value, unsigned size) {
  Bytes bytes(size);
  for (unsigned i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(value >> 8 * i);
  return bytes;
}

// What the case's memory holds at `address` after the run, as far as it changed.
std::uint64_t changed(const Result& r, std::uint64_t address, unsigned size, std::uint64_t before) {
  Bytes bytes = little_endian(before, size);
  for (const MemoryRun& run : r.changes) {
    for (std::size_t i = 0; i < run.bytes.size(); ++i) {
      const std::uint64_t at = run.address + i;
      if (at >= address && at < address + size) bytes[at - address] = run.bytes[i];
    }
  }
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i) value |= std::uint64_t{bytes[i]} << 8 * i;
  return value;
}

void check_fault(const Result& r, unsigned vector, std::uint32_t error_code = 0) {
  REQUIRE(r.outcome == Outcome::kFault);
  REQUIRE(r.vector == vector);
  REQUIRE(r.error_code == error_code);
}

TEST_CASE("native: ADD and ADC, result and flags, in every width", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  for (const Mode mode : kModes) {
    for (const End end : {End::kStep, End::kBreakpoint}) {
      Case c = test_case(mode, {0x00, 0xc8});  // ADD AL, CL
      c.end = end;
      c.gpr[kRax] = 0x1180;
      c.gpr[kRcx] = 0x2280;
      Result r = runner->run(c);
      REQUIRE(r.outcome == Outcome::kCompleted);
      REQUIRE(r.gpr[kRax] == 0x1100);
      REQUIRE(r.flags == (2 | kCf | kOf | kZf | kPf));
      REQUIRE(r.rip == c.rip + 2);
      REQUIRE(r.changes.empty());

      c.code = {0x10, 0xc8};  // ADC AL, CL
      c.gpr[kRax] = 0x0f;
      c.gpr[kRcx] = 0;
      c.flags = kCf;
      r = runner->run(c);
      REQUIRE(r.gpr[kRax] == 0x10);
      REQUIRE(r.flags == (2 | kAf));
    }
  }
  Case c = test_case(Mode::k64, {0x01, 0xc8});  // ADD EAX, ECX clears the upper half
  c.gpr[kRax] = 0xffffffff00000001;
  Result r = runner->run(c);
  REQUIRE(r.gpr[kRax] == 1);
}

TEST_CASE("native: every register arrives and comes back", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  for (const Mode mode : kModes) {
    Random random(7);
    Case c = test_case(mode, {0x90});
    for (unsigned i = 0; i < (mode == Mode::k64 ? 16U : 8U); ++i) {
      if (i != kRsp) c.gpr[i] = random.next() & low_bits(mode == Mode::k64 ? 64 : 32);
    }
    c.flags = kStatusFlags | kDf;
    c.fx = random_fx(random);
    c.fx.mxcsr = 0x9fc0;
    c.fx.fcw = 0x27f;
    c.fx.fsw = 0x3800;
    c.fx.ftw = 0xff;
    const Result r = runner->run(c);
    REQUIRE(r.outcome == Outcome::kCompleted);
    REQUIRE(r.gpr == c.gpr);
    REQUIRE(r.flags == (2 | kStatusFlags | kDf));
    REQUIRE(r.selector == initial_selectors(c));
    REQUIRE(r.fx.fcw == c.fx.fcw);
    REQUIRE(r.fx.fsw == c.fx.fsw);
    REQUIRE(r.fx.ftw == c.fx.ftw);
    REQUIRE(r.fx.mxcsr == c.fx.mxcsr);
    REQUIRE(r.fx.st == c.fx.st);
    REQUIRE(r.fx.xmm == c.fx.xmm);
    REQUIRE(r.fx.ymm_high == c.fx.ymm_high);
  }
}

TEST_CASE("native: faults leave RIP at the instruction", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  for (const Mode mode : kModes) {
    Case c = test_case(mode, {0xf7, 0xf1});  // DIV (E)CX
    c.gpr[kRax] = 5;
    c.flags = kStatusFlags;
    Result r = runner->run(c);
    check_fault(r, 0);
    REQUIRE(r.rip == c.rip);
    REQUIRE(r.gpr == c.gpr);

    c.code = {0x0f, 0x0b};
    check_fault(runner->run(c), 6);
    c.code = {0xf4};  // HLT
    check_fault(runner->run(c), 13);
    c.code = {0xcd, 0x20};  // INT 20h, not open to user code
    check_fault(runner->run(c), 13, 0x20 * 8 + 2);
    c.code = {0xcc};
    r = runner->run(c);
    check_fault(r, 3);
    REQUIRE(r.rip == c.rip + 1);
  }
  Case into = test_case(Mode::k32, {0xce});
  into.flags = kOf;
  check_fault(runner->run(into), 4);
  Case bound = test_case(Mode::k32, {0x62, 0x07});  // BOUND EAX, [EDI]
  bound.gpr[kRdi] = kDataAddress;
  bound.memory = {{kDataAddress, little_endian(0x0000000500000001, 8)}};
  bound.gpr[kRax] = 6;
  check_fault(runner->run(bound), 5);
  bound.gpr[kRax] = 5;
  REQUIRE(runner->run(bound).outcome == Outcome::kCompleted);
}

TEST_CASE("native: page faults with error code and CR2", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  Case c = test_case(Mode::k64, {0x8b, 0x07});  // MOV EAX, [RDI]
  c.gpr[kRdi] = 0x12345678;
  Result r = runner->run(c);
  check_fault(r, 14, 4);
  REQUIRE(r.cr2 == 0x12345678);
  c.code = {0x89, 0x07};  // MOV [RDI], EAX
  check_fault(runner->run(c), 14, 6);
  c.gpr[kRdi] = kCodeAddress;  // present, not writable
  check_fault(runner->run(c), 14, 7);
  c.code = {0xff, 0xe7};  // JMP RDI: the jump retires, what it jumps to is another matter
  c.gpr[kRdi] = kDataAddress;
  REQUIRE(runner->run(c).rip == kDataAddress);
  c.gpr[kRdi] = 0x8000000000000000;  // not canonical
  c.code = {0x8b, 0x07};
  check_fault(runner->run(c), 13);
  for (const Mode mode : {Mode::k32, Mode::k64}) {
    // An operand across the end of the window: the fault is at the first missing byte.
    Case split = test_case(mode, {0x8b, 0x07});
    split.gpr[kRdi] = kDataAddress + kDataSize - 2;
    r = runner->run(split);
    check_fault(r, 14, 4);
    REQUIRE(r.cr2 == kDataAddress + kDataSize);
  }
}

TEST_CASE("native: stack, calls and branches", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  for (const Mode mode : kModes) {
    const unsigned size = mode == Mode::k64 ? 8 : mode == Mode::k32 ? 4 : 2;
    const std::uint64_t base = mode == Mode::k16 ? kDataAddress : 0;
    Case c = test_case(mode, {0x50});  // PUSH
    c.gpr[kRax] = 0x5a5a;
    const std::uint64_t sp = c.gpr[kRsp];
    c.memory = {{base + sp - size, Bytes(size, 0xee)}, {base + sp, little_endian(0x1234, size)}};
    Result r = runner->run(c);
    REQUIRE(r.gpr[kRsp] == sp - size);
    REQUIRE(changed(r, base + sp - size, size, 0xeeeeeeeeeeeeeeee) == 0x5a5a);

    c.code = {0x59};  // POP
    r = runner->run(c);
    REQUIRE(r.gpr[kRcx] == 0x1234);
    REQUIRE(r.gpr[kRsp] == sp + size);

    c.code = mode == Mode::k16 ? Bytes{0xe8, 0x10, 0x00} : Bytes{0xe8, 0x10, 0x00, 0x00, 0x00};  // CALL
    r = runner->run(c);
    REQUIRE(r.rip == c.rip + c.code.size() + 0x10);
    REQUIRE(changed(r, base + sp - size, size, 0xeeeeeeeeeeeeeeee) == c.rip + c.code.size());

    c.code = {0xc3};  // RET
    r = runner->run(c);
    REQUIRE(r.rip == 0x1234);

    c.code = {0x74, 0x20};  // JZ
    REQUIRE(runner->run(c).rip == c.rip + 2);
    c.flags = kZf;
    REQUIRE(runner->run(c).rip == c.rip + 0x22);
    c.code = {0xeb, 0xfe};  // JMP to itself
    r = runner->run(c);
    REQUIRE(r.outcome == Outcome::kStepLimit);
    REQUIRE(r.rip == c.rip);
  }
}

TEST_CASE("native: REP MOVSB, whole, by steps, and into a fault", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  for (const Mode mode : kModes) {
    const std::uint64_t base = mode == Mode::k16 ? kDataAddress : 0;
    Case c = test_case(mode, {0xf3, 0xa4});
    c.gpr[kRsi] = kDataAddress - base;
    c.gpr[kRdi] = kDataAddress - base + 0x100;
    c.gpr[kRcx] = 5;
    c.memory = {{kDataAddress, {1, 2, 3, 4, 5}}, {kDataAddress + 0x100, Bytes(5, 0xff)}};
    c.step_limit = 100;
    Result r = runner->run(c);
    REQUIRE(r.outcome == Outcome::kCompleted);
    REQUIRE(r.steps == 5);
    REQUIRE(r.gpr[kRcx] == 0);
    REQUIRE(r.changes == std::vector<MemoryRun>{{kDataAddress + 0x100, {1, 2, 3, 4, 5}}});

    c.step_limit = 2;
    r = runner->run(c);
    REQUIRE(r.outcome == Outcome::kStepLimit);
    REQUIRE(r.gpr[kRcx] == 3);
    REQUIRE(r.rip == c.rip);

    c.end = End::kBreakpoint;
    r = runner->run(c);
    REQUIRE(r.outcome == Outcome::kCompleted);
    REQUIRE(r.steps == 1);
    REQUIRE(r.gpr[kRdi] == c.gpr[kRdi] + 5);
  }
  Case c = test_case(Mode::k64, {0xf3, 0xaa});  // REP STOSB off the end of the window
  c.end = End::kBreakpoint;
  c.gpr[kRax] = 0x77;
  c.gpr[kRcx] = 10;
  c.gpr[kRdi] = kDataAddress + kDataSize - 4;
  c.memory = {{c.gpr[kRdi], Bytes(4, 0)}};
  const Result r = runner->run(c);
  check_fault(r, 14, 6);
  REQUIRE(r.gpr[kRcx] == 6);
  REQUIRE(r.rip == c.rip);
  REQUIRE(r.changes == std::vector<MemoryRun>{{c.gpr[kRdi], Bytes(4, 0x77)}});
}

TEST_CASE("native: decimal instructions of 32-bit code", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  Case c = test_case(Mode::k32, {0x27});  // DAA after 79h + 35h = AEh
  c.gpr[kRax] = 0xae;
  Result r = runner->run(c);
  REQUIRE(r.gpr[kRax] == 0x14);
  REQUIRE((r.flags & (kCf | kAf)) == (kCf | kAf));
  c.code = {0xd4, 0x0a};  // AAM
  c.gpr[kRax] = 63;
  REQUIRE(runner->run(c).gpr[kRax] == 0x0603);
  c.code = {0xd4, 0x00};
  check_fault(runner->run(c), 0);
  c.mode = Mode::k64;  // there they are not
  check_fault(runner->run(c), 6);
}

TEST_CASE("native: 16-bit addressing, wrap and limits", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  Case c = test_case(Mode::k16, {0x8b, 0x87, 0x10, 0x00});  // MOV AX, [BX+10h]
  c.gpr[kRbx] = 0xfffa;                                     // wraps to 0Ah
  c.memory = {{kDataAddress + 0x0a, {0x34, 0x12}}};
  REQUIRE(runner->run(c).gpr[kRax] == 0x1234);

  c.code = {0x8b, 0x07};  // MOV AX, [BX]
  c.gpr[kRbx] = 0xffff;   // a word across the segment's limit
  check_fault(runner->run(c), 13);
  c.code = {0x36, 0x8b, 0x07};  // the same in the stack segment
  check_fault(runner->run(c), 12);
  c.code = {0x67, 0x8b, 0x03};  // MOV AX, [EBX]
  c.gpr[kRbx] = 0x10000;
  check_fault(runner->run(c), 13);

  c.code = {0x50};  // PUSH AX at SP = 0 wraps to FFFEh, where nothing is mapped
  c.gpr[kRsp] = 0;
  Result r = runner->run(c);
  check_fault(r, 14, 6);
  REQUIRE(r.cr2 == kDataAddress + 0xfffe);

  c = test_case(Mode::k16, {0x66, 0x89, 0xe0});  // MOV EAX, ESP: no host bits in the upper half
  REQUIRE(runner->run(c).gpr[kRax] == c.gpr[kRsp]);
  c.base[kEs] = kCodeAddress;  // segments are independent
  c.code = {0x26, 0x8b, 0x07};
  c.gpr[kRbx] = 0x800;
  REQUIRE(runner->run(c).gpr[kRax] == 0x9090);
}

TEST_CASE("native: segment bases of 32- and 64-bit code", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  for (const Mode mode : {Mode::k32, Mode::k64}) {
    // MOV EAX, GS:[EDI]
    Case c = test_case(mode, {0x65, 0x8b, 0x07});
    c.base[kGs] = kDataAddress + 0x40;
    c.gpr[kRdi] = 0x20;
    c.memory = {{kDataAddress + 0x60, {1, 2, 3, 4}}};
    const Result r = runner->run(c);
    REQUIRE(r.outcome == Outcome::kCompleted);
    REQUIRE(r.gpr[kRax] == 0x04030201);
    REQUIRE(r.gs_base == c.base[kGs]);
    REQUIRE(r.selector == initial_selectors(c));
  }
  Case c = test_case(Mode::k64, {0x8e, 0xe8});  // MOV GS, EAX
  c.gpr[kRax] = 0x2b;
  Result r = runner->run(c);
  REQUIRE(r.selector[kGs] == 0x2b);
  c.gpr[kRax] = 0x10;  // a descriptor of the host's kernel
  check_fault(runner->run(c), 13, 0x10);
  c.code = {0x8e, 0xd0, 0xb0, 0x07};  // MOV SS, EAX holds the trap back until MOV AL, 7 is done
  c.gpr[kRax] = 0x2b;
  r = runner->run(c);
  REQUIRE(r.outcome == Outcome::kCompleted);
  REQUIRE(r.rip == kStart + 4);
  REQUIRE(r.gpr[kRax] == 0x07);
}

TEST_CASE("native: x87 values, status and a pending exception", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  for (const Mode mode : kModes) {
    Case c = test_case(mode, {0xd8, 0xc1});  // FADD ST, ST(1)
    c.fx.ftw = 0xc0;
    c.fx.fsw = 6 << 11;
    c.fx.st[0] = {{0x8000000000000000, 0x3fff}};  // 1
    c.fx.st[1] = {{0xc000000000000000, 0x4000}};  // 3
    Result r = runner->run(c);
    REQUIRE(r.outcome == Outcome::kCompleted);
    REQUIRE(r.fx.st[0] == XsaveImage::Lane{{0x8000000000000000, 0x4001}});  // 4
    REQUIRE(r.fx.st[1] == c.fx.st[1]);

    c.code = {0xd8, 0xf1};  // FDIV ST, ST(1) by zero
    c.fx.st[1] = {{0, 0}};
    r = runner->run(c);
    REQUIRE((r.fx.fsw & 0x3f) == 4);
    REQUIRE(r.fx.st[0] == XsaveImage::Lane{{0x8000000000000000, 0x7fff}});
    c.fx.fcw = 0x37b;
    c.end = End::kBreakpoint;
    c.code = {0xd8, 0xf1, 0x9b};  // unmasked, the fault comes at FWAIT
    r = runner->run(c);
    check_fault(r, 16);
    REQUIRE(r.rip == c.rip + 2);
    REQUIRE(r.fx.st[0] == c.fx.st[0]);
  }
}

TEST_CASE("native: SSE, MXCSR and AVX", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  for (const Mode mode : kModes) {
    Case c = test_case(mode, {0x0f, 0x58, 0xc1});  // ADDPS XMM0, XMM1
    c.fx.xmm[0].word = {0x3f8000003f800000, 0x7f7fffff00000000};
    c.fx.xmm[1].word = {0x4000000033000000, 0x7f7fffff00000000};
    Result r = runner->run(c);
    REQUIRE(r.outcome == Outcome::kCompleted);
    REQUIRE(r.fx.xmm[0].word == std::array<std::uint64_t, 2>{0x404000003f800000, 0x7f80000000000000});
    REQUIRE(r.fx.mxcsr == (0x1f80 | 0x28));  // overflow, precision

    c.fx.mxcsr = 0x1f80 & ~(1U << 10);  // overflow unmasked
    r = runner->run(c);
    check_fault(r, 19);
    REQUIRE(r.fx.xmm[0] == c.fx.xmm[0]);
  }
  Case c = test_case(Mode::k64, {0xc5, 0xf4, 0x57, 0xc2});  // VXORPS YMM0, YMM1, YMM2
  c.fx.ymm_high[1].word = {1, 2};
  c.fx.ymm_high[2].word = {4, 8};
  REQUIRE(runner->run(c).fx.ymm_high[0].word == std::array<std::uint64_t, 2>{5, 10});
}

TEST_CASE("native: PUSHF without single step does not see TF", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  Case c = test_case(Mode::k64, {0x9c});
  const std::uint64_t slot = c.gpr[kRsp] - 8;
  c.memory = {{slot, Bytes(8, 0xff)}};
  REQUIRE(changed(runner->run(c), slot, 8, ~0ULL) == (2 | kIf | kTf));
  c.end = End::kBreakpoint;
  REQUIRE(changed(runner->run(c), slot, 8, ~0ULL) == (2 | kIf));
  c.flags = kTf;  // the guest's own single step
  const Result r = runner->run(c);
  check_fault(r, 1);
  REQUIRE(r.rip == kStart + 1);
}

TEST_CASE("native: each case starts from the background", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  Case store = test_case(Mode::k64, {0x48, 0x89, 0x07});  // MOV [RDI], RAX
  store.gpr[kRdi] = kDataAddress + 8;
  store.gpr[kRax] = 0x0102030405060708;
  store.memory = {{kDataAddress, Bytes(16, 0xaa)}};
  Case load = test_case(Mode::k64, {0x48, 0x8b, 0x07});
  load.gpr[kRdi] = kDataAddress + 8;
  const std::uint64_t before = runner->run(load).gpr[kRax];
  const std::array<Case, 3> cases = {load, store, load};
  const auto results = runner->run(cases);
  REQUIRE(results[1].changes == std::vector<MemoryRun>{{kDataAddress + 8, {8, 7, 6, 5, 4, 3, 2, 1}}});
  REQUIRE(results[0].gpr[kRax] == before);
  REQUIRE(results[2].gpr[kRax] == before);
}

TEST_CASE("native: changes are maximal runs of differing bytes", "[native]") {
  const Bytes before = {0, 1, 2, 3, 4};
  const Bytes after = {9, 1, 8, 7, 4};
  std::vector<MemoryRun> out;
  append_changes(100, before.data(), after.data(), before.size(), out);
  REQUIRE(out == std::vector<MemoryRun>{{100, {9}}, {102, {8, 7}}});
}

TEST_CASE("native: system calls never reach the host's kernel", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  for (const Mode mode : kModes) {
    for (const Bytes& code :
         {Bytes{0x0f, 0x05}, Bytes{0x66, 0x0f, 0x34}, Bytes{0xcd, 0x80}, Bytes{0x0f, 0x01, 0xe0}}) {
      Case c = test_case(mode, code);
      c.gpr[kRax] = 60;
      REQUIRE(runner->run(c).outcome == Outcome::kRejected);
    }
  }
  Case hidden = test_case(Mode::k64, {0x90, 0x0f, 0x05});  // NOP, SYSCALL: exit
  hidden.gpr[kRax] = 60;
  hidden.end = End::kBreakpoint;
  REQUIRE(runner->run(hidden).outcome == Outcome::kSyscall);
  hidden.mode = Mode::k32;
  hidden.code = {0x90, 0xcd, 0x80};
  hidden.gpr[kRax] = 1;
  REQUIRE(runner->run(hidden).outcome == Outcome::kSyscall);
  REQUIRE(runner->restarts() == 0);
}

TEST_CASE("native: an endless loop costs the case and nothing else", "[native]") {
  if (!test_runner()) return;
  NativeRunner runner(test_layout(), 100);
  Case loop = test_case(Mode::k64, {0xeb, 0xfe});
  loop.end = End::kBreakpoint;
  Case good = test_case(Mode::k64, {0xff, 0xc0});
  const std::array<Case, 3> cases = {good, loop, good};
  const auto results = runner.run(cases);
  REQUIRE(results[0].gpr[kRax] == 1);
  REQUIRE(results[1].outcome == Outcome::kTimeout);
  REQUIRE(results[2].gpr[kRax] == 1);
  REQUIRE(runner.restarts() == 1);
}

TEST_CASE("native: code that may lock the bus is known", "[native]") {
  REQUIRE(native_locks(Bytes{0xf0, 0x01, 0x07}, Mode::k64));
  REQUIRE(native_locks(Bytes{0x66, 0x87, 0x07}, Mode::k32));
  REQUIRE(native_locks(Bytes{0x48, 0x87, 0x07}, Mode::k64));
  REQUIRE_FALSE(native_locks(Bytes{0x48, 0x87, 0x07}, Mode::k32));  // DEC EAX
  REQUIRE_FALSE(native_locks(Bytes{0x87, 0xc1}, Mode::k64));
  REQUIRE_FALSE(native_locks(Bytes{0x01, 0x07}, Mode::k64));
}

TEST_CASE("native: layouts and cases that can't be are refused", "[native]") {
  const auto make = [](const Layout& layout) { return NativeRunner(layout); };
  REQUIRE_THROWS_AS(make({{0x20800, Bytes(0x1000), true, true}}), std::runtime_error);
  REQUIRE_THROWS_AS(make({{0x20000, Bytes(0x100), true, true}}), std::runtime_error);
  REQUIRE_THROWS_AS(make({{0, Bytes(0x1000), true, true}}), std::runtime_error);
  REQUIRE_THROWS_AS(make({{0x100000000, Bytes(0x1000), true, true}}), std::runtime_error);
  REQUIRE_THROWS_AS(make({{0x20000, Bytes(0x2000), true, true}, {0x21000, Bytes(0x1000), true, true}}),
                    std::runtime_error);
  const auto runner = test_runner();
  if (!runner) return;
  Case c = test_case(Mode::k64, {0x90});
  c.rip = 0x1000;
  REQUIRE_THROWS_AS(runner->run(c), std::runtime_error);
  c = test_case(Mode::k64, {0x90});
  c.memory = {{kDataAddress + kDataSize - 1, {1, 2}}};
  REQUIRE_THROWS_AS(runner->run(c), std::runtime_error);
}

TEST_CASE("native: random instructions upset nothing and repeat", "[native]") {
  const auto runner = test_runner();
  if (!runner) return;
  static constexpr Bytes::size_type kLength = 15;
  constexpr unsigned kPerMode = 36000;
  const pid_t self = getpid();
  unsigned completed = 0;
  for (const Mode mode : kModes) {
    Random random(static_cast<std::uint64_t>(mode) + 99);
    std::vector<Case> cases;
    for (unsigned i = 0; i < kPerMode; ++i) {
      Bytes code(kLength);
      for (auto& byte : code) byte = static_cast<std::uint8_t>(random.next());
      // Two thirds in the maps behind 0F, where most opcodes are.
      if (!random.one_in(3)) code[random.below(2)] = 0x0f;
      if (native_locks(code, mode)) continue;
      Case c = test_case(mode, code);
      randomize(random, {kDataAddress, kDataSize}, c);
      cases.push_back(std::move(c));
    }
    const auto results = runner->run(cases);
    REQUIRE(results.size() == cases.size());
    for (const Result& r : results) {
      if (r.outcome == Outcome::kCompleted) ++completed;
    }
    // What is not about time, randomness or the host comes out the same again.
    const auto again = runner->run(std::span(cases).first(1000));
    unsigned different = 0;
    for (unsigned i = 0; i < 1000; ++i) {
      if (again[i].gpr != results[i].gpr || again[i].changes != results[i].changes) ++different;
    }
    REQUIRE(different < 20);
  }
  REQUIRE(completed > 30000);
  REQUIRE(runner->restarts() == 0);
  REQUIRE(getpid() == self);
}

}  // namespace
}  // namespace ilse::oracle
