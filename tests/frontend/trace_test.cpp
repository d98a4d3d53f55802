// The trace of SeaBIOS's first million instructions, read back as a script would: disassembly, replay of the
// registers, and that being watched changes nothing.
#include <catch2/catch.hpp>
#include <map>
#include <sstream>
#include <string>

#include "debug_machine.h"
#include "frontend/trace/run_trace.h"
#include "frontend/trace/trace_writer.h"

using namespace ilse;
using namespace ilse::ui;

namespace {

using Registers = std::map<std::string, std::string>;

void replay(Registers& r, const std::string& changes) {
  std::istringstream in(changes);
  for (std::string token; in >> token;) {
    size_t equals = token.find('=');
    if (equals == std::string::npos) FAIL(token);
    std::string name = token.substr(0, equals), value = token.substr(equals + 1);
    if (name.size() == 3 && name[0] == 'e') name[0] = 'r';
    r[name] = value.substr(0, value.find('['));
  }
}

std::vector<std::string> columns(std::string_view line) {
  std::vector<std::string> out;
  if (line.ends_with("\n")) line.remove_suffix(1);
  for (size_t at = 0;;) {
    size_t tab = line.find('\t', at);
    std::string_view c = line.substr(at, tab == std::string_view::npos ? tab : tab - at);
    while (c.starts_with(" ")) c.remove_prefix(1);
    while (c.ends_with(" ")) c.remove_suffix(1);
    out.emplace_back(c);
    if (tab == std::string_view::npos) return out;
    at = tab + 1;
  }
}

std::vector<std::vector<std::string>> trace_of(Machine& m, uint64_t count, TraceWriter::Filter filter = {}) {
  std::vector<std::vector<std::string>> lines;
  TraceWriter writer([&](std::string_view line) { lines.push_back(columns(line)); }, filter, m.processors());
  writer.begin(m.cpu());
  m.cpu().observe(&writer);
  m.run(count);
  m.cpu().observe(nullptr);
  writer.end(m.cpu());
  return lines;
}

}  // namespace

TEST_CASE("trace: SeaBIOS's first million instructions", "[trace]") {
  const std::vector<uint8_t> bios = file_bytes("/usr/share/seabios/bios-256k.bin");
  if (bios.empty()) {
    WARN("no SeaBIOS here: skipped");
    return;
  }
  constexpr uint64_t kCount = 1'000'000;
  auto watched = machine_with(bios);
  Disassembler d;
  Registers replayed, final;
  uint64_t instructions = 0, wrong_text = 0, wrong_columns = 0, accesses = 0;
  std::vector<std::string> last;
  {
    TraceWriter writer(
        [&](std::string_view line) {
          std::vector<std::string> c = columns(line);
          if (c.size() != 7) {
            ++wrong_columns;
            return;
          }
          replay(c[1] == "end" ? final : replayed, c[5]);
          accesses += !c[6].empty();
          last = c;
          if (c[3].empty()) return;
          ++instructions;
          std::vector<uint8_t> bytes;
          for (size_t k = 0; k < c[3].size(); k += 2)
            bytes.push_back(static_cast<uint8_t>(std::stoul(c[3].substr(k, 2), nullptr, 16)));
          uint64_t ip = std::stoull(c[2].substr(c[2].find(':') + 1), nullptr, 16);
          auto want = d.decode(bytes, ip, static_cast<unsigned>(std::stoul(c[1].substr(1))));
          wrong_text += want.text != c[4] || want.length != bytes.size();
        },
        {}, watched->processors());
    writer.begin(watched->cpu());
    watched->cpu().observe(&writer);
    watched->run(kCount);
    watched->cpu().observe(nullptr);
    writer.end(watched->cpu());
  }
  CHECK(wrong_columns == 0);
  CHECK(wrong_text == 0);
  CHECK(instructions > 1000);
  CHECK(accesses > 1000);
  CHECK(last[1] == "end");
  CHECK(replayed == final);
  Registers actual;
  replay(actual, RegisterFile::of(watched->cpu()).all());
  CHECK(replayed == actual);

  auto alone = machine_with(bios);
  alone->run(kCount);
  CHECK(alone->instructions() == watched->instructions());
  CHECK(alone->hash() == watched->hash());
}

TEST_CASE("trace: what a line tells", "[trace]") {
  // mov ax,1234; mov [500],ax; xor ax,ax; int 10h
  auto m = machine_running({0xB8, 0x34, 0x12, 0xA3, 0x00, 0x05, 0x31, 0xC0, 0xCD, 0x10});
  auto lines = trace_of(*m, 5);
  REQUIRE(lines.size() >= 8);
  CHECK(lines[0][1] == "state");
  CHECK(lines[1][0] == "0");
  CHECK(lines[1][1] == "r16");
  CHECK(lines[1][2] == "f000:0000fff0");
  CHECK(lines[1][3] == "ea000000f0");
  CHECK(lines[1][5] == "cs=f000/f0000/ffff/9b");
  CHECK(lines[2][5] == "eax=1234");
  CHECK(lines[3][4] == "mov word ptr [0x500], ax");
  CHECK(lines[3][6] == "W2:500=1234");
  CHECK(lines[4][5] == "eax=0 eflags=46[+PF+ZF]");
  CHECK(lines[5][4] == "int 0x10");
  CHECK(lines[6][1] == "event");
  CHECK(lines[6][4] == "vector=10 cause=software");
  CHECK(lines[6][6].find("W2:fffe=46") != std::string::npos);
  CHECK(lines.back()[1] == "end");
}

TEST_CASE("trace: filters by count and by address, and still replays", "[trace]") {
  // mov cx,3; l: inc ax; loop l; hlt
  auto m = machine_running({0xB9, 0x03, 0x00, 0x40, 0xE2, 0xFD, 0xF4});
  TraceWriter::Filter filter;
  filter.address_first = filter.address_last = 0xF0003;
  auto lines = trace_of(*m, 8, filter);
  Registers r, final;
  unsigned instructions = 0;
  for (size_t k = 0; k + 1 < lines.size(); ++k) {
    replay(r, lines[k][5]);
    if (lines[k][3].empty()) continue;
    ++instructions;
    CHECK(lines[k][4] == "inc ax");
    CHECK(r["rax"] == std::to_string(instructions));
    CHECK(r["rcx"] == std::to_string(4 - instructions));
  }
  CHECK(instructions == 3);

  auto again = machine_running({0xB9, 0x03, 0x00, 0x40, 0xE2, 0xFD, 0xF4});
  TraceJob job;
  job.output = "/nonexistent/trace";
  CHECK_FALSE(run_trace(*again, job));
}
