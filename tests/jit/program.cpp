#include "jit/program.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "cpu/isa/decoder.h"
#include "cpu/state.h"

namespace ilse::test {

namespace {

using cpu::Insn;
using cpu::Mandatory;
using cpu::Operand;
using cpu::Row;
using oracle::Random;
using Bytes = std::vector<uint8_t>;

// The rows by how often they are asked for.
struct Rows {
  std::vector<const Row*> lifted, strings, vector, avx, mmx, x87, rest;
};

Rows sort_rows() {
  Rows r;
  cpu::for_each_row([&](const Row& row) {
    bool lifts = false;
    for (auto& size : row.lift) lifts = lifts || size[0] != nullptr || size[1] != nullptr;
    auto& kind = row.has(cpu::kString)            ? r.strings
                 : row.has(cpu::kAvx)             ? r.avx
                 : row.has(cpu::kSse)             ? r.vector
                 : row.has(cpu::kMmx)             ? r.mmx
                 : row.has(cpu::kFpu)             ? r.x87
                 : lifts && !row.has(cpu::kStops) ? r.lifted
                                                  : r.rest;
    kind.push_back(&row);
  });
  return r;
}

class Generator {
 public:
  Generator(uint64_t seed, Width width, unsigned privilege, const cpu::Model& model)
      : random_(seed), model_(model) {
    p_.width = width;
    p_.privilege = privilege;
    p_.seed = seed;
    wide_ = width == Width::k64;
    short_ = width == Width::k16;
  }

  Program make() {
    static constexpr std::array<unsigned, 5> kWildness{3, 12, 40, 200, 200};
    wildness_ = random_.pick(kWildness);
    often_vector_ = random_.one_in(3) ? 2 : 30;
    often_avx_ = random_.one_in(6) ? 2 : 30;
    often_x87_ = random_.one_in(6) ? 2 : 40;
    often_mmx_ = random_.one_in(6) ? 2 : 40;
    if (wide_ && random_.one_in(3)) p_.base = kHigh;
    if (!wide_) p_.flat = !random_.one_in(4);
    if (short_) {
      // The code's end is sometimes the segment's, by its limit or by 16 bits.
      static constexpr std::array<uint64_t, 4> kOffsets{0, 0x345, 0x8000, 0x10000 - kCodeSize};
      const uint64_t offset = random_.pick(kOffsets);
      p_.code_base = kCode - offset;
      p_.code_limit =
          random_.one_in(3) ? static_cast<uint32_t>(offset + 0x200 + random_.below(0x1000)) : 0xFFFF;
      data_base_ = kData;
    }
    const auto count = static_cast<unsigned>(2 + random_.below(11));
    p_.blocks.resize(count);
    for (unsigned b = 0; b < count; ++b) body(b);
    // Mostly in a page, sometimes across the border of two.
    p_.place(random_.one_in(4) ? 0xF00 + random_.below(0x100) : random_.below(0x400));
    static constexpr std::array<unsigned, 10> kSlices{1, 2, 3, 4, 5, 7, 11, 23, 64, 500};
    for (unsigned total = 0; total < 600;) {
      const unsigned n = random_.pick(kSlices);
      p_.slices.push_back(n);
      total += n;
    }
    return std::move(p_);
  }

 private:
  uint32_t mode() const {
    using namespace cpu;
    if (short_) return kModeProtected | p_.privilege << kModeCplShift | kModeCode16;
    return kModeProtected | p_.privilege << kModeCplShift | kModeFlatData | kModeFlatCode |
           (wide_ ? kModeCode64 | 2u << kModeStackShift : kModeCode32 | 1u << kModeStackShift);
  }

  void body(unsigned block) {
    at_ = &p_.blocks[block];
    const uint64_t n = 1 + random_.below(random_.one_in(4) ? 20 : 7);
    for (uint64_t k = 0; k < n; ++k) instruction();
    terminator(block);
  }

  void emit(Bytes bytes) { at_->push_back({std::move(bytes), Piece::Fix::None, 0, 0, 0, 0}); }
  void emit_to(Bytes bytes, Piece::Fix fix, unsigned size, unsigned block) {
    const auto at = static_cast<unsigned>(bytes.size());
    bytes.resize(at + size);
    at_->push_back({std::move(bytes), fix, at, size, block, 0});
  }
  unsigned any_block() { return static_cast<unsigned>(random_.below(p_.blocks.size())); }

  // mov reg, the value; sign-extended from 32 bits.
  void set(unsigned reg, uint64_t value) {
    Bytes b;
    if (short_) b.push_back(0x66);
    if (wide_) b.push_back(static_cast<uint8_t>(0x48 | (reg >> 3)));
    b.push_back(0xC7);
    b.push_back(static_cast<uint8_t>(0xC0 | (reg & 7)));
    for (unsigned k = 0; k < 4; ++k) b.push_back(static_cast<uint8_t>(value >> 8 * k));
    emit(std::move(b));
  }

  uint64_t target(bool sixteen_bits) {
    if (sixteen_bits && (!short_ || random_.one_in(wildness_))) return random_.below(0x10000);
    return linear_target() - data_base_;
  }
  uint64_t linear_target() {
    if (random_.one_in(wildness_)) {
      switch (random_.below(6)) {
        case 0: return kData + kDataSize - random_.below(20);  // into the unmapped page
        case 1: return kReadOnly + random_.below(0x1000);
        case 2: return kCodeAlias + random_.below(kCodeSize);
        case 3: return kCode + random_.below(kCodeSize);
        case 4: return oracle::canonical_edge(random_);
        default: return random_.next();
      }
    }
    switch (random_.below(10)) {
      case 0: return p_.base + kData + 0x1000 * (1 + random_.below(3)) - random_.below(10);
      case 1: return p_.base + kAlias + random_.below(0xF00);
      case 2: return p_.base + kLastPage + 0x1000 - 8 * random_.below(4) - 8;
      case 3: return p_.base + kData + 64 * random_.below(4);
      default:
        return p_.base + kData + 0x100 +
               (random_.below(kDataSize - 0x400) & (random_.one_in(2) ? ~uint64_t{15} : ~uint64_t{7}));
    }
  }

  const Row& choose() {
    static const Rows kRows = sort_rows();
    if (random_.one_in(14)) return *random_.pick(kRows.rest);
    if (random_.one_in(often_vector_)) return *random_.pick(kRows.vector);
    if (random_.one_in(often_avx_)) return *random_.pick(kRows.avx);
    if (random_.one_in(often_mmx_)) return *random_.pick(kRows.mmx);
    if (random_.one_in(often_x87_)) return *random_.pick(kRows.x87);
    if (random_.one_in(20)) return *random_.pick(kRows.strings);
    return *random_.pick(kRows.lifted);
  }

  void instruction() {
    for (unsigned attempt = 0; attempt < 20; ++attempt) {
      const Row& row = choose();
      if (wide_ ? row.has(cpu::kNo64) : row.has(cpu::kOnly64)) continue;
      if (row.has(cpu::kCpl0) && !random_.one_in(8)) continue;
      encode(row);
      Insn i;
      if (!decode(row, i)) continue;
      if (row.has(cpu::kString)) {
        aim_string(i);
      } else if (i.mem) {
        if (!aim(row, i)) continue;
      }
      if (!decode(row, i)) continue;
      bytes_.resize(i.len);
      emit(bytes_);
      if (i.mem && i.base == cpu::kSlotBlock && !random_.one_in(wildness_)) {
        Piece& p = at_->back();
        p.fix = Piece::Fix::Data;
        p.at = static_cast<unsigned>(modrm_at_ + 1);
        p.data = target(false);
      }
      return;
    }
    emit({0x90});
  }

  // Three bytes of prefix (SDM vol. 2A, 2.3.5): VEX.W and VEX.L are random where the row leaves them open.
  void encode_vex(const Row& row) {
    const auto map = static_cast<unsigned>(row.map) - static_cast<unsigned>(cpu::Map::Vex) + 1;
    const bool w = row.w == cpu::VexW::Any ? random_.one_in(2) : row.w == cpu::VexW::W1;
    const bool l = row.l == cpu::VexL::L1 || (row.l != cpu::VexL::L0 && random_.one_in(2));
    const unsigned prefix = row.prefix == Mandatory::P66  ? 1
                            : row.prefix == Mandatory::F3 ? 2
                            : row.prefix == Mandatory::F2 ? 3
                                                          : 0;
    const uint64_t v = row.v_file == cpu::File::None ? 0 : random_.below(wide_ ? 16 : 8);
    if (random_.one_in(20)) bytes_.push_back(0x67);
    bytes_.push_back(0xC4);
    bytes_.push_back(static_cast<uint8_t>((wide_ ? random_.below(8) << 5 : 0xE0) | map));
    bytes_.push_back(static_cast<uint8_t>((w ? 0x80u : 0u) | (~v & 15) << 3 | (l ? 4u : 0u) | prefix));
  }

  void encode(const Row& row) {
    bytes_.clear();
    if (cpu::is_vex(row.map)) {
      encode_vex(row);
    } else {
      encode_prefixes(row);
    }
    bool in_opcode = false;
    for (Operand o : row.operands) in_opcode = in_opcode || o == Operand::OpReg;
    bytes_.push_back(static_cast<uint8_t>(row.opcode + (in_opcode ? random_.below(8) : 0)));
    modrm_at_ = bytes_.size();
    has_modrm_ = !row.has(cpu::kNoModRm) || row.ext >= 0 || row.modrm >= 0;
    if (has_modrm_) bytes_.push_back(modrm(row));
    for (unsigned k = 0; k < 16; ++k) bytes_.push_back(static_cast<uint8_t>(random_.next()));
    if (random_.one_in(2)) {  // small immediates and displacements
      for (size_t k = modrm_at_ + 2; k < bytes_.size(); ++k) bytes_[k] = 0;
      bytes_[modrm_at_ + 2] = static_cast<uint8_t>(random_.below(70));
    }
  }

  void encode_prefixes(const Row& row) {
    static constexpr std::array<uint8_t, 6> kSegments{0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    const bool vector = row.has(cpu::kSse) || row.has(cpu::kMmx);
    if (row.prefix == Mandatory::P66) bytes_.push_back(0x66);
    if (row.prefix == Mandatory::F3) bytes_.push_back(0xF3);
    if (row.prefix == Mandatory::F2) bytes_.push_back(0xF2);
    if (row.prefix == Mandatory::Any && !vector && random_.one_in(5)) bytes_.push_back(0x66);
    const bool repeats = row.has(cpu::kString) ? random_.one_in(2) : random_.one_in(60);
    if (row.prefix == Mandatory::Any && repeats) bytes_.push_back(random_.one_in(2) ? 0xF3 : 0xF2);
    if (random_.one_in(20)) bytes_.push_back(0x67);
    if (random_.one_in(12)) bytes_.push_back(random_.pick(kSegments));
    if (random_.one_in(row.has(cpu::kLockable) ? 10 : 200)) bytes_.push_back(0xF0);
    if (wide_ && random_.one_in(2)) bytes_.push_back(static_cast<uint8_t>(0x40 | random_.below(16)));
    if (row.map != cpu::Map::OneByte && row.map != cpu::Map::X87) {
      bytes_.push_back(0x0F);
      if (row.map == cpu::Map::Map38) bytes_.push_back(0x38);
      if (row.map == cpu::Map::Map3A) bytes_.push_back(0x3A);
    }
  }

  uint8_t modrm(const Row& row) {
    if (row.modrm >= 0) return static_cast<uint8_t>(row.modrm);
    auto byte = static_cast<uint8_t>(random_.next());
    // The stack pointer as a destination ends most programs.
    if (random_.one_in(2)) byte |= 0xC0;
    if (row.ext >= 0) byte = static_cast<uint8_t>((byte & 0xC7) | row.ext << 3);
    if (row.has(cpu::kMemOnly) && byte >= 0xC0) byte = static_cast<uint8_t>(byte & 0x7F);
    if (row.has(cpu::kRegOnly)) byte |= 0xC0;
    return byte;
  }

  bool decode(const Row& row, Insn& i) {
    const auto size = static_cast<unsigned>(std::min<size_t>(bytes_.size(), cpu::kMaxInsnBytes));
    return cpu::decode(bytes_.data(), size, mode(), model_, 0, i) == cpu::DecodeStatus::Ok && i.row == &row;
  }

  // Sets the operand's registers before it, so that it is where it is meant to be. Not always: then the
  // registers are what the program has made of them.
  bool aim(const Row& row, const Insn& i) {
    if (random_.one_in(wildness_)) return true;
    const bool moffs =
        std::find(row.operands.begin(), row.operands.end(), Operand::Moffs) != row.operands.end();
    uint64_t wanted = target(i.addr_size == 2);
    if (moffs) {
      for (unsigned k = 0; k < i.addr_size; ++k) {
        bytes_[static_cast<size_t>(i.len - i.addr_size) + k] = static_cast<uint8_t>(wanted >> 8 * k);
      }
      return true;
    }
    if (i.base == cpu::kSlotBlock) return true;
    if (i.base >= 16 && i.index >= 16) {
      if (i.addr_size == 2) return true;
      const size_t at = modrm_at_ + ((bytes_[modrm_at_] & 7) == 4 ? 2 : 1);
      for (unsigned k = 0; k < 4; ++k) bytes_[at + k] = static_cast<uint8_t>(wanted >> 8 * k);
      return true;
    }
    if (i.base == cpu::kRsp && i.index >= 16) return random_.one_in(2);
    if (i.index < 16) {
      if (i.index == i.base) return true;
      if (random_.one_in(3)) {
        const uint64_t value = random_.below(64) - 32;
        set(i.index, value);
        wanted -= value << i.scale;
      } else if (i.base < 16) {
        set(i.index, 0);
      }
    }
    wanted -= static_cast<uint64_t>(static_cast<int64_t>(i.disp));
    if (i.base < 16) {
      if (i.base == cpu::kRsp) return random_.one_in(8);
      set(i.base, wanted);
    } else {
      set(i.index, wanted >> i.scale);
    }
    return true;
  }

  void aim_string(const Insn& i) {
    if (random_.one_in(wildness_)) return;
    for (unsigned reg : {cpu::kRsi, cpu::kRdi}) {
      if (!random_.one_in(4)) set(reg, target(false));
    }
    if (i.rep != cpu::Rep::None) set(cpu::kRcx, random_.below(random_.one_in(4) ? 50 : 5));
  }

  void terminator(unsigned block) {
    const unsigned to = any_block();
    const bool close = random_.one_in(3);
    const unsigned near = short_ ? 2 : 4;
    switch (random_.below(12)) {
      case 0: emit_to({0xE9}, Piece::Fix::Relative, near, to); break;
      case 1: emit_to({0xE8}, Piece::Fix::Relative, near, to); break;
      case 2: {  // computed: through a register, in memory, by a return
        const auto reg = static_cast<uint8_t>(random_.below(2) != 0 ? 0 : 3);
        absolute(reg, to);
        const bool call = random_.one_in(2);
        emit({0xFF, static_cast<uint8_t>((call ? 0xD0 : 0xE0) | reg)});
        break;
      }
      case 3: {
        absolute(0, to);
        const uint64_t cell = p_.base + kData + 8 * random_.below(64) - data_base_;
        // ModRM for [RBX].
        const uint8_t at = short_ ? 7 : 3;
        set(3, cell);
        if (wide_) emit({0x48, 0x89, at});
        if (!wide_) emit({0x89, at});
        emit({0xFF, static_cast<uint8_t>((random_.one_in(2) ? 0x10 : 0x20) | at)});
        break;
      }
      case 4:
        absolute(0, to);
        emit({0x50});
        emit({0xC3});
        break;
      case 5:
        if (random_.one_in(2)) {
          emit({0xC3});
        } else {
          emit({0xC2, 0x08, 0x00});
        }
        break;
      case 6: emit_to({static_cast<uint8_t>(0xE0 + random_.below(4))}, Piece::Fix::Relative, 1, to); break;
      case 7: break;  // falls through
      default: {
        const auto code = static_cast<uint8_t>(random_.below(16));
        if (close) {
          emit_to({static_cast<uint8_t>(0x70 | code)}, Piece::Fix::Relative, 1, to);
        } else {
          emit_to({0x0F, static_cast<uint8_t>(0x80 | code)}, Piece::Fix::Relative, near, to);
        }
      }
    }
    if (block + 1 == p_.blocks.size()) emit_to({0xE9}, Piece::Fix::Relative, near, any_block());
  }

  // mov reg, the block's address
  void absolute(uint8_t reg, unsigned block) {
    if (wide_) {
      emit_to({0x48, 0xC7, static_cast<uint8_t>(0xC0 | reg)}, Piece::Fix::Absolute, 4, block);
    } else {
      emit_to({0xC7, static_cast<uint8_t>(0xC0 | reg)}, Piece::Fix::Absolute, short_ ? 2 : 4, block);
    }
  }

  Random random_;
  const cpu::Model& model_;
  Program p_;
  bool wide_ = true, short_ = false;
  uint64_t data_base_ = 0;  // of the data segments
  unsigned wildness_ = 10;
  unsigned often_vector_ = 30, often_avx_ = 30, often_x87_ = 40, often_mmx_ = 40;
  std::vector<Piece>* at_ = nullptr;
  Bytes bytes_;
  size_t modrm_at_ = 0;
  bool has_modrm_ = false;
};

}  // namespace

void Program::place(uint64_t at) {
  places.clear();
  for (const auto& block : blocks) {
    places.push_back(at);
    for (const Piece& p : block) at += p.bytes.size();
  }
}

std::vector<uint8_t> Program::image() const {
  std::vector<uint8_t> out(kCodeSize, 0xF4);
  for (size_t b = 0; b < blocks.size(); ++b) {
    uint64_t at = places[b];
    for (const Piece& p : blocks[b]) {
      if (at + p.bytes.size() > out.size()) return {};
      std::copy(p.bytes.begin(), p.bytes.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
      if (p.fix != Piece::Fix::None) {
        uint64_t value = p.fix == Piece::Fix::Data ? p.data - (base + kCode + at + p.bytes.size())
                                                   : base + kCode + places[p.block] - code_base;
        if (p.fix == Piece::Fix::Relative) value = places[p.block] - (at + p.bytes.size());
        // A short branch that does not reach goes to the next instruction.
        if (p.size == 1 && static_cast<int64_t>(value) != static_cast<int8_t>(value)) value = 0;
        for (unsigned k = 0; k < p.size; ++k) out[at + p.at + k] = static_cast<uint8_t>(value >> 8 * k);
      }
      at += p.bytes.size();
    }
  }
  return out;
}

Program random_program(uint64_t seed, Width width, unsigned privilege, const cpu::Model& model) {
  return Generator(seed, width, privilege, model).make();
}

}  // namespace ilse::test
