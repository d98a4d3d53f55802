// Save, load, hash and print are one walk; damaged input is refused with a message.
#include "memory/state_visitor.h"

#include <catch2/catch.hpp>

using namespace ilse::mem;

namespace {
struct Inner {
  uint16_t a = 1;
  bool b = true;
  static constexpr std::array kNames{"a", "b"};
};
struct Outer {
  uint64_t x = 0x1122334455667788;
  std::array<uint8_t, 4> bytes{1, 2, 3, 4};
  std::array<Inner, 2> inner{};
  VTime t{77};
  std::vector<uint8_t> blob{9, 8, 7};
  static constexpr std::array kNames{"x", "bytes", "inner", "t", "blob"};
};
}  // namespace

TEST_CASE("state visitor: a loaded copy saves and hashes the same") {
  static_assert(kFieldCount<Inner> == 2 && kFieldCount<Outer> == 5);
  Outer a, b;
  a.inner[1].a = 0xBEEF;
  a.blob.resize(1000, 0x33);
  SaveVisitor save;
  save("outer", a);
  auto bytes = save.take();
  LoadVisitor load(bytes);
  load("outer", b);
  REQUIRE(load.ok());
  CHECK(load.at_end());
  CHECK(b.inner[1].a == 0xBEEF);
  HashVisitor ha, hb, hc;
  ha("outer", a);
  hb("outer", b);
  CHECK(ha.digest() == hb.digest());
  b.inner[0].b = false;
  hc("outer", b);
  CHECK(ha.digest() != hc.digest());
  PrintVisitor print;
  print("outer", a);
  CHECK(print.text().find("outer.inner.1.a = beef") != std::string::npos);
}

TEST_CASE("state visitor: every truncation is refused") {
  Outer a;
  SaveVisitor save;
  save("outer", a);
  auto bytes = save.take();
  for (size_t n = 0; n < bytes.size(); ++n) {
    Outer b;
    LoadVisitor load(std::span<const uint8_t>(bytes.data(), n));
    load("outer", b);
    CHECK_FALSE(load.ok());
  }
}
