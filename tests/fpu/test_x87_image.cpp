// FNSTENV, FNSAVE, FLDENV, FRSTOR and FXSAVE: the bytes against the host's own, and the real-mode
// layouts, which no 64-bit host can make, against the manual's figures.
#include <catch2/catch.hpp>

#include "fpu/x87_fixture.h"
#include "oracle/silicon.h"

using namespace ilse::cpu;
using namespace fpu_test;

namespace {

X87Image image_in(const Operand& m) {
  X87Image image;
  std::memcpy(image.data(), m.bytes.data(), image.size());
  return image;
}

void put_env(X87& x, Operand& m, X87EnvFormat format) {
  std::memcpy(m.bytes.data(), x87_env(x, format).data(), x87_env_size(format));
  after_fnstenv(x);
}

void put_save(X87& x, Operand& m, X87EnvFormat format) {
  std::memcpy(m.bytes.data(), x87_save(x, format).data(), x87_save_size(format));
  x.fninit();
}

void make_image(Random& rng, Operand& m, X87EnvFormat format) {
  X87 x = random_state(rng, true);
  x.tag = static_cast<uint8_t>(rng());
  std::memcpy(m.bytes.data(), x87_save(x, format).data(), x87_save_size(format));
}

// An unmasked exception that no instruction has reported yet.
void wait_for_report(X87& x) {
  x.fldcw(static_cast<uint16_t>(x.cw & ~x87sw::kIE));
  x.set_status_word(static_cast<uint16_t>(x.status_word() | x87sw::kIE | x87sw::kES | x87sw::kB));
}

Case env_case(const char* name, std::vector<uint8_t> code, X87EnvFormat format) {
  return {name, std::move(code), [format](X87& x, Operand& m, uint64_t&) { put_env(x, m, format); }};
}
Case save_case(const char* name, std::vector<uint8_t> code, X87EnvFormat format) {
  return {name, std::move(code), [format](X87& x, Operand& m, uint64_t&) { put_save(x, m, format); }};
}
Case load_env_case(const char* name, std::vector<uint8_t> code, X87EnvFormat format) {
  return {name, std::move(code),
          [format](X87& x, Operand& m, uint64_t&) { x87_load_env(x, image_in(m), format); },
          [format](Random& rng, Operand& m) { make_image(rng, m, format); }};
}
Case restore_case(const char* name, std::vector<uint8_t> code, X87EnvFormat format) {
  return {name, std::move(code),
          [format](X87& x, Operand& m, uint64_t&) { x87_restore(x, image_in(m), format); },
          [format](Random& rng, Operand& m) { make_image(rng, m, format); }};
}

}  // namespace

TEST_CASE("x87 FNSTENV FNSAVE FLDENV FRSTOR bytes in the protected layouts", "[x87][image]") {
  constexpr auto p32 = X87EnvFormat::kProtected32, p16 = X87EnvFormat::kProtected16;
  uint64_t seed = 100;
  for (const Case& c :
       {env_case("fnstenv 32", {0xD9, 0x36}, p32), env_case("fnstenv 16", {0x66, 0xD9, 0x36}, p16),
        save_case("fnsave 32", {0xDD, 0x36}, p32), save_case("fnsave 16", {0x66, 0xDD, 0x36}, p16),
        load_env_case("fldenv 32", {0xD9, 0x26}, p32), load_env_case("fldenv 16", {0x66, 0xD9, 0x26}, p16),
        restore_case("frstor 32", {0xDD, 0x26}, p32), restore_case("frstor 16", {0x66, 0xDD, 0x26}, p16)}) {
    INFO(c.name);
    CHECK(differs(c, 5000, seed++) == "");
  }
}

TEST_CASE("x87 FXSAVE area is what the host saves of the same state", "[x87][image]") {
  Random rng(7);
  const Native native({0x90});
  for (int n = 0; n < 5000; ++n) {
    X87 x = random_state(rng, true);
    x.fip = rng() >> 17;
    x.fdp = rng() >> 17;
    if (n % 4 == 0) wait_for_report(x);
    const FxArea in = to_area(x);
    FxArea out;
    Operand none;
    native.run(in, none, out);
    X87 back;
    x87_fxrstor(back, std::span(out.bytes).first<160>(), true);
    // AMD keeps the pointers of an exception that waits and no others (its manual, FXSAVE).
    if (!ilse::oracle::host_is_reference() && !x.pending()) {
      x.fop = back.fop;
      x.fip = back.fip;
      x.fdp = back.fdp;
    }
    REQUIRE(back == x);
    FxArea again = out;
    x87_fxsave(back, std::span(again.bytes).first<160>(), true);
    REQUIRE(std::equal(out.bytes.begin(), out.bytes.begin() + 160, again.bytes.begin()));
  }
}

TEST_CASE("x87 FXRSTOR computes ES from flags and masks", "[x87][image]") {
  Random rng(8);
  const Native native({0x90});
  for (int n = 0; n < 5000; ++n) {
    FxArea in = to_area(random_state(rng, true));
    const auto cw = static_cast<uint16_t>(rng()), sw = static_cast<uint16_t>(rng());
    std::memcpy(in.bytes.data(), &cw, 2);
    std::memcpy(in.bytes.data() + 2, &sw, 2);
    FxArea out;
    Operand none;
    native.run(in, none, out);
    X87 ours;
    x87_fxrstor(ours, std::span(in.bytes).first<160>(), true);
    FxArea area = out;
    x87_fxsave(ours, std::span(area.bytes).first<160>(), true);
    REQUIRE(std::equal(out.bytes.begin(), out.bytes.begin() + 160, area.bytes.begin()));
  }
}

TEST_CASE("x87 FXSAVE without REX.W keeps selectors and 32-bit pointers", "[x87][image]") {
  X87 x;
  x.fninit();
  x.fip = 0x11112222;
  x.fcs = 0x3333;
  x.fdp = 0x44445555;
  x.fds = 0x6666;
  x.fop = 0x7EF;
  FxArea area;
  x87_fxsave(x, std::span(area.bytes).first<160>(), false);
  const std::array<uint8_t, 24> expected{0x7F, 3,    0, 0, 0,    0,    0xEF, 7,    0x22, 0x22, 0x11, 0x11,
                                         0x33, 0x33, 0, 0, 0x55, 0x55, 0x44, 0x44, 0x66, 0x66, 0,    0};
  CHECK(std::equal(expected.begin(), expected.end(), area.bytes.begin()));
  X87 back;
  x87_fxrstor(back, std::span(area.bytes).first<160>(), false);
  CHECK(back == x);
}

TEST_CASE("x87 environment in the real-mode layouts holds linear pointers and the opcode", "[x87][image]") {
  X87 x;
  x.fninit();
  x.fcs = 0xF123;
  x.fip = 0x4567;  // linear F5797
  x.fds = 0x2000;
  x.fdp = 0x0010;  // linear 20010
  x.fop = 0x5A5;
  const X87Image r32 = x87_env(x, X87EnvFormat::kReal32);
  const std::array<uint8_t, 28> expected32{0x7F, 3,    0xFF, 0xFF, 0,    0,    0xFF, 0xFF, 0xFF, 0xFF,
                                           0xFF, 0xFF, 0x97, 0x57, 0xFF, 0xFF, 0xA5, 0xF5, 0,    0,
                                           0x10, 0,    0xFF, 0xFF, 0,    0x20, 0,    0};
  CHECK(std::equal(expected32.begin(), expected32.end(), r32.begin()));
  const X87Image r16 = x87_env(x, X87EnvFormat::kReal16);
  const std::array<uint8_t, 14> expected16{0x7F, 3,    0,    0,    0xFF, 0xFF, 0x97,
                                           0x57, 0xA5, 0xF5, 0x10, 0,    0,    0x20};
  CHECK(std::equal(expected16.begin(), expected16.end(), r16.begin()));
  for (const auto format : {X87EnvFormat::kReal32, X87EnvFormat::kReal16}) {
    X87 back;
    x87_load_env(back, x87_env(x, format), format);
    CHECK(back.fip == 0xF5797);
    CHECK(back.fdp == 0x20010);
    CHECK(back.fop == 0x5A5);
    CHECK(x87_env(back, format) == x87_env(x, format));
  }
}
