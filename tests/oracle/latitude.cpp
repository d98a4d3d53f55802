#include "oracle/latitude.h"

#include <map>
#include <string>
#include <utility>

#include "cpu/cpuid.h"
#include "oracle/compare.h"
#include "oracle/operand.h"
#include "oracle/row_case.h"

namespace ilse::oracle {

std::uint64_t Compared::address() const {
  std::uint64_t offset = 0;
  if (row.has(cpu::kRegOnly)) {
    offset = c.gpr[kRdi] & (insn.addr_size == 8 ? ~0ULL : (1ULL << 8 * insn.addr_size) - 1);
  } else {
    offset = effective_address(insn, c);
  }
  const std::uint64_t linear = offset + segment_base(c, insn.seg);
  return c.mode == Mode::k64 ? linear : linear & 0xffffffff;
}

void take_bytes(Result& native, const Result& emulated, std::uint64_t address, std::uint64_t size) {
  std::map<std::uint64_t, std::uint8_t> bytes;
  const auto add = [&](const Result& from, bool inside) {
    for (const MemoryRun& run : from.changes) {
      for (std::size_t i = 0; i < run.bytes.size(); ++i) {
        const std::uint64_t at = run.address + i;
        if ((at - address < size) == inside) bytes[at] = run.bytes[i];
      }
    }
  };
  add(native, false);
  add(emulated, true);
  native.changes.clear();
  for (const auto& [at, byte] : bytes) {
    const bool follows =
        !native.changes.empty() && native.changes.back().address + native.changes.back().bytes.size() == at;
    if (!follows) native.changes.push_back({at, {}});
    native.changes.back().bytes.push_back(byte);
  }
}

std::vector<std::string_view> excuses(const Case& c, const Result& native, const Result& emulated) {
  static const cpu::Model kModel = *cpu::find_model("max,+bmi1");
  cpu::Insn insn;
  const auto status =
      cpu::decode(c.code.data(), static_cast<unsigned>(c.code.size()), decoder_mode(c.mode), kModel, 0, insn);
  if (status != cpu::DecodeStatus::Ok || insn.row == nullptr) return {};
  const Compared k{*insn.row, insn, c, emulated};
  Result granted = native;
  std::string left = difference(c, native, emulated);
  std::vector<std::string_view> used;
  for (const auto rules : {integer_latitudes(), memory_latitudes(), vector_latitudes()}) {
    for (const Latitude& rule : rules) {
      rule.grant(k, granted);
      std::string now = difference(c, granted, emulated);
      if (now != left) used.push_back(rule.name);
      left = std::move(now);
      if (left.empty()) return used;
    }
  }
  return {};
}

}  // namespace ilse::oracle
