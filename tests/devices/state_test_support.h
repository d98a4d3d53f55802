// The tests that every device passes: save, load and hash are the identity, fresh and after random poking;
// a restored copy runs on like the original; peek has no effect and says what a read would give.
//
//     check_state(StateTest<Device>{
//         .make = [](Bench& b) { auto d = std::make_unique<Thing>(...); b.io.map(0x20, 2, *d); return d; },
//         .ports = {{0x20, 2}},
//     });
#pragma once

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "memory/state_visitor.h"
#include "tests/devices/bench.h"

namespace ilse::dev::test {

struct PokedPorts {
  uint16_t base = 0;
  unsigned count = 1;
  unsigned max_width = 1;
  bool peek_is_read = true;  // false where a read rightly differs from the peek before it
};
struct PokedMemory {
  uint64_t base = 0;  // on Bench::map
  uint64_t size = 0;
  unsigned max_width = 4;
};

// R is anything with visit_state(): a Device, or a struct that holds several and the wires between them.
template <class R>
struct StateTest {
  // Makes it and maps it on the bench; lines go to bench.lines, characters to bench.sink.
  std::function<std::unique_ptr<R>(Bench&)> make;
  std::vector<PokedPorts> ports{};
  std::vector<PokedMemory> memory{};
  // Optional: what comes from outside (keys, line levels), chosen by a random number.
  std::function<void(R&, Bench&, uint64_t random)> stir{};
  unsigned steps = 2000;
  uint64_t max_wait = 2'000'000;  // ns between steps
};

template <class R>
class StateTestMachine {
 public:
  explicit StateTestMachine(const StateTest<R>& test) : test_(test), device_(test.make(bench)) {}

  void visit(mem::StateVisitor& v) {
    bench.scheduler.visit_state(v);
    device_->visit_state(v);
  }
  std::vector<uint8_t> save() {
    mem::SaveVisitor v;
    visit(v);
    return v.take();
  }
  uint64_t hash() {
    mem::HashVisitor v;
    visit(v);
    return v.digest();
  }
  std::string print() {
    mem::PrintVisitor v;
    visit(v);
    return v.text();
  }
  void load(const std::vector<uint8_t>& state, StateTestMachine& from) {
    std::memcpy(bench.ram.data(), from.bench.ram.data(), Bench::kRamSize);
    mem::LoadVisitor v(state);
    visit(v);
    INFO(v.error());
    REQUIRE(v.ok());
    REQUIRE(v.at_end());
    bench.now = from.bench.now;
  }

  // One random access (or stir, or wait); what was read goes into `reads`.
  void step(std::mt19937_64& random, bool compare_peek) {
    uint64_t kind = random() % 8, where = random(), value = random(), wait = random();
    if (kind == 7 && test_.stir) {
      test_.stir(*device_, bench, value);
    } else if (kind == 6) {
      bench.advance(wait % (where % 4 == 0 ? test_.max_wait : 2000));
    } else if (!test_.ports.empty() && (test_.memory.empty() || where % 2 == 0)) {
      poke_port(kind, where >> 1, value, compare_peek);
    } else if (!test_.memory.empty()) {
      poke_memory(kind, where >> 1, value, compare_peek);
    }
  }
  void peek_everything() {
    for (const PokedPorts& p : test_.ports) {
      for (unsigned i = 0; i < p.count; ++i) bench.io.peek(static_cast<uint16_t>(p.base + i), 1, bench.now);
    }
    for (const PokedMemory& m : test_.memory) {
      for (uint64_t i = 0; i + 4 <= m.size && i < 0x10000; i += 4) bench.map.peek({m.base + i}, 4, bench.now);
    }
  }
  // Pins that are high.
  std::vector<int> high_lines() const {
    std::vector<int> high;
    for (auto [pin, level] : bench.lines.levels()) {
      if (level) high.push_back(pin);
    }
    return high;
  }

  Bench bench;
  std::vector<uint64_t> reads;

 private:
  void poke_port(uint64_t kind, uint64_t where, uint64_t value, bool compare_peek) {
    const PokedPorts& p = test_.ports[where % test_.ports.size()];
    unsigned width = 1u << (where >> 8) % 3;
    while (width > p.max_width || width > p.count) width /= 2;
    auto port = static_cast<uint16_t>(p.base + (where >> 16) % (p.count - width + 1));
    if (kind < 3) {
      uint32_t peeked = bench.io.peek(port, width, bench.now);
      uint32_t got = bench.io.read(port, width, bench.now);
      reads.push_back(got);
      if (compare_peek && p.peek_is_read && got != peeked) {
        INFO("port " << std::hex << port << " width " << width);
        CHECK(got == peeked);
      }
    } else {
      bench.io.write(port, width, static_cast<uint32_t>(value), bench.now);
    }
  }
  void poke_memory(uint64_t kind, uint64_t where, uint64_t value, bool compare_peek) {
    const PokedMemory& m = test_.memory[where % test_.memory.size()];
    unsigned width = 1u << (where >> 8) % 4;
    while (width > m.max_width || width > m.size) width /= 2;
    mem::PhysAddr a{m.base + (where >> 16) % m.size / width * width};
    if (kind < 3) {
      uint64_t peeked = bench.map.peek(a, width, bench.now);
      uint64_t got = bench.map.read(a, width, bench.now);
      reads.push_back(got);
      if (compare_peek && got != peeked) {
        INFO("address " << std::hex << a.v << " width " << width);
        CHECK(got == peeked);
      }
    } else {
      bench.map.write(a, width, value, bench.now);
    }
  }

  const StateTest<R>& test_;
  std::unique_ptr<R> device_;
};

template <class R>
void check_state(const StateTest<R>& test, uint64_t seed = 1) {
  using Machine = StateTestMachine<R>;
  {
    Machine a(test), b(test);
    std::vector<uint8_t> saved = a.save();
    b.load(saved, a);
    CHECK(b.save() == saved);
    CHECK(b.hash() == a.hash());
    CHECK(b.high_lines() == a.high_lines());
  }
  for (uint64_t round = 0; round < 8; ++round) {
    std::mt19937_64 random(seed * 1000 + round);
    Machine a(test);
    for (unsigned i = 0; i < test.steps; ++i) a.step(random, true);

    uint64_t before = a.hash();
    a.peek_everything();
    CHECK(a.hash() == before);

    Machine b(test);
    std::vector<uint8_t> saved = a.save();
    b.load(saved, a);
    INFO("round " << round);
    REQUIRE(b.save() == saved);
    CHECK(b.hash() == before);
    CHECK(b.high_lines() == a.high_lines());

    a.bench.lines.clear();
    b.bench.lines.clear();
    a.bench.sink.text.clear();
    b.bench.sink.text.clear();
    a.reads.clear();
    std::mt19937_64 random_b = random;
    for (unsigned i = 0; i < test.steps / 2; ++i) a.step(random, false);
    for (unsigned i = 0; i < test.steps / 2; ++i) b.step(random_b, false);
    CHECK(a.reads == b.reads);
    CHECK((a.bench.lines.events() == b.bench.lines.events()));
    CHECK(a.bench.sink.text == b.bench.sink.text);
    CHECK(a.print() == b.print());
    CHECK(std::memcmp(a.bench.ram.data(), b.bench.ram.data(), Bench::kRamSize) == 0);
  }
}

}  // namespace ilse::dev::test
