// Every row of x87, MMX, SSE and SSE2 on random operands, register and memory forms, in 64-bit and 32-bit
// code, against the host's own processor: results, memory, flags, status words, pointers and faults.
#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "cpu/isa/decoder.h"
#include "oracle/random_case.h"
#include "oracle/silicon.h"
#include "oracle/test_layout.h"
#include "sem/cpu_bench.h"

namespace ilse::oracle {
namespace {

using cpu::Operand;
using cpu::Row;

// Our own functions, good to the last place or so but not bit for bit (tests/fpu has them).
bool approximate(const Row& r) {
  static constexpr std::string_view kNames[] = {"f2xm1",   "fyl2x",   "fptan", "fpatan",
                                                "fyl2xp1", "fsincos", "fsin",  "fcos"};
  return std::find(std::begin(kNames), std::end(kNames), r.name) != std::end(kNames);
}

bool has(const Row& r, Operand o) {
  return std::find(r.operands.begin(), r.operands.end(), o) != r.operands.end();
}

std::vector<uint8_t> encode(const Row& r, Random& random, Mode mode, bool memory) {
  std::vector<uint8_t> code;
  if (r.prefix == cpu::Mandatory::P66) code.push_back(0x66);
  if (r.prefix == cpu::Mandatory::F3) code.push_back(0xF3);
  if (r.prefix == cpu::Mandatory::F2) code.push_back(0xF2);
  if (r.prefix == cpu::Mandatory::Any && random.one_in(8)) code.push_back(0x66);
  uint8_t rex = 0;
  if (mode == Mode::k64 && random.one_in(2)) {
    rex = static_cast<uint8_t>(0x40 | random.below(16));
    if (memory) rex &= 0xFC;
    code.push_back(rex);
  }
  if (r.map == cpu::Map::TwoByte) code.push_back(0x0F);
  code.push_back(r.opcode);
  bool modrm = !r.has(cpu::kNoModRm) || r.ext >= 0 || r.modrm >= 0;
  if (modrm) {
    auto byte = static_cast<uint8_t>(random.next());
    if (r.ext >= 0) byte = static_cast<uint8_t>((byte & ~0x38) | r.ext << 3);
    // [rSI], or [rSI + disp32].
    byte = memory ? static_cast<uint8_t>((byte & 0xB8) | 6) : byte | 0xC0;
    if (r.modrm >= 0) byte = static_cast<uint8_t>(r.modrm);
    // Not the stack pointer.
    if (!memory && r.rm_file == cpu::File::Gpr && (byte & 7) == kRsp) byte ^= 1;
    if (r.reg_file == cpu::File::Gpr && (byte >> 3 & 7) == kRsp) byte ^= 8;
    code.push_back(byte);
    if (memory && byte >= 0x80) {
      for (uint8_t b : {0xF0, 0xFF, 0xFF, 0xFF}) code.push_back(b);
    }
  }
  if (has(r, Operand::Imm8)) {
    code.push_back(static_cast<uint8_t>(random.one_in(4) ? random.next() : random.below(20)));
  }
  return code;
}

cpu::F80 to_f80(const XsaveImage::Lane& l) { return {l.word[0], static_cast<uint16_t>(l.word[1])}; }

class Emulated {
 public:
  Emulated() : layout_(test_layout()) {}

  Result run(const Case& c) {
    cpu::Cpu& p = bench_.cpu();
    bench_.start(c.mode == Mode::k64 ? 64 : 32);
    for (const Window& w : layout_) {
      bench_.put_bytes(w.address, w.background);
    }
    std::copy(c.gpr.begin(), c.gpr.end(), p.gpr.begin());
    p.set_eflags(static_cast<uint32_t>(c.flags | 0x202));
    cpu::X87& f = p.fpu;
    f.set_status_word(c.fx.fsw);
    f.tag = c.fx.ftw;
    for (unsigned i = 0; i < 8; ++i) f.reg(i) = to_f80(c.fx.st[i]);
    f.fldcw(c.fx.fcw);
    for (unsigned i = 0; i < 16; ++i) p.xmm(i) = {c.fx.xmm[i].word[0], c.fx.xmm[i].word[1]};
    p.mxcsr = c.fx.mxcsr;
    auto e = bench_.run(c.code, 1, c.rip);
    Result r;
    r.outcome = e ? Outcome::kFault : Outcome::kCompleted;
    if (e) {
      r.vector = e->vector;
      r.error_code = e->error;
      if (e->vector == cpu::kPFv) r.cr2 = p.cr.cr2;
    }
    r.rip = p.rip();
    r.flags = p.eflags() & kStatusFlags;
    std::copy_n(p.gpr.begin(), 16, r.gpr.begin());
    if (c.mode != Mode::k64) {
      for (unsigned i = 0; i < 16; ++i) r.gpr[i] = i < 8 ? r.gpr[i] & 0xFFFFFFFF : 0;
    }
    r.fx.fcw = f.cw;
    r.fx.fsw = f.status_word();
    r.fx.ftw = f.tag;
    r.fx.fop = f.fop;
    r.fx.fip = f.fip;
    r.fx.fdp = f.fdp;
    for (unsigned i = 0; i < 8; ++i) r.fx.st[i].word = {f.reg(i).mant, f.reg(i).se};
    for (unsigned i = 0; i < 16; ++i) r.fx.xmm[i].word = {p.xmm(i).lo, p.xmm(i).hi};
    r.fx.mxcsr = p.mxcsr;
    append_changes(kDataAddress, layout_[1].background.data(), bench_.ram() + kDataAddress, kDataSize,
                   r.changes);
    return r;
  }

 private:
  Layout layout_;
  test::CpuBench bench_;
};

void show(std::ostream& out, const char* name, const Result& r) {
  out << "\n  " << name << std::hex << ": " << (r.outcome == Outcome::kFault ? "fault " : "done ")
      << unsigned{r.vector} << "/" << r.error_code << " cr2 " << r.cr2 << " rip " << r.rip << " flags "
      << (r.flags & kStatusFlags) << " cw " << r.fx.fcw << " sw " << r.fx.fsw << " tw " << unsigned{r.fx.ftw}
      << " fop " << r.fx.fop << " fip " << r.fx.fip << " fdp " << r.fx.fdp << " mxcsr " << r.fx.mxcsr;
}

// FOP, FIP and FDP are those of the last instruction, on AMD only while an exception is pending (its manual,
// FXSAVE).
bool keeps_pointers(const Result& r) {
  constexpr uint16_t kEs = 0x80;
  return host_is_reference() || (r.fx.fsw & kEs) != 0;
}

// What differs, empty if nothing.
std::string differences(const Case& c, const Row& row, const Result& native, const Result& ours) {
  std::ostringstream out;
  out << std::hex;
  auto one = [&](const char* what, uint64_t n, uint64_t o) {
    if (n != o) out << " " << what << " " << n << " not " << o;
  };
  one("outcome", static_cast<uint64_t>(native.outcome), static_cast<uint64_t>(ours.outcome));
  one("vector", native.vector, ours.vector);
  one("error", native.error_code, ours.error_code);
  // Which part of a long operand is looked at first is the model's affair.
  bool page_only = row.has(cpu::kHelper);
  one("cr2", page_only ? native.cr2 >> 12 : native.cr2, page_only ? ours.cr2 >> 12 : ours.cr2);
  one("rip", native.rip, ours.rip);
  one("flags", native.flags & kStatusFlags, ours.flags);
  for (unsigned i = 0; i < 16; ++i) one("gpr", native.gpr[i], ours.gpr[i]);
  one("fcw", native.fx.fcw, ours.fx.fcw);
  const bool pointers = keeps_pointers(native);
  if (pointers) one("fip", native.fx.fip, ours.fx.fip);
  one("mxcsr", native.fx.mxcsr, ours.fx.mxcsr);
  // A page fault leaves everything as it was, also where silicon has stored half of an 80-bit operand or has
  // gone over to MMX before the store.
  bool partial = native.vector == cpu::kPFv;
  if (!approximate(row) && !partial) {
    one("ftw", native.fx.ftw, ours.fx.ftw);
    if (pointers) one("fdp", native.fx.fdp, ours.fx.fdp);
    if (pointers) one("fop", native.fx.fop, ours.fx.fop);
    one("fsw", native.fx.fsw, ours.fx.fsw);
    for (unsigned i = 0; i < 8; ++i) {
      one("st", native.fx.st[i].word[0], ours.fx.st[i].word[0]);
      one("st sign and exponent", native.fx.st[i].word[1] & 0xFFFF, ours.fx.st[i].word[1]);
    }
  }
  for (unsigned i = 0; i < (c.mode == Mode::k64 ? 16u : 8u); ++i) {
    one("xmm low", native.fx.xmm[i].word[0], ours.fx.xmm[i].word[0]);
    one("xmm high", native.fx.xmm[i].word[1], ours.fx.xmm[i].word[1]);
  }
  if (native.changes != ours.changes) out << " memory";
  return out.str();
}

TEST_CASE("x87, MMX, SSE and SSE2 rows do what the host's processor does", "[oracle][rows]") {
  auto runner = test_runner();
  if (runner == nullptr) return;
  if (!host_is_reference()) WARN("the host is not the reference: skipped x87 pointers without an exception");
  Emulated emulated;
  Random random(20);
  constexpr unsigned kPerForm = 24;
  unsigned cases = 0, rows = 0;
  for (auto table : {cpu::x87_rows(), cpu::mmx_rows(), cpu::sse_rows()}) {
    for (const Row& row : table) {
      ++rows;
      std::vector<Case> batch;
      for (Mode mode : {Mode::k64, Mode::k32}) {
        for (bool memory : {false, true}) {
          bool modrm = !row.has(cpu::kNoModRm) || row.ext >= 0 || row.modrm >= 0;
          if (memory && (row.has(cpu::kRegOnly) || row.modrm >= 0 || !modrm)) continue;
          if (!memory && row.has(cpu::kMemOnly)) continue;
          for (unsigned k = 0; k < kPerForm; ++k) {
            Case c = test_case(mode, encode(row, random, mode, memory));
            randomize(random, {kDataAddress, kDataSize}, c);
            c.flags &= kStatusFlags;
            c.gpr[6] = data_pointer(random, {kDataAddress, kDataSize});
            c.gpr[7] = data_pointer(random, {kDataAddress, kDataSize});
            // Over the end of what is mapped, now and then.
            if (random.one_in(12)) c.gpr[6] = kDataAddress + kDataSize - random.below(24);
            // An x87 error that waits to be reported.
            if (random.one_in(16)) {
              c.fx.fcw &= static_cast<uint16_t>(~0x3F);
              c.fx.fsw |= static_cast<uint16_t>(0x8080 | 1 << random.below(6));
            }
            for (unsigned i = 0; i < 8; ++i) c.fx.st[i].word[1] &= 0xFFFF;
            batch.push_back(std::move(c));
          }
        }
      }
      std::vector<Result> native = runner->run(batch);
      unsigned bad = 0;
      std::string first;
      for (size_t k = 0; k < batch.size(); ++k) {
        if (native[k].outcome == Outcome::kRejected) continue;
        ++cases;
        Result ours = emulated.run(batch[k]);
        std::string d = differences(batch[k], row, native[k], ours);
        if (d.empty()) continue;
        if (bad++ == 0) {
          std::ostringstream out;
          out << std::hex << row.name << (batch[k].mode == Mode::k64 ? " 64:" : " 32:");
          for (uint8_t b : batch[k].code) out << " " << unsigned{b};
          out << " cw " << batch[k].fx.fcw << " sw " << batch[k].fx.fsw << " tw " << unsigned{batch[k].fx.ftw}
              << " mxcsr " << batch[k].fx.mxcsr << " rsi " << batch[k].gpr[6] << " silicon:" << d;
          show(out, "silicon", native[k]);
          show(out, "ours   ", ours);
          first = out.str();
        }
      }
      INFO(bad << " of " << batch.size() << ": " << first);
      CHECK(bad == 0);
    }
  }
  CHECK(rows > 300);
  CHECK(cases > 20000);
}

}  // namespace
}  // namespace ilse::oracle
