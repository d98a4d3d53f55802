// The x87 state as it lies in memory: FNSTENV, FNSAVE and their loads in four layouts, and the x87
// part of FXSAVE (Intel SDM vol. 1, 8.1.10, figures 8-9 to 8-12, and 10.5.1).
#include <cstring>

#include "cpu/fpu/x87.h"

namespace ilse::cpu {

using namespace x87sw;

namespace {

constexpr unsigned kTagValid = 0, kTagZero = 1, kTagSpecial = 2, kTagEmpty = 3;

unsigned tag_of(const F80& v) {
  if (v.is_zero()) return kTagZero;
  const bool normal =
      v.exponent() != 0 && v.exponent() != F80::kExponentMask && (v.mant & F80::kIntegerBit) != 0;
  return normal ? kTagValid : kTagSpecial;
}

template <class T>
T get(const uint8_t* p) {
  T v{};
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class T>
void put(uint8_t* p, T v) {
  std::memcpy(p, &v, sizeof v);
}

void put_f80(uint8_t* p, const F80& v) {
  put(p, v.mant);
  put(p + 8, v.se);
}

F80 get_f80(const uint8_t* p) { return {get<uint64_t>(p), get<uint16_t>(p + 8)}; }

void load_status(X87& f, uint16_t cw, uint16_t sw) {
  f.set_status_word(sw);
  f.fldcw(cw);
}

uint32_t linear(uint16_t selector, uint64_t offset) {
  return static_cast<uint32_t>((uint32_t{selector} << 4) + offset);
}

}  // namespace

uint16_t X87::full_tag_word() const {
  unsigned word = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned t = ((tag >> i) & 1) != 0 ? tag_of(st[i]) : kTagEmpty;
    word |= t << (2 * i);
  }
  return static_cast<uint16_t>(word);
}

void X87::set_full_tag_word(uint16_t tag16) {
  tag = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if (((tag16 >> (2 * i)) & 3) != kTagEmpty) tag = static_cast<uint8_t>(tag | (1u << i));
  }
}

X87Image x87_env(const X87& f, X87EnvFormat format) {
  X87Image image{};
  uint8_t* p = image.data();
  const uint16_t tags = f.full_tag_word();
  switch (format) {
    case X87EnvFormat::kProtected32:
      put(p, 0xFFFF0000u | f.cw);
      put(p + 4, 0xFFFF0000u | f.status_word());
      put(p + 8, 0xFFFF0000u | tags);
      put(p + 12, static_cast<uint32_t>(f.fip));
      put(p + 16, f.fcs | (uint32_t{f.fop} & 0x7FF) << 16);
      put(p + 20, static_cast<uint32_t>(f.fdp));
      put(p + 24, 0xFFFF0000u | f.fds);
      break;
    case X87EnvFormat::kReal32: {
      const uint32_t ip = linear(f.fcs, f.fip), dp = linear(f.fds, f.fdp);
      put(p, 0xFFFF0000u | f.cw);
      put(p + 4, 0xFFFF0000u | f.status_word());
      put(p + 8, 0xFFFF0000u | tags);
      put(p + 12, 0xFFFF0000u | (ip & 0xFFFF));
      put(p + 16, (ip >> 16) << 12 | (f.fop & 0x7FFu));
      put(p + 20, 0xFFFF0000u | (dp & 0xFFFF));
      put(p + 24, (dp >> 16) << 12);
      break;
    }
    case X87EnvFormat::kProtected16:
      put(p, f.cw);
      put(p + 2, f.status_word());
      put(p + 4, tags);
      put(p + 6, static_cast<uint16_t>(f.fip));
      put(p + 8, f.fcs);
      put(p + 10, static_cast<uint16_t>(f.fdp));
      put(p + 12, f.fds);
      break;
    case X87EnvFormat::kReal16: {
      const uint32_t ip = linear(f.fcs, f.fip), dp = linear(f.fds, f.fdp);
      put(p, f.cw);
      put(p + 2, f.status_word());
      put(p + 4, tags);
      put(p + 6, static_cast<uint16_t>(ip));
      put(p + 8, static_cast<uint16_t>(((ip >> 16) & 0xF) << 12 | (f.fop & 0x7FF)));
      put(p + 10, static_cast<uint16_t>(dp));
      put(p + 12, static_cast<uint16_t>(((dp >> 16) & 0xF) << 12));
      break;
    }
  }
  return image;
}

void after_fnstenv(X87& f) { f.fldcw(f.cw | x87cw::kMasks); }

void x87_load_env(X87& f, const X87Image& image, X87EnvFormat format) {
  const uint8_t* p = image.data();
  const bool wide = x87_env_size(format) == 28;
  f.set_full_tag_word(get<uint16_t>(p + (wide ? 8 : 4)));
  load_status(f, get<uint16_t>(p), get<uint16_t>(p + (wide ? 4 : 2)));
  switch (format) {
    case X87EnvFormat::kProtected32:
      f.fip = get<uint32_t>(p + 12);
      f.fcs = get<uint16_t>(p + 16);
      f.fop = get<uint16_t>(p + 18) & 0x7FF;
      f.fdp = get<uint32_t>(p + 20);
      f.fds = get<uint16_t>(p + 24);
      break;
    case X87EnvFormat::kReal32:
      f.fip = get<uint16_t>(p + 12) | (get<uint32_t>(p + 16) >> 12 & 0xFFFF) << 16;
      f.fop = get<uint16_t>(p + 16) & 0x7FF;
      f.fdp = get<uint16_t>(p + 20) | (get<uint32_t>(p + 24) >> 12 & 0xFFFF) << 16;
      f.fcs = f.fds = 0;
      break;
    case X87EnvFormat::kProtected16:
      f.fip = get<uint16_t>(p + 6);
      f.fcs = get<uint16_t>(p + 8);
      f.fdp = get<uint16_t>(p + 10);
      f.fds = get<uint16_t>(p + 12);
      break;
    case X87EnvFormat::kReal16:
      f.fip = get<uint16_t>(p + 6) | (get<uint16_t>(p + 8) >> 12) << 16;
      f.fop = get<uint16_t>(p + 8) & 0x7FF;
      f.fdp = get<uint16_t>(p + 10) | (get<uint16_t>(p + 12) >> 12) << 16;
      f.fcs = f.fds = 0;
      break;
  }
}

X87Image x87_save(const X87& f, X87EnvFormat format) {
  X87Image image = x87_env(f, format);
  for (unsigned i = 0; i < 8; ++i) put_f80(image.data() + x87_env_size(format) + 10 * i, f.reg(i));
  return image;
}

void x87_restore(X87& f, const X87Image& image, X87EnvFormat format) {
  x87_load_env(f, image, format);
  for (unsigned i = 0; i < 8; ++i) f.reg(i) = get_f80(image.data() + x87_env_size(format) + 10 * i);
}

void x87_fxsave(const X87& f, std::span<uint8_t, 160> area, bool wide) {
  uint8_t* p = area.data();
  put(p, f.cw);
  put(p + 2, f.status_word());
  put(p + 4, uint16_t{f.tag});
  put(p + 6, static_cast<uint16_t>(f.fop & 0x7FF));
  if (wide) {
    put(p + 8, f.fip);
    put(p + 16, f.fdp);
  } else {
    put(p + 8, static_cast<uint32_t>(f.fip));
    put(p + 12, uint32_t{f.fcs});
    put(p + 16, static_cast<uint32_t>(f.fdp));
    put(p + 20, uint32_t{f.fds});
  }
  for (unsigned i = 0; i < 8; ++i) {
    uint8_t* slot = p + 32 + 16 * i;
    std::memset(slot, 0, 16);
    put_f80(slot, f.reg(i));
  }
}

void x87_fxrstor(X87& f, std::span<const uint8_t, 160> area, bool wide) {
  const uint8_t* p = area.data();
  f.tag = p[4];
  load_status(f, get<uint16_t>(p), get<uint16_t>(p + 2));
  f.fop = get<uint16_t>(p + 6) & 0x7FF;
  if (wide) {
    f.fip = get<uint64_t>(p + 8);
    f.fdp = get<uint64_t>(p + 16);
    f.fcs = f.fds = 0;
  } else {
    f.fip = get<uint32_t>(p + 8);
    f.fcs = get<uint16_t>(p + 12);
    f.fdp = get<uint32_t>(p + 16);
    f.fds = get<uint16_t>(p + 20);
  }
  for (unsigned i = 0; i < 8; ++i) f.reg(i) = get_f80(p + 32 + 16 * i);
}

}  // namespace ilse::cpu
