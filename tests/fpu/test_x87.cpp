// Every basic x87 instruction against the host's own, from random states: all rounding modes and
// precisions, masked and unmasked exceptions, full and empty registers, every class of value.
#include <catch2/catch.hpp>

#include "fpu/x87_fixture.h"

using namespace ilse::cpu;
using namespace fpu_test;

namespace {

constexpr unsigned kRounds = 20000;

using Ours = std::function<void(X87&, Operand&, uint64_t&)>;

Ours plain(std::function<void(X87&)> f) {
  return [f = std::move(f)](X87& x, Operand&, uint64_t&) { f(x); };
}

void set_flags(uint64_t& eflags, X87Flags f) {
  eflags = (eflags & ~uint64_t{0x8D5}) | (f.zf ? 0x40 : 0) | (f.pf ? 4 : 0) | (f.cf ? 1 : 0);
}

template <class T>
void store(X87& x, Operand& m, const X87ToMemory<T>& s, unsigned bytes) {
  if (s.write) std::memcpy(m.bytes.data(), &s.value, bytes);
  x.commit(s);
}

void check(const std::vector<Case>& cases, unsigned rounds = kRounds) {
  uint64_t seed = 1;
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(differs(c, rounds, seed++) == "");
  }
}

uint8_t byte(unsigned v) { return static_cast<uint8_t>(v); }

template <X87Arith op>
void add_arith(std::vector<Case>& out, const char* name) {
  // DC and DE exchange the reversed forms.
  constexpr unsigned kind = static_cast<unsigned>(op);
  constexpr unsigned twisted = kind >= 4 ? kind ^ 1 : kind;
  for (unsigned i : {0u, 1u, 3u, 7u}) {
    out.push_back({std::string(name) + " st,st(i)", {0xD8, byte(0xC0 | kind << 3 | i)}, plain([i](X87& x) {
                     x.arith<op>(0, i);
                   })});
    out.push_back({std::string(name) + " st(i),st", {0xDC, byte(0xC0 | twisted << 3 | i)}, plain([i](X87& x) {
                     x.arith<op>(i, 0);
                   })});
    out.push_back({std::string(name) + "p", {0xDE, byte(0xC0 | twisted << 3 | i)}, plain([i](X87& x) {
                     x.arith<op>(i, 0, true);
                   })});
  }
  const auto modrm = byte(0x06 | kind << 3);
  out.push_back({std::string(name) + " m32",
                 {0xD8, modrm},
                 [](X87& x, Operand& m, uint64_t&) { x.arith_mem<op, X87Format::kM32>(m.get<uint32_t>()); },
                 [](Random& r, Operand& m) { m.put(random_f32(r)); }});
  out.push_back({std::string(name) + " m64",
                 {0xDC, modrm},
                 [](X87& x, Operand& m, uint64_t&) { x.arith_mem<op, X87Format::kM64>(m.get<uint64_t>()); },
                 [](Random& r, Operand& m) { m.put(random_f64(r)); }});
  out.push_back({std::string(name) + " i32",
                 {0xDA, modrm},
                 [](X87& x, Operand& m, uint64_t&) { x.arith_mem<op, X87Format::kI32>(m.get<uint32_t>()); },
                 [](Random& r, Operand& m) { m.put(static_cast<uint32_t>(random_operand(r, 4))); }});
  out.push_back({std::string(name) + " i16",
                 {0xDE, modrm},
                 [](X87& x, Operand& m, uint64_t&) { x.arith_mem<op, X87Format::kI16>(m.get<uint16_t>()); },
                 [](Random& r, Operand& m) { m.put(static_cast<uint16_t>(random_operand(r, 2))); }});
}

template <X87Format format, class T>
Case compare_mem(const char* name, uint8_t opcode, bool pop, T (*make)(Random&)) {
  return {name,
          {opcode, byte(pop ? 0x1E : 0x16)},
          [pop](X87& x, Operand& m, uint64_t&) { x.fcom_mem<format>(m.get<T>(), pop); },
          [make](Random& r, Operand& m) { m.put(make(r)); }};
}

uint32_t make_i32(Random& r) { return static_cast<uint32_t>(random_operand(r, 4)); }
uint16_t make_i16(Random& r) { return static_cast<uint16_t>(random_operand(r, 2)); }

template <X87Load op, class T>
Case load_mem(const char* name, uint8_t opcode, uint8_t modrm, T (*make)(Random&)) {
  return {name,
          {opcode, modrm},
          [](X87& x, Operand& m, uint64_t&) { x.fld_mem<op>(m.get<T>()); },
          [make](Random& r, Operand& m) { m.put(make(r)); }};
}

template <X87Store op>
Case store_int(const char* name, uint8_t opcode, uint8_t modrm, unsigned bytes, bool pop) {
  return {name, {opcode, modrm}, [bytes, pop](X87& x, Operand& m, uint64_t&) {
            store(x, m, x.fist<op>(pop), bytes);
          }};
}

}  // namespace

TEST_CASE("x87 FADD FMUL FSUB FSUBR FDIV FDIVR in every form", "[x87]") {
  std::vector<Case> cases;
  add_arith<X87Arith::kAdd>(cases, "fadd");
  add_arith<X87Arith::kMul>(cases, "fmul");
  add_arith<X87Arith::kSub>(cases, "fsub");
  add_arith<X87Arith::kSubR>(cases, "fsubr");
  add_arith<X87Arith::kDiv>(cases, "fdiv");
  add_arith<X87Arith::kDivR>(cases, "fdivr");
  check(cases);
}

TEST_CASE("x87 FSQRT FRNDINT FSCALE FPREM FPREM1 FXTRACT FABS FCHS", "[x87]") {
  check({{"fsqrt", {0xD9, 0xFA}, plain([](X87& x) { x.fsqrt(); })},
         {"frndint", {0xD9, 0xFC}, plain([](X87& x) { x.frndint(); })},
         {"fscale", {0xD9, 0xFD}, plain([](X87& x) { x.fscale(); })},
         {"fprem", {0xD9, 0xF8}, plain([](X87& x) { x.fprem(); })},
         {"fprem1", {0xD9, 0xF5}, plain([](X87& x) { x.fprem1(); })},
         {"fxtract", {0xD9, 0xF4}, plain([](X87& x) { x.fxtract(); })},
         {"fabs", {0xD9, 0xE1}, plain([](X87& x) { x.fabs(); })},
         {"fchs", {0xD9, 0xE0}, plain([](X87& x) { x.fchs(); })}},
        4 * kRounds);
}

TEST_CASE("x87 comparisons set C3 C2 C0 or EFLAGS", "[x87]") {
  check({{"fcom", {0xD8, 0xD1}, plain([](X87& x) { x.fcom(1); })},
         {"fcomp", {0xD8, 0xDA}, plain([](X87& x) { x.fcom(2, 1); })},
         {"fcompp", {0xDE, 0xD9}, plain([](X87& x) { x.fcom(1, 2); })},
         {"fucom", {0xDD, 0xE1}, plain([](X87& x) { x.fucom(1); })},
         {"fucomp", {0xDD, 0xEA}, plain([](X87& x) { x.fucom(2, 1); })},
         {"fucompp", {0xDA, 0xE9}, plain([](X87& x) { x.fucom(1, 2); })},
         {"ftst", {0xD9, 0xE4}, plain([](X87& x) { x.ftst(); })},
         {"fxam", {0xD9, 0xE5}, plain([](X87& x) { x.fxam(); })},
         {"fcomi", {0xDB, 0xF1}, [](X87& x, Operand&, uint64_t& e) { set_flags(e, x.fcomi(1)); }},
         {"fcomip", {0xDF, 0xF1}, [](X87& x, Operand&, uint64_t& e) { set_flags(e, x.fcomi(1, true)); }},
         {"fucomi", {0xDB, 0xE9}, [](X87& x, Operand&, uint64_t& e) { set_flags(e, x.fucomi(1)); }},
         {"fucomip", {0xDF, 0xE9}, [](X87& x, Operand&, uint64_t& e) { set_flags(e, x.fucomi(1, true)); }},
         compare_mem<X87Format::kM32>("fcom m32", 0xD8, false, random_f32),
         compare_mem<X87Format::kM64>("fcom m64", 0xDC, false, random_f64),
         compare_mem<X87Format::kM64>("fcomp m64", 0xDC, true, random_f64),
         compare_mem<X87Format::kI32>("ficom i32", 0xDA, false, make_i32),
         compare_mem<X87Format::kI16>("ficomp i16", 0xDE, true, make_i16)});
}

TEST_CASE("x87 loads", "[x87]") {
  std::vector<Case> cases{
      {"fld st(i)", {0xD9, 0xC3}, plain([](X87& x) { x.fld(3); })},
      {"fld st(7)", {0xD9, 0xC7}, plain([](X87& x) { x.fld(7); })},
      {"fld m80",
       {0xDB, 0x2E},
       [](X87& x, Operand& m, uint64_t&) {
         x.fld_m80({m.get<uint64_t>(), m.get<uint16_t>(8)});
       }},
      {"fbld",
       {0xDF, 0x26},
       [](X87& x, Operand& m, uint64_t&) {
         x.fbld({m.get<uint64_t>(), m.get<uint16_t>(8)});
       },
       [](Random& r, Operand& m) {
         uint64_t v = 0;
         for (int i = 0; i < 16; ++i) v = v << 4 | r() % 10;
         m.put(v);
         m.put(static_cast<uint16_t>((r() & 1) << 15 | (r() % 10) << 4 | r() % 10), 8);
       }},
      load_mem<X87Load::kM32>("fld m32", 0xD9, 0x06, random_f32),
      load_mem<X87Load::kM64>("fld m64", 0xDD, 0x06, random_f64),
      load_mem<X87Load::kI16>("fild i16", 0xDF, 0x06, make_i16),
      load_mem<X87Load::kI32>("fild i32", 0xDB, 0x06, make_i32),
      load_mem<X87Load::kI64, uint64_t>("fild i64", 0xDF, 0x2E,
                                        [](Random& r) { return random_operand(r, 8); }),
  };
  for (unsigned i = 0; i < 7; ++i) {
    cases.push_back({"constant " + std::to_string(i), {0xD9, byte(0xE8 + i)}, plain([i](X87& x) {
                       x.fld_constant(static_cast<X87Constant>(i));
                     })});
  }
  check(cases);
}

TEST_CASE("x87 stores", "[x87]") {
  check({{"fst st(i)", {0xDD, 0xD2}, plain([](X87& x) { x.fst(2); })},
         {"fstp st(i)", {0xDD, 0xDA}, plain([](X87& x) { x.fst(2, true); })},
         {"fstp st(0)", {0xDD, 0xD8}, plain([](X87& x) { x.fst(0, true); })},
         {"fst m32", {0xD9, 0x16}, [](X87& x, Operand& m, uint64_t&) { store(x, m, x.fst_m32(false), 4); }},
         {"fstp m32", {0xD9, 0x1E}, [](X87& x, Operand& m, uint64_t&) { store(x, m, x.fst_m32(true), 4); }},
         {"fst m64", {0xDD, 0x16}, [](X87& x, Operand& m, uint64_t&) { store(x, m, x.fst_m64(false), 8); }},
         {"fstp m64", {0xDD, 0x1E}, [](X87& x, Operand& m, uint64_t&) { store(x, m, x.fst_m64(true), 8); }},
         {"fstp m80", {0xDB, 0x3E}, [](X87& x, Operand& m, uint64_t&) { store(x, m, x.fstp_m80(), 10); }},
         {"fbstp", {0xDF, 0x36}, [](X87& x, Operand& m, uint64_t&) { store(x, m, x.fbstp(), 10); }},
         store_int<X87Store::kI16>("fist i16", 0xDF, 0x16, 2, false),
         store_int<X87Store::kI16>("fistp i16", 0xDF, 0x1E, 2, true),
         store_int<X87Store::kI32>("fist i32", 0xDB, 0x16, 4, false),
         store_int<X87Store::kI32>("fistp i32", 0xDB, 0x1E, 4, true),
         store_int<X87Store::kI64>("fistp i64", 0xDF, 0x3E, 8, true),
         store_int<X87Store::kI16Truncate>("fisttp i16", 0xDF, 0x0E, 2, true),
         store_int<X87Store::kI32Truncate>("fisttp i32", 0xDB, 0x0E, 4, true),
         store_int<X87Store::kI64Truncate>("fisttp i64", 0xDD, 0x0E, 8, true)});
}

TEST_CASE("x87 exchanges, conditional moves, stack pointer, FFREE", "[x87]") {
  // CLC or STC before the FCMOVB.
  check({{"fxch", {0xD9, 0xC9}, plain([](X87& x) { x.fxch(1); })},
         {"fxch st(5)", {0xD9, 0xCD}, plain([](X87& x) { x.fxch(5); })},
         {"fcmovb not taken", {0xF8, 0xDA, 0xC2}, plain([](X87& x) { x.fcmov(2, false); })},
         {"fcmovb taken", {0xF9, 0xDA, 0xC2}, plain([](X87& x) { x.fcmov(2, true); })},
         {"fincstp", {0xD9, 0xF7}, plain([](X87& x) { x.fincstp(); })},
         {"fdecstp", {0xD9, 0xF6}, plain([](X87& x) { x.fdecstp(); })},
         {"ffree", {0xDD, 0xC3}, plain([](X87& x) { x.ffree(3); })},
         {"ffreep", {0xDF, 0xC3}, plain([](X87& x) { x.ffree(3, true); })}});
}

TEST_CASE("x87 control: FNINIT FNCLEX FLDCW FNSTCW FNSTSW EMMS", "[x87]") {
  check({{"fninit", {0xDB, 0xE3}, plain([](X87& x) { x.fninit(); })},
         {"fnclex", {0xDB, 0xE2}, plain([](X87& x) { x.fnclex(); })},
         {"fldcw", {0xD9, 0x2E}, [](X87& x, Operand& m, uint64_t&) { x.fldcw(m.get<uint16_t>()); }},
         {"fnstcw", {0xD9, 0x3E}, [](X87& x, Operand& m, uint64_t&) { m.put(x.cw); }},
         {"fnstsw", {0xDD, 0x3E}, [](X87& x, Operand& m, uint64_t&) { m.put(x.status_word()); }},
         {"emms", {0x0F, 0x77}, plain([](X87& x) { x.emms(); })},
         {"movq mm3, [m]", {0x0F, 0x6F, 0x1E}, [](X87& x, Operand& m, uint64_t&) {
            x.mmx_touch();
            x.set_mmx(3, m.get<uint64_t>());
          }}});
}
