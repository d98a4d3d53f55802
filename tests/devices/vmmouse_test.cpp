// VMware's mouse port, as a driver uses it.
#include "devices/input/vmmouse.h"

#include <catch2/catch.hpp>
#include <random>

#include "memory/io_bus.h"

using namespace ilse;
using namespace ilse::dev;

namespace {

constexpr uint32_t kMagic = 0x564D5868;

struct Registers : mem::ProcessorPins {
  std::array<uint32_t, 8> r{};
  void set_intr(bool) override {}
  void pulse_nmi() override {}
  void pulse_smi() override {}
  void pulse_init() override {}
  void start_up(uint8_t) override {}
  void set_a20(bool) override {}
  void set_ignne(bool) override {}
  void attention() override {}
  void yield() override {}
  bool in_smm() const override { return false; }
  uint32_t general_register(unsigned n) const override { return r[n]; }
  void set_general_register(unsigned n, uint32_t v) override { r[n] = v; }
};

struct Bench {
  mem::EventLog log;
  mem::IoBus io{log};
  Registers pins;
  int nudges = 0;
  VmMouse mouse{[this] { return &pins; }, [this](mem::VTime) { ++nudges; }};
  Bench() { io.map(VmMouse::kPort, 4, mouse, 4); }

  // EAX, EBX, ECX, EDX behind IN EAX, DX.
  std::array<uint32_t, 4> call(uint32_t command, uint32_t argument, uint32_t magic = kMagic) {
    pins.r = {magic, command, VmMouse::kPort, argument, 0, 0, 0, 0};
    pins.r[0] = io.read(VmMouse::kPort, 4, {});
    return {pins.r[0], pins.r[3], pins.r[1], pins.r[2]};
  }
  void enable() {
    call(41, 0x45414552);
    CHECK(call(40, 0)[0] == 1);
    CHECK(call(39, 1)[0] == 0x3442554A);
  }
  using Packet = std::array<uint32_t, 4>;
  uint64_t hash() {
    mem::HashVisitor h;
    mouse.visit_state(h);
    return h.digest();
  }
};

}  // namespace

TEST_CASE("vmmouse: the version call identifies the port, with the right magic only") {
  Bench b;
  auto r = b.call(10, ~kMagic);
  CHECK(r[0] == 6);
  CHECK(r[1] == kMagic);
  CHECK(b.call(10, ~kMagic, 1)[0] == 0xFFFFFFFF);
  CHECK(b.call(999, 0)[0] == 0xFFFFFFFF);
  CHECK(b.io.read(VmMouse::kPort, 1, {}) == 0xFF);
  CHECK(b.io.peek(VmMouse::kPort, 4, {}) == 0xFFFFFFFF);
}

TEST_CASE("vmmouse: positions reach a driver that has asked for them") {
  Bench b;
  b.mouse.point(0, 1, 2, 0, {});
  CHECK_FALSE(b.mouse.enabled());
  b.enable();
  CHECK_FALSE(b.mouse.absolute());
  b.mouse.point(0, 1, 2, 0, {});  // not yet
  CHECK(b.call(40, 0)[0] == 0);
  b.call(41, 0x53424152);
  CHECK(b.mouse.absolute());
  b.mouse.point(1 | 2, 0x1234, 0xFFFF, 0, {});
  b.mouse.point(4, 0, 0, -2, {});
  CHECK(b.nudges == 2);
  CHECK(b.call(40, 0)[0] == 8);
  CHECK(b.call(39, 4) == Bench::Packet{0x30, 0x1234, 0xFFFF, 0});
  CHECK(b.call(39, 4) == Bench::Packet{0x08, 0, 0, 2});
  CHECK(b.call(40, 0)[0] == 0);
}

TEST_CASE("vmmouse: movements are packets of their own kind, upwards positive") {
  Bench b;
  b.enable();
  b.mouse.move(1, 3, 4, 1, {});
  CHECK(b.call(39, 4) == Bench::Packet{0x10020, 3, 0xFFFFFFFC, 0xFFFFFFFF});
}

TEST_CASE("vmmouse: taking more than there is is an error until it is enabled anew") {
  Bench b;
  b.enable();
  b.call(41, 0x53424152);
  b.mouse.point(0, 1, 1, 0, {});
  b.call(39, 5);
  CHECK(b.call(40, 0)[0] == 0xFFFF0000);
  b.mouse.point(0, 1, 1, 0, {});
  CHECK(b.call(40, 0)[0] == 0xFFFF0000);
  b.enable();
  b.call(41, 0xF5);
  CHECK(b.call(40, 0)[0] == 0xFFFF0000);
  CHECK_FALSE(b.mouse.enabled());
}

TEST_CASE("vmmouse: a guest that does not fetch loses whole packets, the newest") {
  Bench b;
  b.enable();
  b.call(41, 0x53424152);
  for (unsigned i = 0; i < 1000; ++i) b.mouse.point(0, static_cast<uint16_t>(i), 0, 0, {});
  CHECK(b.call(40, 0)[0] == 256);
  for (unsigned i = 0; i < 64; ++i) CHECK(b.call(39, 4)[1] == i);
  CHECK(b.call(40, 0)[0] == 0);
}

TEST_CASE("vmmouse: random calls, then save and load are the identity") {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    Bench a, b;
    for (int i = 0; i < 500; ++i) {
      constexpr std::array<uint32_t, 5> kArguments{0x45414552, 0x53424152, 0x4C455252, 4, 0xF5};
      if (random() % 2 != 0) a.mouse.point(random() & 7, random() & 0xFFFF, 5, 0, {});
      a.call(38 + random() % 4, random() % 4 != 0 ? kArguments[random() % 5] : random());
    }
    mem::SaveVisitor save;
    a.mouse.visit_state(save);
    auto bytes = save.take();
    mem::LoadVisitor load(bytes);
    b.mouse.visit_state(load);
    REQUIRE(load.ok());
    CHECK(a.hash() == b.hash());
    CHECK(a.call(40, 0) == b.call(40, 0));
  }
}
