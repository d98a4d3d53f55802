// Guest-visible state is a function of snapshot and input log (DESIGN.md, invariant 2): SeaBIOS runs twice to
// the same hashes, whatever the slices; a machine that was saved and loaded runs on identically; input
// arrives at the same instruction. Real firmware; skipped with a message where it is not installed.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "cpu/jit/engine.h"
#include "frontend/machine.h"

using namespace ilse;

namespace {

std::vector<uint8_t> read_file(const char* path) {
  std::ifstream f(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(f), {}};
}

std::unique_ptr<ui::Machine> make_machine(uint64_t hash_every, bool translate = false,
                                          cpu::jit::Settings jit = {}) {
  dev::BoardConfig config;
  config.ram_mib = 32;
  config.bios = read_file("/usr/share/seabios/bios-256k.bin");
  config.vgabios = read_file("/usr/share/seabios/vgabios-stdvga.bin");
  if (config.bios.empty()) return nullptr;
  ui::Machine::Options options;
  options.model = *cpu::find_model("max");
  options.clock = ui::ClockMode::Instructions;
  options.hash_every = hash_every;
  options.translate = translate;
  options.jit = jit;
  auto m = ui::Machine::create(std::move(config), options);
  REQUIRE(m);
  return std::move(*m);
}

using Hashes = std::vector<std::pair<uint64_t, uint64_t>>;

// Runs to `end` instructions in slices of `slice`, with a key at `key_at`.
Hashes run(ui::Machine& m, uint64_t end, uint64_t slice, uint64_t key_at = 0) {
  Hashes hashes;
  m.on_hash([&](uint64_t count, uint64_t hash) { hashes.emplace_back(count, hash); });
  while (m.instructions() < end) {
    uint64_t to = end;
    if (m.instructions() < key_at) to = key_at;
    m.run(std::min(slice, to - m.instructions()));
    if (key_at != 0 && m.instructions() == key_at)
      m.board().door().post({dev::OutsideEvent::Kind::Key, 0, 0x28});
  }
  m.run(0);
  return hashes;
}

constexpr uint64_t kEnd = 6'000'000, kEvery = 500'000;

}  // namespace

TEST_CASE("determinism: the same boot twice, in other slices") {
  auto a = make_machine(kEvery), b = make_machine(kEvery);
  if (!a) {
    WARN("skipped: no SeaBIOS (Debian's package seabios)");
    return;
  }
  Hashes first = run(*a, kEnd, kEnd), second = run(*b, kEnd, 77'777);
  REQUIRE(first.size() >= kEnd / kEvery);
  CHECK(first == second);
}

TEST_CASE("determinism: input at one instruction gives one history") {
  auto a = make_machine(kEvery), b = make_machine(kEvery), c = make_machine(kEvery);
  if (!a) return;
  Hashes first = run(*a, kEnd, 1'000'000, 4'000'001), second = run(*b, kEnd, 333'333, 4'000'001);
  Hashes without = run(*c, kEnd, kEnd);
  CHECK(first == second);
  CHECK(first != without);
}

TEST_CASE("determinism: a machine saved and loaded in the middle runs on identically") {
  auto a = make_machine(kEvery), b = make_machine(kEvery);
  if (!a) return;
  run(*a, 3'210'123, 1'000'000);
  mem::SaveVisitor save;
  a->visit_state(save);
  auto bytes = save.take();
  run(*b, 1'000'000, 1'000'000);  // some other state, to be replaced
  mem::LoadVisitor load(bytes);
  b->visit_state(load);
  REQUIRE(load.error() == "");
  CHECK(load.at_end());
  CHECK(a->hash() == b->hash());
  CHECK(run(*a, kEnd, kEnd) == run(*b, kEnd, kEnd));
  CHECK(a->hash() == b->hash());
}

TEST_CASE("determinism: both engines have one history, whatever the slices and the code cache's size") {
  auto plain = make_machine(kEvery);
  if (!plain) return;
  const Hashes hashes = run(*plain, kEnd, kEnd);
  for (const cpu::jit::Settings jit :
       {cpu::jit::Settings{}, {.hot = 1}, {.cache_bytes = 512 << 10, .hot = 1}}) {
    for (uint64_t slice : {kEnd, uint64_t{77'777}, uint64_t{1'001}}) {
      INFO("hot after " << jit.hot << ", cache of " << jit.cache_bytes << ", slice " << slice);
      auto translating = make_machine(kEvery, true, jit);
      CHECK(run(*translating, kEnd, slice) == hashes);
      const cpu::jit::Counters& k = translating->cpu().blocks().engine()->counters();
      CHECK(k.entered > 0);
      // The tiny cache is one that overflows.
      if (jit.cache_bytes < cpu::jit::Settings{}.cache_bytes) CHECK(k.resets > 3);
    }
  }
}

TEST_CASE("determinism: a machine saved in one engine runs on identically in the other") {
  for (bool translate : {false, true}) {
    auto a = make_machine(kEvery, translate, {.hot = 1}), b = make_machine(kEvery, !translate, {.hot = 1});
    if (!a) return;
    run(*a, 3'210'123, 1'000'000);
    mem::SaveVisitor save;
    a->visit_state(save);
    const auto bytes = save.take();
    run(*b, 1'000'000, 1'000'000);
    mem::LoadVisitor load(bytes);
    b->visit_state(load);
    REQUIRE(load.error() == "");
    CHECK(a->hash() == b->hash());
    CHECK(run(*a, kEnd, kEnd) == run(*b, kEnd, kEnd));
    CHECK(a->hash() == b->hash());
  }
}
