// Every row of the opcode table on the host and on the interpreter. ILSE_ORACLE_CASES sets the number of
// cases of each row and mode (default 24), ILSE_ORACLE_SEED the seed, ILSE_ORACLE_ROW one row's name,
// or the beginning of names and a star.
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "cpu/isa/decoder.h"
#include "oracle/compare.h"
#include "oracle/cpu_runner.h"
#include "oracle/latitude.h"
#include "oracle/row_case.h"
#include "oracle/row_exceptions.h"
#include "oracle/silicon.h"
#include "oracle/test_layout.h"

namespace ilse::oracle {
namespace {

constexpr unsigned kShownRows = 12;

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

// A name, or the beginning of one and a star.
bool named(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

std::string describe(const cpu::Row& row) {
  static constexpr const char* kMaps[] = {"", "0F ",     "0F 38 ",     "0F 3A ",
                                          "", "VEX 0F ", "VEX 0F 38 ", "VEX 0F 3A "};
  static constexpr const char* kHex = "0123456789ABCDEF";
  std::string text = std::string(row.name) + " (" + kMaps[static_cast<int>(row.map)];
  text += kHex[row.opcode >> 4];
  text += kHex[row.opcode & 15];
  if (row.ext >= 0) text += " /" + std::to_string(row.ext);
  return text + ")";
}

// PUSHF stores TF, MOV SS and POP SS hold its trap back: the emulated side has to run under it as the host
// does.
bool shows_tf(const cpu::Row& row) {
  // A gather that is interrupted midway gives way to the trap.
  if (row.has(cpu::Operand::Vsib)) return true;
  return row.map == cpu::Map::OneByte && (row.opcode == 0x9c || row.opcode == 0x8e || row.opcode == 0x17);
}

struct Tally {
  std::uint64_t cases = 0, compared = 0, differing = 0, rows = 0, rows_differing = 0;
  // On silicon other than the reference: cases that agree in all that the manual says, by rule.
  std::uint64_t open = 0;
  std::map<std::string_view, std::uint64_t> open_by_rule;

  bool excused(const Case& c, const Result& native, const Result& emulated) {
    if (host_is_reference()) return false;
    const auto rules = excuses(c, native, emulated);
    for (const std::string_view rule : rules) ++open_by_rule[rule];
    if (!rules.empty()) ++open;
    return !rules.empty();
  }
  std::string open_cases() const {
    std::string text = std::to_string(open) + " agree but for what is open on this silicon:";
    for (const auto& [rule, count] : open_by_rule) {
      text += "\n  " + std::to_string(count) + " " + std::string(rule);
    }
    return text;
  }
};

void compare_row(const cpu::Row& row, NativeRunner& native, CpuRunner& emulated, std::uint64_t count,
                 Tally& tally) {
  static const cpu::Model kModel = *cpu::find_model("max,+bmi1");
  const std::uint64_t open = tally.open;
  std::uint64_t compared = 0, differing = 0;
  std::string first;
  for (const Mode mode : {Mode::k64, Mode::k32, Mode::k16}) {
    Random random(number("ILSE_ORACLE_SEED", 1) * 0x10001 + row.opcode * 64U +
                  static_cast<unsigned>(row.ext + 1) * 4U + static_cast<unsigned>(mode) +
                  static_cast<unsigned>(row.map) * 0x4000U);
    for (std::uint64_t left = count; left > 0;) {
      std::vector<Case> cases;
      for (; left > 0 && cases.size() < 500; --left) {
        if (auto c = row_case(random, row, mode, kModel)) cases.push_back(std::move(*c));
      }
      const std::vector<Result> results = native.run(cases);
      for (std::size_t i = 0; i < cases.size(); ++i) {
        ++tally.cases;
        if (!comparable(results[i])) continue;
        ++compared;
        const bool trap = shows_tf(row) || (!row.has(cpu::kString) && random.one_in(8));
        const Result r = emulated.run(cases[i], results[i].steps, trap);
        if (difference(cases[i], results[i], r).empty() || tally.excused(cases[i], results[i], r)) continue;
        if (differing++ == 0) first = report(describe(row), cases[i], results[i], r);
      }
    }
  }
  ++tally.rows;
  tally.compared += compared;
  tally.differing += differing;
  INFO("no case of " << describe(row)
                     << " came to a full comparison: add it to row_exceptions.h with the reason");
  CHECK(compared > tally.open - open);
  if (differing == 0) return;
  UNSCOPED_INFO(describe(row) << ": " << differing << " of " << compared << " cases differ");
  if (++tally.rows_differing <= number("ILSE_ORACLE_SHOWN", kShownRows))
    WARN(differing << " differ, the first:\n" << first);
}

TEST_CASE("oracle: every row of the opcode table against the host", "[oracle][rows]") {
  const auto native = test_runner();
  if (!native) return;
  CpuRunner emulated(test_layout());
  const std::uint64_t count = number("ILSE_ORACLE_CASES", 24);
  const char* only = std::getenv("ILSE_ORACLE_ROW");
  Tally tally;
  unsigned listed = 0;
  cpu::for_each_row([&](const cpu::Row& row) {
    if (only != nullptr && !named(only, row.name)) return;
    if (!why_not_compared(row).empty()) {
      ++listed;
      return;
    }
    compare_row(row, *native, emulated, count, tally);
  });
  WARN(tally.compared << " cases of " << tally.rows << " rows compared, " << tally.differing << " in "
                      << tally.rows_differing << " rows differ; " << listed << " rows not compared; "
                      << native->restarts() << " restarts");
  if (!host_is_reference()) WARN(tally.open_cases());
  CHECK(tally.rows_differing == 0);
}

TEST_CASE("oracle: the list of rows without a comparison has no stale entry", "[oracle][rows]") {
  for (const RowException& e : kRowExceptions) {
    bool used = false;
    cpu::for_each_row([&](const cpu::Row& row) { used = used || e.name == row.name; });
    INFO(e.name);
    CHECK(used);
  }
}

}  // namespace
}  // namespace ilse::oracle
