#include "cpu/isa/decoder.h"

#include <array>
#include <cstring>
#include <vector>

#include "cpu/cpu.h"

namespace ilse::cpu {

namespace {

// Rows by map and opcode. Opcodes that encode a register are entered for each of the eight.
class Index {
 public:
  Index() {
    for_each_row([this](const Row& r) {
      bool eight = false;
      for (Operand o : r.operands) eight = eight || o == Operand::OpReg;
      for (unsigned k = 0; k < (eight ? 8u : 1u); ++k) {
        lists_[static_cast<size_t>(r.map)][r.opcode + k].push_back(&r);
      }
    });
  }
  const std::vector<const Row*>& at(Map map, uint8_t opcode) const {
    return lists_[static_cast<size_t>(map)][opcode];
  }

 private:
  std::array<std::array<std::vector<const Row*>, 256>, kMaps> lists_;
};

const Index& index() {
  static const Index kIndex;
  return kIndex;
}

struct Reader {
  const uint8_t* p;
  unsigned available;
  unsigned at = 0;
  bool short_ = false;

  uint8_t byte() {
    if (at >= available) {
      short_ = true;
      return 0;
    }
    return p[at++];
  }
  // The next byte, 0 where there is none.
  uint8_t peek() const { return at < available ? p[at] : uint8_t{0}; }
  uint64_t bytes(unsigned n) {
    uint64_t v = 0;
    if (at + n > available) {
      short_ = true;
      return 0;
    }
    std::memcpy(&v, p + at, n);
    at += n;
    return v;
  }
  int64_t sbytes(unsigned n) {
    uint64_t v = bytes(n);
    unsigned shift = 64 - 8 * n;
    return static_cast<int64_t>(v << shift) >> shift;
  }
};

struct Prefixes {
  bool p66 = false, p67 = false, lock = false;
  Rep rep = Rep::None;
  int seg = -1;
  uint8_t rex = 0;  // a VEX prefix has the same bits: W, R, X, B
};

// A VEX prefix (SDM vol. 2A, §2.3), as far as it is not in the Prefixes that it implies.
struct Vex {
  uint8_t flags = 0;  // of enum VexBits; 0: none
  uint8_t vvvv = 0;   // the register's number
  bool bad = false;   // a prefix before it that it does not allow
};

// C4 and C5 are LES and LDS where a ModRM byte of memory follows, but in 64-bit code.
bool begins_vex(uint8_t op, uint8_t next, bool mode64, uint32_t mode) {
  if ((op & 0xFE) != 0xC4) return false;
  bool real_or_v86 = (mode & kModeProtected) == 0 || (mode & kModeV86) != 0;
  return mode64 || (next >= 0xC0 && !real_or_v86);
}

// Behind C4 or C5: the rest of the prefix and the opcode. False: a map that there is not.
bool read_vex(Reader& r, uint8_t& op, bool mode64, Prefixes& p, Vex& vex, Map& map) {
  vex.bad = p.p66 || p.lock || p.rep != Rep::None || p.rex != 0;
  uint8_t first = r.byte(), second = first;
  unsigned number = 1;
  if (op == 0xC4) {
    second = r.byte();
    number = first & 31;
    p.rex = static_cast<uint8_t>(0x40 | (~first >> 5 & 7) | (second >> 4 & 8));
  } else {
    p.rex = static_cast<uint8_t>(0x40 | (~first >> 5 & 4));
  }
  vex.vvvv = static_cast<uint8_t>(~second >> 3 & 15);
  vex.flags =
      static_cast<uint8_t>(kVexPresent | ((second & 4) != 0 ? +kVexL : 0) | ((p.rex & 8) != 0 ? +kVexW : 0));
  if (!mode64) {
    p.rex &= 0x40;
    vex.vvvv &= 7;
  }
  p.p66 = (second & 3) == 1;
  p.rep = (second & 3) == 2 ? Rep::Rep : (second & 3) == 3 ? Rep::Repne : Rep::None;
  op = r.byte();
  if (number < 1 || number > 3) return false;
  map = static_cast<Map>(static_cast<unsigned>(Map::Vex) + number - 1);
  return true;
}

bool vex_matches(const Row& r, const Vex& vex) {
  bool w = (vex.flags & kVexW) != 0, l = (vex.flags & kVexL) != 0;
  if (r.w != VexW::Any && w != (r.w == VexW::W1)) return false;
  return r.l == VexL::Any || r.l == VexL::By || l == (r.l == VexL::L1);
}

uint8_t slot8(unsigned n, bool rex) {
  return static_cast<uint8_t>(!rex && n >= 4 && n < 8 ? (n - 4) * 8 + 1 : n * 8);
}

uint8_t register_slot(File file, unsigned n, bool rex) {
  switch (file) {
    case File::Gpr8: return slot8(n, rex);
    case File::Gpr: return static_cast<uint8_t>(n * 8);
    case File::Mmx: return static_cast<uint8_t>(n & 7);
    case File::Segment: return static_cast<uint8_t>(n & 7);
    default: return static_cast<uint8_t>(n);
  }
}

void decode_memory16(Reader& r, uint8_t modrm, Insn& out, int& default_seg) {
  static constexpr uint8_t kBase[8] = {kRbx, kRbx, kRbp, kRbp, kRsi, kRdi, kRbp, kRbx};
  static constexpr uint8_t kIdx[8] = {kRsi, kRdi, kRsi, kRdi, kSlotZero, kSlotZero, kSlotZero, kSlotZero};
  unsigned mod = modrm >> 6, rm = modrm & 7;
  out.base = kBase[rm];
  out.index = kIdx[rm];
  if (out.base == kRbp) default_seg = kSs;
  if (mod == 0 && rm == 6) {
    out.base = kSlotZero;
    default_seg = kDs;
    out.disp = static_cast<int32_t>(r.bytes(2));
  } else if (mod == 1) {
    out.disp = static_cast<int32_t>(r.sbytes(1));
  } else if (mod == 2) {
    out.disp = static_cast<int32_t>(r.bytes(2));
  }
}

// Returns true for RIP-relative.
bool decode_memory32(Reader& r, uint8_t modrm, uint8_t rex, bool mode64, Insn& out, int& default_seg) {
  unsigned mod = modrm >> 6, rm = modrm & 7;
  bool rip = false;
  if (rm == 4) {
    uint8_t sib = r.byte();
    unsigned idx = (sib >> 3 & 7) | (rex & 2) << 2;
    unsigned b = sib & 7;
    out.scale = sib >> 6;
    out.index = idx == 4 ? kSlotZero : static_cast<uint8_t>(idx);
    if (b == 5 && mod == 0) {
      out.base = kSlotZero;
      out.disp = static_cast<int32_t>(r.sbytes(4));
    } else {
      out.base = static_cast<uint8_t>(b | (rex & 1) << 3);
    }
  } else if (rm == 5 && mod == 0) {
    out.disp = static_cast<int32_t>(r.sbytes(4));
    out.base = mode64 ? kSlotBlock : kSlotZero;
    rip = mode64;
  } else {
    out.base = static_cast<uint8_t>(rm | (rex & 1) << 3);
  }
  if (out.base == kRsp || out.base == kRbp) default_seg = kSs;
  if (mod == 1) out.disp = static_cast<int32_t>(r.sbytes(1));
  if (mod == 2) out.disp = static_cast<int32_t>(r.sbytes(4));
  return rip;
}

bool prefix_matches(Mandatory m, const Prefixes& p) {
  switch (m) {
    case Mandatory::Any: return true;
    case Mandatory::None: return p.rep == Rep::None && !p.p66;
    case Mandatory::P66: return p.p66 && p.rep == Rep::None;
    case Mandatory::F3: return p.rep == Rep::Rep;
    case Mandatory::F2: return p.rep == Rep::Repne;
    case Mandatory::NoRep: return p.rep == Rep::None;
  }
  return false;
}

// A processor without a feature does not know its rows: TZCNT is BSF there, its prefix ignored.
const Row* select(Map map, uint8_t opcode, uint8_t modrm, const Prefixes& p, const Vex& vex, bool mode64,
                  const Model& model) {
  const Row* found = nullptr;
  for (const Row* r : index().at(map, opcode)) {
    if (!model.has(r->feature)) continue;
    if (!r->has(kNoModRm) || r->ext >= 0 || r->modrm >= 0) {
      bool mem = modrm < 0xC0;
      if (r->ext >= 0 && (modrm >> 3 & 7) != r->ext) continue;
      if (r->modrm >= 0 && modrm != r->modrm) continue;
      if (r->has(kMemOnly) && !mem) continue;
      if (r->has(kRegOnly) && mem) continue;
    }
    if (!prefix_matches(r->prefix, p)) continue;
    if (vex.flags != 0 && !vex_matches(*r, vex)) continue;
    if (r->has(kNo64) && mode64) continue;
    if (r->has(kOnly64) && !mode64) continue;
    if (r->has(kNoRexB) && (p.rex & 1) != 0) continue;
    if (r->has(kRexW) && (p.rex & 8) == 0) continue;
    if (found == nullptr || r->rank() > found->rank()) found = r;
  }
  return found;
}

bool map_has_modrm(Map map, uint8_t opcode) {
  for (const Row* r : index().at(map, opcode)) {
    if (!r->has(kNoModRm) || r->ext >= 0 || r->modrm >= 0) return true;
  }
  return false;
}

}  // namespace

const Insn* raise_ud(Cpu& c, const Insn* i) {
  c.raise(kUD);
  return c.leave_fault(i);
}
const Insn* raise_gp(Cpu& c, const Insn* i) {
  c.raise(kGP, 0);
  return c.leave_fault(i);
}
const Insn* raise_nm(Cpu& c, const Insn* i) {
  c.raise(kNM);
  return c.leave_fault(i);
}

DecodeStatus decode(const uint8_t* bytes, unsigned available, uint32_t mode, const Model& model, uint16_t ip,
                    Insn& out) {
  out = Insn{};
  Reader r{bytes, available < kMaxInsnBytes ? available : kMaxInsnBytes};
  auto incomplete = [&] {
    return available >= kMaxInsnBytes ? DecodeStatus::TooLong : DecodeStatus::NeedMore;
  };
  bool mode64 = (mode & kModeCodeMask) == kModeCode64;
  bool mode32 = (mode & kModeCodeMask) == kModeCode32;

  Prefixes p;
  uint8_t op = 0;
  for (;;) {
    op = r.byte();
    if (r.short_) return incomplete();
    bool prefix = true;
    switch (op) {
      case 0x66: p.p66 = true; break;
      case 0x67: p.p67 = true; break;
      case 0xF0: p.lock = true; break;
      case 0xF2: p.rep = Rep::Repne; break;
      case 0xF3: p.rep = Rep::Rep; break;
      case 0x26:
        if (!mode64) p.seg = kEs;
        break;
      case 0x2E:
        if (!mode64) p.seg = kCs;
        break;
      case 0x36:
        if (!mode64) p.seg = kSs;
        break;
      case 0x3E:
        if (!mode64) p.seg = kDs;
        break;
      case 0x64: p.seg = kFs; break;
      case 0x65: p.seg = kGs; break;
      default: prefix = false; break;
    }
    if (prefix) {
      p.rex = 0;  // a REX that is not last is ignored
    } else if (mode64 && (op & 0xF0) == 0x40) {
      p.rex = op;
    } else {
      break;
    }
  }

  Map map = Map::OneByte;
  Vex vex;
  bool known = true;
  if (begins_vex(op, r.peek(), mode64, mode)) [[unlikely]] {
    known = read_vex(r, op, mode64, p, vex, map);
    if (r.short_) return incomplete();
  } else if (op == 0x0F) {
    map = Map::TwoByte;
    op = r.byte();
    if (op == 0x38 || op == 0x3A) {
      map = op == 0x38 ? Map::Map38 : Map::Map3A;
      op = r.byte();
    }
    if (r.short_) return incomplete();
  }
  out.opcode = op;
  out.rep = p.rep;
  out.lock = p.lock;
  out.has_66 = p.p66;
  out.ip = ip;

  bool has_modrm = known && map_has_modrm(map, op);
  uint8_t modrm = 0;
  unsigned modrm_at = 0;
  if (has_modrm) {
    modrm_at = r.at;
    modrm = r.byte();
    if (r.short_) return incomplete();
  }
  out.modrm = modrm;
  const Row* row = known ? select(map, op, modrm, p, vex, mode64, model) : nullptr;

  out.row = row;

  // Sizes.
  out.op_size = mode64 ? 4 : (mode32 != p.p66) ? 4 : 2;
  if (mode64) {
    if ((p.rex & 8) != 0) {
      out.op_size = 8;
    } else if (row != nullptr && row->has(kForce64)) {
      out.op_size = 8;
    } else if (p.p66) {
      out.op_size = 2;
    } else if (row != nullptr && row->has(kDefault64)) {
      out.op_size = 8;
    }
  }
  if (row != nullptr && row->has(kIgnore66) && out.op_size == 2) out.op_size = 4;
  if (vex.flags != 0) {
    out.op_size = (p.rex & 8) != 0 ? 8 : 4;
    out.vex = vex.flags;
    if (row != nullptr) out.vvvv = register_slot(row->v_file, vex.vvvv, true);
  }
  out.addr_size = mode64 ? (p.p67 ? 4 : 8) : (mode32 != p.p67) ? 4 : 2;
  out.ea_mask = out.addr_size == 8 ? ~0ull : out.addr_size == 4 ? 0xFFFFFFFFull : 0xFFFFull;
  unsigned stack = mode >> kModeStackShift & 3;
  out.stack_size = stack == 2 ? 8 : stack == 1 ? 4 : 2;

  int default_seg = kDs;
  bool rip_relative = false;
  File rm_file = row != nullptr ? row->rm_file : File::None;
  if (has_modrm) {
    out.mem = modrm < 0xC0;
    // MOV to and from control and debug registers takes its ModRM as register form whatever mod says.
    if (row != nullptr && (row->reg_file == File::Control || row->reg_file == File::Debug)) out.mem = false;
    if (out.mem) {
      if (out.addr_size == 2) {
        decode_memory16(r, modrm, out, default_seg);
      } else {
        rip_relative = decode_memory32(r, modrm, p.rex, mode64, out, default_seg);
        if (row != nullptr && row->has(Operand::Vsib) && (modrm & 7) == 4) {
          // Every index is a register: none means no index.
          out.imm2 = static_cast<uint8_t>((r.p[modrm_at + 1] >> 3 & 7) | (p.rex & 2) << 2);
          out.index = kSlotZero;
        }
      }
    } else {
      out.rm = register_slot(rm_file, (modrm & 7) | (p.rex & 1) << 3, p.rex != 0);
    }
    if (row != nullptr) {
      out.reg = register_slot(row->reg_file, (modrm >> 3 & 7) | (p.rex & 4) << 1, p.rex != 0);
    }
    if (r.short_) return incomplete();
  }
  if (row != nullptr) {
    for (Operand o : row->operands) {
      switch (o) {
        case Operand::OpReg: out.rm = register_slot(rm_file, (op & 7) | (p.rex & 1) << 3, p.rex != 0); break;
        case Operand::Moffs: out.imm = r.bytes(out.addr_size); break;
        case Operand::Imm8: out.imm = r.bytes(1); break;
        case Operand::Is4: out.imm = r.bytes(1) & (mode64 ? 0xFF : 0x7F); break;
        case Operand::Imm8s: out.imm = static_cast<uint64_t>(r.sbytes(1)); break;
        case Operand::Imm16: out.imm = r.bytes(2); break;
        case Operand::ImmZ: out.imm = static_cast<uint64_t>(r.sbytes(out.op_size == 2 ? 2 : 4)); break;
        case Operand::ImmV: out.imm = static_cast<uint64_t>(r.sbytes(out.op_size)); break;
        case Operand::Imm16Imm8:
          out.imm = r.bytes(2);
          out.imm2 = r.byte();
          break;
        case Operand::RelB:
        case Operand::RelZ:
          out.imm = static_cast<uint64_t>(r.sbytes(o == Operand::RelB ? 1 : out.op_size == 2 ? 2 : 4));
          out.ea_mask = ~0ull >> (64 - 8 * out.op_size);
          break;
        case Operand::Far:
          out.imm = r.bytes(out.op_size == 2 ? 2 : 4);
          out.far_selector = static_cast<uint16_t>(r.bytes(2));
          break;
        default: break;
      }
    }
  }
  if (r.short_) return incomplete();
  out.len = static_cast<uint8_t>(r.at);
  if (rip_relative) out.disp += ip + out.len;

  out.seg = static_cast<uint8_t>(p.seg >= 0 ? p.seg : default_seg);
  if (mode64) {
    out.flat = out.seg < kFs;
  } else {
    out.flat = (mode & kModeFlatData) != 0 && (out.seg == kDs || out.seg == kEs || out.seg == kSs);
  }

  // What the mode or the processor does not allow.
  out.fn = &raise_ud;
  if (row == nullptr) return DecodeStatus::Ok;
  if (vex.flags != 0) {
    if (vex.bad || (row->v_file == File::None && vex.vvvv != 0)) return DecodeStatus::Ok;
    if ((vex.flags & kVexL) != 0 && !model.has(row->long_feature)) return DecodeStatus::Ok;
    if (row->has(Operand::Vsib) && (out.addr_size == 2 || (modrm & 7) != 4)) return DecodeStatus::Ok;
  }
  bool real_or_v86 = (mode & kModeProtected) == 0 || (mode & kModeV86) != 0;
  if (row->has(kProtectedOnly) && real_or_v86) return DecodeStatus::Ok;
  if (p.lock && !(row->has(kLockable) && out.mem)) return DecodeStatus::Ok;
  if (row->reg_file == File::Control && (out.reg & 7) != 0 && (out.reg < 2 || out.reg > 4))
    return DecodeStatus::Ok;
  if (row->reg_file == File::Debug && out.reg > 7) return DecodeStatus::Ok;
  if (row->has(kSse) && (mode & kModeNoSse) != 0) return DecodeStatus::Ok;
  if (row->has(kMmx) && (mode & kModeMmxUd) != 0) return DecodeStatus::Ok;
  if (row->has(kAvx) && ((mode & kModeNoAvx) != 0 || !model.has(Feature::Avx))) return DecodeStatus::Ok;
  if (row->has(kFpu) && (mode & kModeNoFpu) != 0) {
    out.fn = &raise_nm;
    return DecodeStatus::Ok;
  }
  if ((row->attrs & (kSse | kMmx | kAvx)) != 0 && (mode & kModeSseNm) != 0) {
    out.fn = &raise_nm;
    return DecodeStatus::Ok;
  }
  if (row->has(kCpl0) && (mode & kModeCplMask) != 0) {
    out.fn = &raise_gp;
    return DecodeStatus::Ok;
  }
  unsigned size = out.op_size == 2 ? 0 : out.op_size == 4 ? 1 : 2;
  if (row->l == VexL::By) size = (vex.flags & kVexL) != 0 ? 1 : 0;
  Handler fn = row->exec[size][out.mem ? 1 : 0];
  if (fn != nullptr) out.fn = fn;
  return DecodeStatus::Ok;
}

}  // namespace ilse::cpu
