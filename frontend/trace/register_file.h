// The registers that a trace tells about, as a flat list of values with names, so that two moments can be
// compared and a script can replay the changes. format.md describes the names.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace ilse::cpu {
class Cpu;
}

namespace ilse::ui {

class RegisterFile {
 public:
  static RegisterFile of(const cpu::Cpu& cpu);
  bool operator==(const RegisterFile&) const = default;

  // " name=value name=value" of what differs from `before`, without the first space. `wide`: the general
  // registers have their 64-bit names even where 32 bits would do.
  std::string changes_since(const RegisterFile& before, bool wide) const;
  std::string all() const;

 private:
  struct Group {
    std::string name;
    unsigned first, count;
  };
  static constexpr unsigned kValues = 16 + 1 + 8 * 4 + 2 * 2 + 5 + 8 + 8 + 32 * 2 + 1 + 8 * 2 + 4;
  static const std::array<Group, 16 + 1 + 8 + 2 + 5 + 8 + 8 + 32 + 1 + 8 + 4>& groups();
  void print(std::string& out, const Group& g, bool wide) const;

  std::array<uint64_t, kValues> v_{};
};

}  // namespace ilse::ui
