// One walk over a component's state that serves save, load, hash, print and diff (DESIGN.md §4).
//
// A component keeps what the guest can observe in an aggregate with the names of its fields:
//
//     struct State {
//       uint8_t irr = 0;
//       std::array<uint8_t, 4> icw{};
//       static constexpr std::array kNames{"irr", "icw"};
//     };
//     void visit_state(mem::StateVisitor& v) { v("pic", state_); }
//
// A field without a name does not compile. Numbers are stored in little-endian order whatever the host.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "memory/fields.h"
#include "memory/types.h"

namespace ilse::mem {

namespace detail {
template <class T>
inline constexpr bool is_array = false;
template <class E, size_t N>
inline constexpr bool is_array<std::array<E, N>> = true;
}  // namespace detail

class StateVisitor {
 public:
  virtual ~StateVisitor() = default;

  // Sections nest. A loader fails when the stored name or version differs.
  virtual void begin(std::string_view section, unsigned version) = 0;
  virtual void end() = 0;
  // True where visiting writes the fields: the component then recomputes what it derives from them.
  virtual bool loading() const { return false; }

  // `bytes` is the field's width (1, 2, 4 or 8).
  virtual void number(std::string_view name, uint64_t& value, unsigned bytes) = 0;
  // Fixed length.
  virtual void bytes(std::string_view name, std::span<uint8_t> data) = 0;
  // Length is part of the state; at most `limit` bytes are accepted on load.
  virtual void blob(std::string_view name, std::vector<uint8_t>& data, size_t limit) = 0;

  template <class T>
  void operator()(std::string_view name, T& field) {
    if constexpr (std::is_same_v<T, bool>) {
      uint64_t v = field;
      number(name, v, 1);
      field = v != 0;
    } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      uint64_t v = static_cast<uint64_t>(field);
      number(name, v, sizeof(T));
      field = static_cast<T>(v);
    } else if constexpr (std::is_same_v<T, VTime>) {
      number(name, field.ns, 8);
    } else if constexpr (std::is_same_v<T, PhysAddr>) {
      number(name, field.v, 8);
    } else if constexpr (std::is_same_v<T, std::vector<uint8_t>>) {
      blob(name, field, kBlobLimit);
    } else if constexpr (detail::is_array<T>) {
      if constexpr (std::is_same_v<typename T::value_type, uint8_t>) {
        bytes(name, field);
      } else {
        for (size_t i = 0; i < field.size(); ++i) {
          (*this)(std::string(name) + "." + std::to_string(i), field[i]);
        }
      }
    } else if constexpr (requires(T & t, StateVisitor & v) { t.visit(v); }) {
      begin(name, 1);
      field.visit(*this);
      end();
    } else {
      static_assert(T::kNames.size() == kFieldCount<T>, "a field of this state has no name");
      begin(name, version_of<T>());
      visit_fields(field, std::make_index_sequence<kFieldCount<T>>{});
      end();
    }
  }

  static constexpr size_t kBlobLimit = 64u << 20;

 private:
  // A struct whose meaning changes raises its kVersion; without one it is version 1.
  template <class T>
  static constexpr unsigned version_of() {
    if constexpr (requires { T::kVersion; }) {
      return T::kVersion;
    } else {
      return 1;
    }
  }

  template <class T, size_t... I>
  void visit_fields(T& s, std::index_sequence<I...>) {
    auto refs = fields(s);
    ((*this)(T::kNames[I], std::get<I>(refs)), ...);
  }
};

// Appends the state to a byte vector.
class SaveVisitor : public StateVisitor {
 public:
  void begin(std::string_view section, unsigned version) override;
  void end() override;
  void number(std::string_view name, uint64_t& value, unsigned bytes) override;
  void bytes(std::string_view name, std::span<uint8_t> data) override;
  void blob(std::string_view name, std::vector<uint8_t>& data, size_t limit) override;

  std::vector<uint8_t> take() { return std::move(out_); }

 private:
  std::vector<uint8_t> out_;
};

// Reads it back. After the first mismatch nothing more is written and error() says where and why.
class LoadVisitor : public StateVisitor {
 public:
  explicit LoadVisitor(std::span<const uint8_t> in) : in_(in) {}
  bool loading() const override { return true; }
  void begin(std::string_view section, unsigned version) override;
  void end() override;
  void number(std::string_view name, uint64_t& value, unsigned bytes) override;
  void bytes(std::string_view name, std::span<uint8_t> data) override;
  void blob(std::string_view name, std::vector<uint8_t>& data, size_t limit) override;

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  bool at_end() const { return in_.empty(); }

 private:
  bool take(void* to, size_t n, std::string_view name);
  void fail(std::string_view name, std::string_view why);

  std::span<const uint8_t> in_;
  std::vector<std::string> path_;
  std::string error_;
};

// A 64-bit hash (XXH64 of the saved form), the same on every host.
class HashVisitor : public StateVisitor {
 public:
  HashVisitor();
  ~HashVisitor() override;
  HashVisitor(const HashVisitor&) = delete;
  HashVisitor& operator=(const HashVisitor&) = delete;
  void begin(std::string_view section, unsigned version) override;
  void end() override;
  void number(std::string_view name, uint64_t& value, unsigned bytes) override;
  void bytes(std::string_view name, std::span<uint8_t> data) override;
  void blob(std::string_view name, std::vector<uint8_t>& data, size_t limit) override;

  uint64_t digest() const;

 private:
  void* state_;
};

// "path = value" lines for people and for diffs; byte arrays longer than 64 bytes as length and hash.
class PrintVisitor : public StateVisitor {
 public:
  void begin(std::string_view section, unsigned version) override;
  void end() override;
  void number(std::string_view name, uint64_t& value, unsigned bytes) override;
  void bytes(std::string_view name, std::span<uint8_t> data) override;
  void blob(std::string_view name, std::vector<uint8_t>& data, size_t limit) override;

  const std::string& text() const { return text_; }

 private:
  std::string path(std::string_view name) const;

  std::vector<std::string> path_;
  std::string text_;
};

}  // namespace ilse::mem
