// The x87's 80-bit value as it lies in memory, and its classes (Intel SDM vol. 1, 4.2.2 and 8.2,
// tables 8-3 and 4-3): also the ten-byte container of packed BCD.
#pragma once

#include <cstdint>

namespace ilse::cpu {

struct F80 {
  uint64_t mant = 0;  // explicit integer bit in bit 63
  uint16_t se = 0;    // bit 15 sign, bits 14..0 exponent with bias 16383

  static constexpr uint16_t kExponentMask = 0x7FFF;
  static constexpr int kBias = 16383;
  static constexpr uint64_t kIntegerBit = uint64_t{1} << 63;
  static constexpr uint64_t kQuietBit = uint64_t{1} << 62;

  constexpr F80() = default;
  constexpr F80(uint64_t m, uint16_t sign_exponent) : mant(m), se(sign_exponent) {}
  // Copied by field: the host's x87 writes eight bytes and two, and one wide load of both would wait
  // for the store buffer.
  constexpr F80(const F80& o) : mant(o.mant), se(o.se) {}
  constexpr F80& operator=(const F80& o) {
    mant = o.mant;
    se = o.se;
    return *this;
  }
  constexpr bool operator==(const F80&) const = default;
  // Not an aggregate, so it shows a state visitor its fields itself.
  template <class Visitor>
  void visit(Visitor& v) {
    v("mant", mant);
    v("se", se);
  }

  constexpr bool sign() const { return (se >> 15) != 0; }
  constexpr int exponent() const { return se & kExponentMask; }

  constexpr bool is_zero() const { return exponent() == 0 && mant == 0; }
  // Denormal or pseudo-denormal: both raise DE and both have the exponent of 1.
  constexpr bool is_denormal() const { return exponent() == 0 && mant != 0; }
  constexpr bool is_infinity() const { return exponent() == kExponentMask && mant == kIntegerBit; }
  constexpr bool is_nan() const { return exponent() == kExponentMask && mant > kIntegerBit; }
  constexpr bool is_snan() const { return is_nan() && (mant & kQuietBit) == 0; }
  // Unnormals, pseudo-infinities and pseudo-NaNs: every operation on one is invalid.
  constexpr bool is_unsupported() const { return exponent() != 0 && (mant & kIntegerBit) == 0; }

  constexpr F80 with_sign(bool negative) const {
    return {mant, static_cast<uint16_t>((se & kExponentMask) | (negative ? 0x8000 : 0))};
  }
};

inline constexpr F80 kF80Zero{0, 0};
inline constexpr F80 kF80One{F80::kIntegerBit, 0x3FFF};
inline constexpr F80 kF80Infinity{F80::kIntegerBit, 0x7FFF};
// The "real indefinite", the masked answer to every invalid operation.
inline constexpr F80 kF80Indefinite{0xC000000000000000, 0xFFFF};
// The packed BCD indefinite (SDM vol. 1, table 4-4).
inline constexpr F80 kBcdIndefinite{0xC000000000000000, 0xFFFF};

}  // namespace ilse::cpu
