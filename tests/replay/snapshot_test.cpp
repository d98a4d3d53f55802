// Snapshots as files: at any instruction a machine can be saved in one engine and go on in the other, and the
// history is the one of a machine that nobody touched. What is not a whole snapshot of this machine is
// refused. ILSE_SNAPSHOT_SEED and ILSE_SNAPSHOT_ROUNDS choose the instructions, and how often.
#include "frontend/snapshot.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "frontend/machine.h"

using namespace ilse;

namespace {

std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream f(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(f), {}};
}

uint64_t number(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

constexpr uint64_t kEvery = 500'000, kEnd = 6'000'000;

using Hashes = std::vector<std::pair<uint64_t, uint64_t>>;

// SeaBIOS.
std::unique_ptr<ui::Machine> make_machine(bool translate, Hashes& hashes, unsigned cpus = 1) {
  dev::BoardConfig config;
  config.ram_mib = 32;
  config.cpus = cpus;
  config.bios = read_file("/usr/share/seabios/bios-256k.bin");
  config.vgabios = read_file("/usr/share/seabios/vgabios-stdvga.bin");
  if (config.bios.empty()) return nullptr;
  ui::Machine::Options options;
  options.model = *cpu::find_model("max");
  options.clock = ui::ClockMode::Instructions;
  options.hash_every = kEvery;
  options.translate = translate;
  options.jit.hot = 1;
  auto m = ui::Machine::create(std::move(config), options);
  REQUIRE(m);
  (*m)->on_hash([&hashes](uint64_t count, uint64_t hash) { hashes.emplace_back(count, hash); });
  return std::move(*m);
}

void run_to(ui::Machine& m, uint64_t count) {
  while (m.instructions() < count) m.run(count - m.instructions());
  m.run(0);
}

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/ilse-test-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

std::string refusal(const ui::Options& options, const std::string& path) {
  Hashes none;
  auto m = make_machine(false, none);
  auto loaded = ui::load_snapshot(*m, options, path);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message.find('\n') == std::string::npos);
  return loaded.error().message.substr(path.size());
}

}  // namespace

TEST_CASE("snapshots: saved in one engine at any instruction, a machine goes on identically in the other") {
  for (unsigned cpus : {1u, 2u}) {
    Hashes whole;
    auto reference = make_machine(false, whole, cpus);
    if (!reference) {
      WARN("skipped: no SeaBIOS (Debian's package seabios)");
      return;
    }
    run_to(*reference, kEnd);
    const uint64_t seed = number("ILSE_SNAPSHOT_SEED", 1), rounds = number("ILSE_SNAPSHOT_ROUNDS", 3);
    std::mt19937_64 random(seed);
    const Folder folder;
    ui::Options options;
    options.cpus = cpus;
    for (uint64_t round = 0; round < rounds; ++round) {
      INFO("seed " << seed << ", round " << round << ", processors " << cpus);
      std::vector<uint64_t> stops(8);
      for (uint64_t& s : stops) s = random() % kEnd;
      std::sort(stops.begin(), stops.end());
      Hashes hashes;
      bool translate = round % 2 != 0;
      auto m = make_machine(translate, hashes, cpus);
      for (uint64_t stop : stops) {
        run_to(*m, stop);
        const std::string file = folder.path + "/state";
        auto saved = ui::save_snapshot(*m, options, file);
        REQUIRE(saved);
        const uint64_t before = m->hash();
        const mem::VTime then = m->now();
        translate = !translate;
        m = make_machine(translate, hashes, cpus);
        auto loaded = ui::load_snapshot(*m, options, file);
        INFO((loaded ? "" : loaded.error().message));
        REQUIRE(loaded);
        CHECK(m->hash() == before);
        CHECK(m->now() == then);
        CHECK(m->instructions() == stop);
      }
      run_to(*m, kEnd);
      CHECK(m->hash() == reference->hash());
      CHECK(hashes == whole);
    }
  }
}

TEST_CASE("snapshots: what is not a whole one of this machine is refused, in a line") {
  Hashes none;
  auto m = make_machine(true, none);
  if (!m) return;
  run_to(*m, 1'000'000);
  const Folder folder;
  const std::string good = folder.path + "/good", bad = folder.path + "/bad";
  ui::Options options;
  REQUIRE(ui::save_snapshot(*m, options, good));
  CHECK_FALSE(std::filesystem::exists(good + ".new"));
  const auto bytes = read_file(good);
  auto write = [&](size_t size, size_t flipped) {
    auto copy = bytes;
    copy.resize(size);
    if (flipped < size) copy[flipped] ^= 0x10;
    std::ofstream(bad, std::ios::binary)
        .write(reinterpret_cast<const char*>(copy.data()), static_cast<std::streamsize>(size));
  };
  write(0, ~size_t{0});
  CHECK(refusal(options, bad) == ": not a snapshot of Ilse's");
  write(39, ~size_t{0});
  CHECK(refusal(options, bad) == ": not a snapshot of Ilse's");
  for (size_t size : {size_t{40}, size_t{41}, size_t{5000}, bytes.size() / 2, bytes.size() - 1}) {
    write(size, ~size_t{0});
    CHECK(refusal(options, bad) == ": the snapshot is truncated");
  }
  write(bytes.size() + 1, ~size_t{0});
  CHECK(refusal(options, bad) == ": the snapshot is truncated");
  write(bytes.size(), 3);
  CHECK(refusal(options, bad) == ": not a snapshot of Ilse's, or of another version");
  for (size_t at : {size_t{32}, size_t{45}, size_t{5000}, bytes.size() - 1}) {
    write(bytes.size(), at);
    CHECK(refusal(options, bad) == ": the snapshot is damaged");
  }
  CHECK(refusal(options, folder.path + "/missing") == ": No such file or directory");
  CHECK(refusal(options, folder.path) == ": not a regular file");
  ui::Options other;
  other.sb16 = true;
  CHECK(refusal(other, good).find(": the snapshot is of another machine: -m 128 -smp 1") == 0);
}

TEST_CASE("snapshots: one that cannot be written leaves the former one") {
  Hashes none;
  auto m = make_machine(false, none);
  if (!m) return;
  const Folder folder;
  const std::string file = folder.path + "/state";
  ui::Options options;
  REQUIRE(ui::save_snapshot(*m, options, file));
  const auto before = read_file(file);
  run_to(*m, 100'000);
  // In the way of what is written beside it.
  std::filesystem::create_directory(file + ".new");
  auto saved = ui::save_snapshot(*m, options, file);
  REQUIRE_FALSE(saved);
  CHECK(saved.error().message == file + ".new: Is a directory");
  CHECK(read_file(file) == before);
  ui::DriveOption disk;
  disk.file = "/tmp/disk.img";
  options.drives.push_back(disk);
  saved = ui::save_snapshot(*m, options, file);
  REQUIRE_FALSE(saved);
  CHECK(saved.error().message == file + ": /tmp/disk.img is written to directly; savevm wants -snapshot");
}
