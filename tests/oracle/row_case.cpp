#include "oracle/row_case.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "cpu/isa/decoder.h"
#include "oracle/native.h"
#include "oracle/operand.h"
#include "oracle/test_layout.h"

namespace ilse::oracle {
namespace {

using cpu::Insn;
using cpu::Mandatory;
using cpu::Operand;
using cpu::Row;
using Bytes = std::vector<std::uint8_t>;

constexpr unsigned kCacheLine = 64;

bool takes_modrm(const Row& row) { return !row.has(cpu::kNoModRm) || row.ext >= 0 || row.modrm >= 0; }

constexpr std::array<std::uint8_t, 6> kSegments = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

class Generator {
 public:
  Generator(Random& random, const Row& row, Mode mode, const cpu::Model& model)
      : random_(random), row_(row), mode_(mode), model_(model) {}

  std::optional<Case> make() {
    Case c = test_case(mode_, {});
    set_bases(c);
    encode();
    if (!decode()) return std::nullopt;
    bytes_.resize(insn_.len);
    randomize(random_, {kDataAddress, kDataSize}, c);
    // Alignment checks of what makes several accesses depend on microcode: not compared.
    const bool several = row_.has(cpu::kHelper) && (row_.has(cpu::kFpu) || row_.has(cpu::kStackAddress));
    c.flags |= !several && random_.one_in(32) ? kAc : 0;
    suit_operands(c);
    if (insn_.mem && !random_.one_in(24)) aim(c);
    if (xsaves()) {
      const auto is_mask = [](unsigned slot) { return slot == kRax || slot == kRdx; };
      if (is_mask(insn_.base) || is_mask(insn_.index)) return std::nullopt;
      fill_xsave_area(c);
    }
    if (!decode()) return std::nullopt;
    seed_selectors(c);
    if (native_rejects(bytes_, mode_) || (native_locks(bytes_, mode_) && !lock_is_safe(c)))
      return std::nullopt;
    c.code = bytes_;
    if (row_.has(cpu::kString)) c.step_limit = 40;
    return c;
  }

 private:
  void set_bases(Case& c) {
    const bool wide = mode_ != Mode::k16;
    if (wide && random_.one_in(3)) c.base[kFs] = random_.below(0x2000) & ~3ULL;
    if (wide && random_.one_in(3)) c.base[kGs] = random_.below(0x2000) & ~3ULL;
  }

  // VEX: W, L and the opcode map are the row's where it says so, the registers random. A prefix that VEX does
  // not allow, and a vvvv that names nothing, come now and then.
  void encode_vex() {
    if (random_.one_in(5)) bytes_.push_back(0x67);
    if (random_.one_in(6)) bytes_.push_back(random_.pick(kSegments));
    static constexpr std::array<std::uint8_t, 4> kBad = {0x66, 0xf2, 0xf3, 0xf0};
    if (random_.one_in(64)) bytes_.push_back(random_.pick(kBad));
    if (mode_ == Mode::k64 && random_.one_in(64))
      bytes_.push_back(static_cast<std::uint8_t>(0x40 | random_.below(16)));
    const bool wide = mode_ == Mode::k64;
    const auto either = [this](bool fixed, bool value) { return fixed ? value : random_.one_in(2); };
    const bool w = either(row_.w != cpu::VexW::Any, row_.w == cpu::VexW::W1);
    const bool fixed_length = row_.l == cpu::VexL::L0 || row_.l == cpu::VexL::L1;
    const bool l = either(fixed_length, row_.l == cpu::VexL::L1);
    const unsigned pp = row_.prefix == Mandatory::P66  ? 1
                        : row_.prefix == Mandatory::F3 ? 2
                        : row_.prefix == Mandatory::F2 ? 3
                                                       : 0;
    const bool named = row_.v_file != cpu::File::None || random_.one_in(64);
    const auto vvvv = static_cast<unsigned>(named ? random_.below(wide ? 16 : 8) : 0);
    const unsigned rest = (~vvvv & 15) << 3 | (l ? 4 : 0) | pp;
    const auto rxb = static_cast<unsigned>(wide ? random_.below(8) : random_.one_in(16) ? 6 : 7);
    const bool two_bytes = row_.map == cpu::Map::Vex && !w && (rxb & 3) == 3 && random_.one_in(2);
    if (two_bytes) {
      bytes_.push_back(0xc5);
      bytes_.push_back(static_cast<std::uint8_t>((rxb & 4) << 5 | rest));
    } else {
      const unsigned map = static_cast<unsigned>(row_.map) - static_cast<unsigned>(cpu::Map::Vex) + 1;
      bytes_.push_back(0xc4);
      bytes_.push_back(static_cast<std::uint8_t>(rxb << 5 | map));
      bytes_.push_back(static_cast<std::uint8_t>((w ? 0x80 : 0) | rest));
    }
    bytes_.push_back(row_.opcode);
    modrm_at_ = bytes_.size();
    if (takes_modrm(row_)) bytes_.push_back(modrm());
    put_rest();
  }

  void encode() {
    bytes_.clear();
    if (cpu::is_vex(row_.map)) return encode_vex();
    if (row_.prefix == Mandatory::P66) bytes_.push_back(0x66);
    if (row_.prefix == Mandatory::F3) bytes_.push_back(0xf3);
    if (row_.prefix == Mandatory::F2) bytes_.push_back(0xf2);
    const bool vector = row_.has(cpu::kSse) || row_.has(cpu::kMmx);
    // CRC32 takes an operand size beside its mandatory prefix.
    const bool sized = row_.prefix == Mandatory::F2 && row_.map == cpu::Map::Map38;
    if (sized && random_.one_in(3)) bytes_.push_back(0x66);
    const bool size = row_.prefix == Mandatory::Any || row_.prefix == Mandatory::NoRep;
    if (size && !vector && random_.one_in(3)) bytes_.push_back(0x66);
    // Those that select another instruction on the host are kept off the rows of two-byte opcodes.
    const bool repeats =
        row_.has(cpu::kString) ? random_.one_in(2) : row_.map == cpu::Map::OneByte && random_.one_in(12);
    if (row_.prefix == Mandatory::Any && repeats) bytes_.push_back(random_.one_in(2) ? 0xf3 : 0xf2);
    if (random_.one_in(5)) bytes_.push_back(0x67);
    if (random_.one_in(6)) bytes_.push_back(random_.pick(kSegments));
    if (random_.one_in(row_.has(cpu::kLockable) ? 6 : 40)) bytes_.push_back(0xf0);
    for (std::size_t i = bytes_.size(); i > 1; --i) std::swap(bytes_[i - 1], bytes_[random_.below(i)]);
    if (mode_ == Mode::k64 && random_.one_in(2)) {
      bytes_.push_back(static_cast<std::uint8_t>(0x40 | random_.below(16)));
    }
    if (row_.map == cpu::Map::TwoByte || row_.map == cpu::Map::Map38 || row_.map == cpu::Map::Map3A) {
      bytes_.push_back(0x0f);
      if (row_.map == cpu::Map::Map38) bytes_.push_back(0x38);
      if (row_.map == cpu::Map::Map3A) bytes_.push_back(0x3a);
    }
    bool in_opcode = false;
    for (Operand o : row_.operands) in_opcode = in_opcode || o == Operand::OpReg;
    bytes_.push_back(static_cast<std::uint8_t>(row_.opcode + (in_opcode ? random_.below(8) : 0)));
    modrm_at_ = bytes_.size();
    if (takes_modrm(row_)) bytes_.push_back(modrm());
    put_rest();
  }

  // Behind the ModRM byte.
  void put_rest() {
    for (unsigned i = 0; i < 16; ++i) bytes_.push_back(static_cast<std::uint8_t>(random_.next()));
    if (random_.one_in(4))
      bytes_[modrm_at_ + (takes_modrm(row_) ? 1 : 0)] = static_cast<std::uint8_t>(random_.below(4));
  }

  std::uint8_t modrm() {
    if (row_.modrm >= 0) return static_cast<std::uint8_t>(row_.modrm);
    auto byte = static_cast<std::uint8_t>(random_.next());
    if (random_.one_in(4)) byte |= 0xc0;
    if (row_.ext >= 0) byte = static_cast<std::uint8_t>((byte & 0xc7) | row_.ext << 3);
    if (row_.has(cpu::kMemOnly) && byte >= 0xc0)
      byte = static_cast<std::uint8_t>(byte ^ (random_.below(3) + 1) << 6);
    if (row_.has(cpu::kRegOnly)) byte |= 0xc0;
    if (row_.has(Operand::Vsib) && !random_.one_in(32)) byte = static_cast<std::uint8_t>((byte & 0xf8) | 4);
    return byte;
  }

  // True if the bytes are an instruction of this row.
  bool decode() {
    const auto status =
        cpu::decode(bytes_.data(), static_cast<unsigned>(std::min<std::size_t>(bytes_.size(), 15)),
                    decoder_mode(mode_), model_, 0, insn_);
    return status == cpu::DecodeStatus::Ok && insn_.row == &row_;
  }

  std::uint64_t data_offset() {
    const std::uint64_t address = data_pointer(random_, {kDataAddress, kDataSize});
    return mode_ == Mode::k16 ? address - kDataAddress : address;
  }

  bool xsaves() const {
    const std::string_view name = row_.name;
    return name.starts_with("xsave") || name.starts_with("xrstor");
  }

  void suit_operands(Case& c) {
    const auto is = [this](std::uint8_t opcode) {
      return row_.map == cpu::Map::OneByte && row_.opcode == opcode;
    };
    if (row_.has(cpu::kString)) {
      for (const unsigned n : {kRsi, kRdi}) {
        if (!random_.one_in(8)) c.gpr[n] = data_offset();
      }
      if (random_.one_in(4)) c.gpr[kRdi] = c.gpr[kRsi] + random_.below(16);
      if (!random_.one_in(16)) c.gpr[kRcx] = random_.below(random_.one_in(4) ? 60 : 6);
    }
    if (is(0xd7)) c.gpr[kRbx] = data_offset();
    if (is(0xc9) || is(0xc8)) c.gpr[kRbp] = data_offset();
    if (is(0xf6) || is(0xf7)) {  // a dividend that mostly fits
      if (random_.one_in(2))
        c.gpr[kRdx] = static_cast<std::int64_t>(c.gpr[kRax]) < 0 && row_.ext == 7 ? ~0ULL : 0;
      if (random_.one_in(3)) c.gpr[kRdx] = random_.below(16);
    }
    if (xsaves()) {  // the host has more components than these
      c.gpr[kRax] = random_.below(8) | (random_.next() & 0xffff000000000000);
      c.gpr[kRdx] = 0;
    }
    for (Operand o : row_.operands) {
      if (o != Operand::Moffs || random_.one_in(16)) continue;
      const std::uint64_t at =
          data_offset() - (segment_base(c, insn_.seg) - (mode_ == Mode::k16 ? kDataAddress : 0));
      for (unsigned i = 0; i < insn_.addr_size; ++i) {
        bytes_[insn_.len - insn_.addr_size + i] = static_cast<std::uint8_t>(at >> 8 * i);
      }
    }
  }

  std::uint64_t target() {
    static constexpr std::uint64_t kEnd = kDataAddress + kDataSize;
    switch (random_.below(24)) {
      case 0: return kEnd - random_.below(17);
      case 1: return kDataAddress + random_.below(17) - 8;
      case 2: return kCodeAddress + random_.below(0x1000);
      case 3: return kDataAddress + 0x1000 - random_.below(17);
      default: break;
    }
    if (xsaves()) return kDataAddress + (random_.below(kDataSize - 0x400) & ~63ULL);
    const std::uint64_t a = kDataAddress + 32 + random_.below(kDataSize - 700);
    return random_.one_in(3) ? a : a & ~15ULL;
  }

  // Moves the memory operand to a chosen address, by a register or the displacement.
  void aim(Case& c) {
    const std::uint64_t wanted = (target() - segment_base(c, insn_.seg)) & insn_.ea_mask;
    const std::uint64_t delta = wanted - effective_address(insn_, c);
    const auto adjust = [&](unsigned n) {
      const std::uint64_t mask = insn_.ea_mask;
      c.gpr[n] = (c.gpr[n] & ~mask) | ((c.gpr[n] + delta) & mask);
    };
    const bool small_stack = mode_ == Mode::k16 && insn_.base == kRsp && insn_.ea_mask != 0xffff;
    if (small_stack) return;  // the upper half of ESP has to stay zero
    if (insn_.base < 16 && insn_.base != insn_.index) {
      adjust(insn_.base);
    } else if (insn_.base >= 16 && insn_.index < 16 && insn_.scale == 0) {
      adjust(insn_.index);
    } else if (insn_.base >= 16 && insn_.index >= 16) {
      const bool sib = insn_.addr_size != 2 && (bytes_[modrm_at_] & 7) == 4;
      const std::size_t at = modrm_at_ + (sib ? 2 : 1);
      const std::uint64_t disp = static_cast<std::uint64_t>(static_cast<std::int64_t>(insn_.disp)) + delta -
                                 (insn_.base == cpu::kSlotBlock ? insn_.len : 0);
      for (unsigned i = 0; i < (insn_.addr_size == 2 ? 2U : 4U); ++i) {
        bytes_[at + i] = static_cast<std::uint8_t>(disp >> 8 * i);
      }
    }
  }

  // What XRSTOR takes, mostly, and XSAVE adds to.
  void fill_xsave_area(Case& c) {
    const std::uint64_t at = effective_address(insn_, c) + segment_base(c, insn_.seg);
    if (at < kDataAddress || at - kDataAddress > kDataSize - sizeof(XsaveImage)) return;
    XsaveImage image = random_fx(random_);
    image.xstate_bv = random_.below(8);
    if (random_.one_in(3)) image.xcomp_bv = 1ULL << 63 | image.xstate_bv | random_.below(8);
    if (random_.one_in(16)) image.xstate_bv = random_.below(16);
    if (random_.one_in(16))
      image.xcomp_bv = random_.one_in(2) ? random_.below(8) : 1ULL << 63 | random_.below(8);
    if (random_.one_in(16)) image.reserved2[random_.below(6)] = random_.below(2);
    if (random_.one_in(16)) image.mxcsr |= 0x10000;
    MemoryRun& r = c.memory.emplace_back();
    r.address = at;
    r.bytes.resize(sizeof image);
    std::memcpy(r.bytes.data(), &image, sizeof image);
  }

  // One that means the same to the host's kernel and to the oracle's set-up.
  std::uint16_t selector() {
    static constexpr std::array<std::uint16_t, 12> kKnown = {0,    1,    2,    3,    0x10, 0x18,
                                                             0x20, 0x23, 0x28, 0x2b, 0x33, 0x2b};
    if (mode_ == Mode::k16 && random_.one_in(2)) return static_cast<std::uint16_t>(random_.below(6) << 3 | 7);
    return random_.one_in(16) ? static_cast<std::uint16_t>(0xfff8 | random_.below(4)) : random_.pick(kKnown);
  }

  // Selectors where the instruction looks for one: in a register, in memory, on the stack.
  void seed_selectors(Case& c) {
    const std::string_view name = row_.name;
    const auto put = [&](std::uint64_t address, std::uint64_t v, unsigned size) {
      if (address - kDataAddress > kDataSize - size) return;
      MemoryRun& r = c.memory.emplace_back();
      r.address = address;
      for (unsigned i = 0; i < size; ++i) r.bytes.push_back(static_cast<std::uint8_t>(v >> 8 * i));
    };
    const bool far_pointer =
        name == "les" || name == "lds" || name == "lss" || name == "lfs" || name == "lgs";
    const bool tested = name == "lar" || name == "lsl" || name == "verr" || name == "verw";
    const bool one_byte = row_.map == cpu::Map::OneByte;
    const std::uint64_t operand = effective_address(insn_, c) + segment_base(c, insn_.seg);
    if (tested || (one_byte && row_.opcode == 0x8e)) {
      const std::uint64_t v = selector();
      if (insn_.mem) {
        put(operand, v, 2);
      } else {
        std::uint64_t& reg = c.gpr[insn_.rm / 8];
        if (insn_.rm / 8 != kRsp) reg = (reg & ~0xffffULL) | v;
      }
    } else if (far_pointer) {
      put(operand + insn_.op_size, selector(), 2);
    } else if (name == "pop" && row_.operands[0] == Operand::None) {
      put(c.gpr[kRsp] + (mode_ == Mode::k16 ? c.base[kSs] : 0), selector(), 2);
    }
  }

  // No access across a cache line: see native_locks().
  bool lock_is_safe(const Case& c) const {
    if (!insn_.mem) return true;
    const bool bits = row_.map == cpu::Map::TwoByte && (row_.opcode & 0xe7) == 0xa3;
    if (bits) return false;
    return (effective_address(insn_, c) + segment_base(c, insn_.seg)) % kCacheLine <= kCacheLine - 16;
  }

  Random& random_;
  const Row& row_;
  Mode mode_;
  const cpu::Model& model_;
  Bytes bytes_;
  std::size_t modrm_at_ = 0;
  Insn insn_;
};

}  // namespace

std::uint32_t decoder_mode(Mode mode) {
  using namespace cpu;
  constexpr std::uint32_t kUserMode = kModeProtected | 3U << kModeCplShift;
  switch (mode) {
    case Mode::k16: return kUserMode | kModeCode16;
    case Mode::k32: return kUserMode | kModeCode32 | 1U << kModeStackShift | kModeFlatData | kModeFlatCode;
    case Mode::k64: return kUserMode | kModeCode64 | 2U << kModeStackShift | kModeFlatData | kModeFlatCode;
  }
  return 0;
}

std::optional<Case> row_case(Random& random, const Row& row, Mode mode, const cpu::Model& model) {
  if (mode == Mode::k64 ? row.has(cpu::kNo64) : row.has(cpu::kOnly64)) return std::nullopt;
  for (unsigned attempt = 0; attempt < 8; ++attempt) {
    if (auto c = Generator(random, row, mode, model).make()) return c;
  }
  return std::nullopt;
}

}  // namespace ilse::oracle
