// Runs instructions captured from a real processor (the MOO files of the SingleStepTests 80286 set, real
// mode) on the emulated one: moo_runner FILE|FOLDER... [--engine interp]. A line a file, then a summary; the
// status is 1 when something failed, 77 when there is nothing to run, 2 for bad arguments.
//
// Compared are all registers, the flags that metadata.json does not call undefined, all memory. What a 386 or
// later does differently on purpose is excluded by the rules in excluded(), never by name.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "flat_json.h"
#include "null_board.h"

namespace {

namespace fs = std::filesystem;
using namespace ilse;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kRam = 16 << 20;
constexpr unsigned kLimit = 200000;  // instructions; a REP with 65535 iterations fits

enum Reg { kAx, kBx, kCx, kDx, kCs, kSs, kDs, kEs, kSp, kBp, kSi, kDi, kIp, kFlags, kRegs };
constexpr std::array kRegNames = {"ax", "bx", "cx", "dx", "cs", "ss", "ds",
                                  "es", "sp", "bp", "si", "di", "ip", "flags"};
constexpr std::uint16_t kRealFlags = 0x0fff;  // NT and IOPL do not exist in a 286's real mode

// --- the file format ---------------------------------------------------------------------------------------
class Reader {
 public:
  Reader(const std::uint8_t* at, std::size_t size) : at_(at), left_(size) {}
  bool empty() const { return left_ == 0; }
  std::size_t left() const { return left_; }
  template <class T>
  T take() {
    T v{};
    if (left_ < sizeof v) throw std::runtime_error("truncated");
    std::memcpy(&v, at_, sizeof v);
    skip(sizeof v);
    return v;
  }
  Reader part(std::size_t size) {
    if (left_ < size) throw std::runtime_error("truncated");
    Reader r(at_, size);
    skip(size);
    return r;
  }
  std::string text(std::size_t size) {
    const Reader r = part(size);
    return {reinterpret_cast<const char*>(r.at_), size};
  }
  Bytes bytes(std::size_t size) {
    const Reader r = part(size);
    return {r.at_, r.at_ + size};
  }

 private:
  void skip(std::size_t n) {
    at_ += n;
    left_ -= n;
  }
  const std::uint8_t* at_;
  std::size_t left_;
};

template <class F>
void each_chunk(Reader r, F f) {
  while (!r.empty()) {
    const std::string tag = r.text(4);
    f(tag, r.part(r.take<std::uint32_t>()));
  }
}

struct State {
  std::array<std::optional<std::uint16_t>, kRegs> regs;
  std::map<std::uint32_t, std::uint8_t> ram;
};

struct Test {
  std::string name;
  Bytes bytes;
  State before, after;
  std::optional<std::uint8_t> vector;

  // Where an exception's frame has the flags: the file's own address has bit 0 cut off.
  std::uint32_t pushed_flags() const {
    const unsigned sp = after.regs[kSp].value_or(before.regs[kSp].value_or(0));
    return before.regs[kSs].value_or(0) * 16U + ((sp + 4) & 0xffff);
  }
  Bytes hash;
};

State read_state(Reader r) {
  State s;
  each_chunk(r, [&s](const std::string& tag, Reader c) {
    if (tag == "REGS") {
      const auto mask = c.take<std::uint16_t>();
      for (unsigned n = 0; n < 16; ++n) {
        if ((mask >> n & 1) == 0) continue;
        const auto v = c.take<std::uint16_t>();
        if (n < kRegs) s.regs[n] = v;
      }
    } else if (tag == "RAM ") {
      for (auto n = c.take<std::uint32_t>(); n > 0; --n) {
        const auto a = c.take<std::uint32_t>();
        s.ram[a] = c.take<std::uint8_t>();
      }
    }
  });
  return s;
}

std::vector<Test> read_tests(const Bytes& file) {
  std::vector<Test> tests;
  each_chunk(Reader(file.data(), file.size()), [&tests](const std::string& tag, Reader c) {
    if (tag != "TEST") return;
    c.take<std::uint32_t>();
    Test& t = tests.emplace_back();
    each_chunk(c, [&t](const std::string& part, Reader p) {
      if (part == "NAME") t.name = p.text(p.take<std::uint32_t>());
      if (part == "BYTS") t.bytes = p.bytes(p.take<std::uint32_t>());
      if (part == "INIT") t.before = read_state(p);
      if (part == "FINA") t.after = read_state(p);
      if (part == "HASH") t.hash = p.bytes(p.left());
      if (part == "EXCP") t.vector = p.take<std::uint8_t>();
    });
  });
  return tests;
}

Bytes read_gzip(const fs::path& path) {
  gzFile f = gzopen(path.c_str(), "rb");
  if (f == nullptr) throw std::runtime_error("cannot be opened");
  Bytes all, block(1 << 16);
  int n = 0;
  while ((n = gzread(f, block.data(), static_cast<unsigned>(block.size()))) > 0) {
    all.insert(all.end(), block.begin(), block.begin() + n);
  }
  gzclose(f);
  if (n < 0) throw std::runtime_error("is not a good gzip file");
  return all;
}

// --- the processor -----------------------------------------------------------------------------------------
mem::Ram make_ram() {
  auto ram = mem::Ram::create(kRam);
  if (!ram) throw std::runtime_error(ram.error().message);
  return std::move(*ram);
}

class Bench {
 public:
  Bench()
      : ram_(make_ram()),
        map_(ram_, log_),
        io_(log_),
        cpu_(0, *cpu::find_model("486"), map_, io_, board_, time_) {
    map_.add({mem::PhysMap::ram_region(0, kRam, ram_, 0)});
    map_.commit();
  }

  // Empty: as the captured one. `flags` are those that are defined.
  std::string run(const Test& t, std::uint16_t flags) {
    for (const auto& [a, v] : t.before.ram) put(a, v);
    load(t.before);
    const cpu::RunExit exit = cpu_.run(kLimit);
    std::string what = exit == cpu::RunExit::Halted     ? ""
                       : exit == cpu::RunExit::Shutdown ? " shutdown"
                                                        : " no HLT reached";
    for (unsigned n = 0; n < kRegs; ++n) {
      const std::uint16_t wanted = t.after.regs[n].value_or(t.before.regs[n].value_or(0));
      const std::uint16_t mask = n == kFlags ? flags & kRealFlags : 0xffff;
      note(what, kRegNames[n], wanted & mask, get(n) & mask);
    }
    auto memory = t.before.ram;
    for (const auto& [a, v] : t.after.ram) memory[a] = v;
    for (const auto& [a, v] : memory) {
      std::uint8_t mask = 0xff;
      if (t.vector && a == t.pushed_flags()) mask = static_cast<std::uint8_t>(flags);
      if (t.vector && a == t.pushed_flags() + 1) mask = static_cast<std::uint8_t>(flags >> 8);
      note(what, "[" + hex(a) + "]", v & mask, ram_.data()[a] & mask);
      put(a, 0);
    }
    return what;
  }

  // Whether all of RAM is zero again, which it is unless a test wrote where it should not.
  bool clean() const {
    return std::none_of(ram_.data(), ram_.data() + kRam, [](std::uint8_t b) { return b != 0; });
  }
  void wipe() { ram_.clear(); }

 private:
  static std::string hex(std::uint64_t v) {
    char text[20];
    std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(v));
    return text;
  }
  static void note(std::string& what, const std::string& name, unsigned wanted, unsigned got) {
    if (wanted != got) what += " " + name + "=" + hex(got) + " (captured " + hex(wanted) + ")";
  }
  void put(std::uint32_t a, std::uint8_t v) {
    ram_.data()[a] = v;
    ram_.written(a, 1);
  }

  static constexpr std::array<std::uint8_t, kRegs> kGpr = {
      cpu::kRax, cpu::kRbx, cpu::kRcx, cpu::kRdx, 0,         0, 0,
      0,         cpu::kRsp, cpu::kRbp, cpu::kRsi, cpu::kRdi, 0, 0};
  static constexpr std::array<std::uint8_t, kRegs> kSeg = {0,        0,        0,        0,
                                                           cpu::kCs, cpu::kSs, cpu::kDs, cpu::kEs};
  static bool is_segment(unsigned n) { return n >= kCs && n <= kEs; }

  void load(const State& s) {
    cpu_.reset(true);
    cpu_.gpr[cpu::kRdx] = 0;
    for (unsigned n = 0; n < kRegs; ++n) {
      const std::uint16_t v = s.regs[n].value_or(0);
      if (n == kIp) {
        cpu_.set_rip(v);
      } else if (n == kFlags) {
        cpu_.set_eflags((v & kRealFlags) | 2U);
      } else if (is_segment(n)) {
        cpu_.seg[kSeg[n]].selector = v;
        cpu_.seg[kSeg[n]].base = std::uint64_t{v} << 4;
      } else {
        cpu_.gpr[kGpr[n]] = v;
      }
    }
    cpu_.idtr = {0, 0x3ff};
    cpu_.update_mode();
  }
  unsigned get(unsigned n) const {
    if (n == kIp) return static_cast<unsigned>(cpu_.rip());
    if (n == kFlags) return cpu_.eflags();
    return is_segment(n) ? cpu_.seg[kSeg[n]].selector : static_cast<unsigned>(cpu_.gpr[kGpr[n]]);
  }

  mem::EventLog log_;
  mem::Ram ram_;
  mem::PhysMap map_;
  mem::IoBus io_;
  test::NullBoard board_;
  test::StillTime time_;
  cpu::Cpu cpu_;
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return file ? std::string(std::istreambuf_iterator<char>(file), {}) : "{}";
}

// --- what is compared --------------------------------------------------------------------------------------
struct Metadata {
  test::FlatJson json;
  std::set<std::string> revoked;

  explicit Metadata(const fs::path& folder) : json(text_of(folder / "metadata.json")) {
    std::ifstream list(folder / "revocation_list.txt");
    for (std::string line; std::getline(list, line);) {
      if (!line.empty() && line[0] != '#') revoked.insert(line);
    }
  }
  // `form` is a file's name: an opcode in hex, and after a dot the ModRM reg field.
  std::uint16_t defined_flags(const std::string& form) const {
    const auto dot = form.find('.');
    const std::string reg = dot == std::string::npos ? "" : "/reg/" + form.substr(dot + 1);
    const std::string* given = json.find("opcodes/" + form.substr(0, dot) + reg + "/flags-mask");
    auto mask = static_cast<std::uint16_t>(given == nullptr ? 0xffff : std::stoul(*given));
    // The list has OF undefined for shifts by immediate of words, and omits it for those of bytes.
    if (form.starts_with("C0")) mask &= static_cast<std::uint16_t>(~cpu::kOF);
    return mask;
  }
};

std::string to_hex(const Bytes& bytes) {
  std::string text;
  for (const std::uint8_t b : bytes) {
    text += "0123456789abcdef"[b >> 4];
    text += "0123456789abcdef"[b & 15];
  }
  return text;
}

bool one_of(std::uint8_t b, std::initializer_list<unsigned> list) {
  return std::find(list.begin(), list.end(), b) != list.end();
}

bool has_modrm(std::uint8_t op) {
  if (op < 0x40) return (op & 7) < 4;
  return (op >= 0x80 && op <= 0x8f) || (op >= 0xd0 && op <= 0xd3) || (op >= 0xd8 && op <= 0xdf) ||
         one_of(op, {0x62, 0x63, 0x69, 0x6b, 0xc0, 0xc1, 0xc4, 0xc5, 0xc6, 0xc7, 0xf6, 0xf7, 0xfe, 0xff});
}

// Why a test says nothing about a 386 or later; null if it does.
const char* excluded(const Test& t) {
  std::size_t at = 0;
  unsigned segment = 0;
  for (; at < t.bytes.size(); ++at) {
    const std::uint8_t b = t.bytes[at];
    if (b >= 0x64 && b <= 0x67) return "64 to 67 became prefixes";
    if (b == 0xf0) return "LOCK became invalid on most instructions";
    if (one_of(b, {0x26, 0x2e, 0x36, 0x3e})) segment = b;
    if (!one_of(b, {0x26, 0x2e, 0x36, 0x3e, 0xf2, 0xf3})) break;
  }
  // The captured bytes end with the HLT behind the instruction.
  constexpr std::size_t kLongest = 10;
  if (t.bytes.size() - 1 > kLongest) return "an instruction may be 15 bytes long, not 10";
  const std::uint8_t op = t.bytes[at], modrm = at + 1 < t.bytes.size() ? t.bytes[at + 1] : 0;
  if (one_of(op, {0x8c, 0x8e}) && (modrm & 0x30) == 0x20) return "FS and GS exist";
  // The 286 raises 13 for any word that lies across the end of its segment.
  if (t.vector == 13) {
    if (one_of(op, {0x6d, 0x6f, 0xa5, 0xa7, 0xab, 0xad, 0xaf})) {
      return "a string instruction that faults keeps its registers, the 286 moves them first";
    }
    const bool stack =
        (op >= 0x50 && op <= 0x61) || one_of(op, {0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x8f, 0x9a, 0x9c,
                                                  0x9d, 0xc2, 0xc3, 0xc8, 0xc9, 0xca, 0xcb, 0xcf, 0xe8});
    const unsigned mod = modrm >> 6, rm = modrm & 7;
    const bool by_bp = has_modrm(op) && mod != 3 && (rm == 2 || rm == 3 || (rm == 6 && mod != 0));
    if (stack || segment == 0x36 || (by_bp && segment == 0)) return "the stack segment's end is 12, not 13";
  }
  return nullptr;
}

struct Totals {
  unsigned passed = 0, failed = 0, excluded = 0;
};

void run_file(Bench& bench, const fs::path& path, Totals& totals) {
  const std::string name = path.filename().string();
  const std::string form = name.substr(0, name.find(".MOO"));
  const Metadata metadata(path.parent_path());
  const std::uint16_t flags = metadata.defined_flags(form);
  Totals here;
  std::string first;
  for (const Test& t : read_tests(read_gzip(path))) {
    if (excluded(t) != nullptr || metadata.revoked.count(to_hex(t.hash)) != 0) {
      ++here.excluded;
      continue;
    }
    const std::string what = bench.run(t, flags);
    if (what.empty()) {
      ++here.passed;
    } else if (here.failed++ == 0) {
      first = to_hex(t.bytes) + " " + t.name + ":" + what;
    }
  }
  if (!bench.clean()) {
    ++here.failed;
    if (first.empty()) first = "memory was written that the captured processor did not write";
    bench.wipe();
  }
  std::printf("%s: %u passed, %u failed, %u excluded%s%s\n", form.c_str(), here.passed, here.failed,
              here.excluded, first.empty() ? "" : "; first: ", first.c_str());
  totals.passed += here.passed;
  totals.failed += here.failed;
  totals.excluded += here.excluded;
}

int usage(const std::string& why) {
  std::fprintf(stderr, "moo_runner: %s\nusage: moo_runner FILE|FOLDER... [--engine interp]\n", why.c_str());
  return 2;
}

bool is_moo(const fs::path& p) { return p.filename().string().find(".MOO") != std::string::npos; }

}  // namespace

int main(int argc, char** argv) {
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--engine") {
      if (++i == argc || std::string(argv[i]) != "interp") return usage("the only engine is interp");
      continue;
    }
    if (arg.starts_with("-")) return usage("unknown option " + arg);
    if (fs::is_directory(arg)) {
      for (const auto& entry : fs::recursive_directory_iterator(arg)) {
        if (entry.is_regular_file() && is_moo(entry.path())) files.push_back(entry.path());
      }
    } else if (fs::exists(arg)) {
      files.emplace_back(arg);
    } else {
      std::printf("%s is not there: skipped\n", arg.c_str());
    }
  }
  if (argc < 2) return usage("nothing to run");
  if (files.empty()) {
    std::printf("no captured instructions found: skipped\n");
    return 77;
  }
  std::sort(files.begin(), files.end());
  Totals totals;
  Bench bench;
  for (const fs::path& f : files) {
    try {
      run_file(bench, f, totals);
    } catch (const std::exception& e) {
      std::printf("%s: %s\n", f.c_str(), e.what());
      ++totals.failed;
    }
  }
  std::printf("%u passed, %u failed, %u excluded\n", totals.passed, totals.failed, totals.excluded);
  return totals.failed == 0 ? 0 : 1;
}
