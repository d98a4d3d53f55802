// The rules of latitude.h excuse what they are for and nothing beside it. Needs no native code.
#include <string>

#include "oracle/latitude.h"
#include "oracle/test_layout.h"

namespace ilse::oracle {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A case and two equal results of it, one of which a test changes.
struct Pair {
  Case c;
  Result native, emulated;

  Pair(Mode mode, Bytes code) : c(test_case(mode, std::move(code))) {
    emulated.outcome = Outcome::kCompleted;
    emulated.rip = c.rip + c.code.size();
    emulated.flags = 2;
    emulated.gpr = c.gpr;
    native = emulated;
  }
  bool excused() const { return !excuses(c, native, emulated).empty(); }
  void fault(Result& r, std::uint8_t vector, std::uint64_t cr2 = 0) const {
    r.outcome = Outcome::kFault;
    r.vector = vector;
    r.cr2 = cr2;
    r.rip = c.rip;
  }
};

TEST_CASE("latitude: a flag only where the count leaves it undefined", "[latitude]") {
  struct Try {
    Bytes code;
    std::uint64_t flag;
    bool open;
  };
  const std::vector<Try> tries = {
      {{0xc1, 0xe0, 0x02}, kOf, true},         // SHL EAX, 2
      {{0xc1, 0xe0, 0x01}, kOf, false},        // by 1
      {{0xc1, 0xe0, 0x01}, kAf, true},         //
      {{0xc1, 0xe0, 0x20}, kAf, false},        // by 32, which is 0
      {{0xc1, 0xe0, 0x02}, kCf, false},        //
      {{0xc0, 0xe0, 0x08}, kCf, true},         // SHL AL, 8
      {{0xc0, 0xf8, 0x09}, kCf, false},        // SAR AL, 9
      {{0xc1, 0xc0, 0x02}, kOf, true},         // ROL EAX, 2
      {{0xc1, 0xc0, 0x02}, kAf, false},        //
      {{0x0f, 0xa4, 0xd0, 0x02}, kOf, true},   // SHLD EAX, EDX, 2
      {{0x0f, 0xa4, 0xd0, 0x02}, kCf, false},  //
      {{0x66, 0x0f, 0xa4, 0xd0, 0x11}, kCf, true},
      {{0xf7, 0xe1}, kZf, true},   // MUL ECX
      {{0xf7, 0xe1}, kCf, false},  //
      {{0x21, 0xc8}, kAf, true},   // AND EAX, ECX
      {{0x21, 0xc8}, kZf, false},  //
      {{0x01, 0xc8}, kAf, false},  // ADD EAX, ECX
  };
  for (const Try& t : tries) {
    Pair p(Mode::k64, t.code);
    p.native.flags ^= t.flag;
    INFO(std::hex << unsigned{t.code[0]} << " flag " << t.flag);
    CHECK(p.excused() == t.open);
    p.native.gpr[kRax] ^= 1;
    CHECK(p.excused() == (t.code.size() == 5));  // the value of SHLD of 16 bits by 17
    p.native.gpr[kRbx] ^= 1;
    CHECK_FALSE(p.excused());
  }
}

TEST_CASE("latitude: near branches with 66h, in 64-bit code alone", "[latitude]") {
  for (const Mode mode : {Mode::k32, Mode::k64}) {
    for (const bool prefix : {false, true}) {
      Pair p(mode, prefix ? Bytes{0x66, 0xeb, 0x10} : Bytes{0xeb, 0x10});
      p.native.rip = p.emulated.rip & 0xffff;
      CHECK(p.excused() == (prefix && mode == Mode::k64));
    }
  }
}

TEST_CASE("latitude: memory that an instruction shares with nobody", "[latitude]") {
  Pair push(Mode::k32, {0x06});  // PUSH ES
  const std::uint64_t slot = push.c.gpr[kRsp] - 4;
  push.emulated.changes = {{slot, {0x2b, 0}}};
  push.native.changes = {{slot, {0x2b, 0, 0, 0}}};
  CHECK(push.excused());
  push.native.changes = {{slot, {0x2c, 0, 0, 0}}};
  CHECK_FALSE(push.excused());
  push.native.changes = {{slot, {0x2b, 0, 0, 0, 0}}};
  CHECK_FALSE(push.excused());

  Pair save(Mode::k64, {0x0f, 0xae, 0x07});  // FXSAVE [RDI]
  save.c.gpr[kRdi] = save.native.gpr[kRdi] = save.emulated.gpr[kRdi] = kDataAddress;
  save.native.changes = {{kDataAddress + 30, {2}}};  // MXCSR_MASK
  CHECK(save.excused());
  save.native.changes = {{kDataAddress + 8, {1}}};  // FIP
  CHECK(save.excused());
  save.c.fx.fsw = 0x8081;
  CHECK_FALSE(save.excused());
  save.native.changes = {{kDataAddress + 24, {1}}};  // MXCSR
  CHECK_FALSE(save.excused());
}

TEST_CASE("latitude: alignment checking of vectors, not of integers", "[latitude]") {
  for (const bool vector : {false, true}) {
    for (const unsigned offset : {0U, 1U}) {
      // MOVUPS XMM0, [RDI]; MOV EAX, [RDI].
      Pair p(Mode::k64, vector ? Bytes{0x0f, 0x10, 0x07} : Bytes{0x8b, 0x07});
      p.c.flags |= kAc;
      p.c.gpr[kRdi] = p.native.gpr[kRdi] = p.emulated.gpr[kRdi] = kDataAddress + offset;
      p.fault(p.native, 17);
      CHECK(p.excused() == (vector && offset != 0));
    }
  }
}

TEST_CASE("latitude: a fault around 4 GiB, no other address", "[latitude]") {
  for (const std::uint64_t address : {0xfffffffeULL, 0x12345678ULL}) {
    Pair p(Mode::k32, {0x8b, 0x07});  // MOV EAX, [EDI]
    p.c.gpr[kRdi] = p.native.gpr[kRdi] = p.emulated.gpr[kRdi] = address;
    p.fault(p.native, 13);
    p.fault(p.emulated, 14, address);
    CHECK(p.excused() == (address == 0xfffffffe));
  }
}

TEST_CASE("latitude: of a gather midway the signs of the mask count", "[latitude]") {
  Pair p(Mode::k64, {0xc4, 0xe2, 0x69, 0x90, 0x04, 0x0f});  // VPGATHERDD XMM0, [RDI + XMM1], XMM2
  p.fault(p.native, 14, 0x1000);
  p.fault(p.emulated, 14, 0x1000);
  p.emulated.fx.xmm[2].word = {0xffffffff00000000, 0};
  p.native.fx.xmm[2].word = {0x8000000000000000, 0x7fffffff};
  CHECK(p.excused());
  p.native.fx.xmm[2].word = {0x0000000000000000, 0};
  CHECK_FALSE(p.excused());
}

TEST_CASE("latitude: two NaNs of a dot product, no number", "[latitude]") {
  Pair p(Mode::k64, {0x66, 0x0f, 0x3a, 0x40, 0xc1, 0xff});  // DPPS XMM0, XMM1, 255
  p.emulated.fx.xmm[0].word[0] = 0x7fc00001;
  p.native.fx.xmm[0].word[0] = 0x7fc00002;
  CHECK(p.excused());
  p.native.fx.xmm[0].word[0] = 0x3f800000;
  CHECK_FALSE(p.excused());
}

}  // namespace
}  // namespace ilse::oracle
