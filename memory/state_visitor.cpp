#include "memory/state_visitor.h"

#include <xxhash.h>

#include <cstdio>
#include <cstring>

namespace ilse::mem {

namespace {

std::array<uint8_t, 8> little_endian(uint64_t v) {
  std::array<uint8_t, 8> b;
  for (auto& x : b) {
    x = static_cast<uint8_t>(v);
    v >>= 8;
  }
  return b;
}

uint64_t from_little_endian(const std::array<uint8_t, 8>& b) {
  uint64_t v = 0;
  for (size_t i = 8; i-- > 0;) v = v << 8 | b[i];
  return v;
}

constexpr uint8_t kSectionEnd = 0xE5;  // framing byte: a shifted stream fails at the next section

std::string join(const std::vector<std::string>& path, std::string_view name) {
  std::string s;
  for (const auto& p : path) s += p + ".";
  return s + std::string(name);
}

}  // namespace

void SaveVisitor::begin(std::string_view section, unsigned version) {
  out_.push_back(static_cast<uint8_t>(section.size()));
  out_.insert(out_.end(), section.begin(), section.begin() + static_cast<uint8_t>(section.size()));
  out_.push_back(static_cast<uint8_t>(version));
}
void SaveVisitor::end() { out_.push_back(kSectionEnd); }
void SaveVisitor::number(std::string_view, uint64_t& value, unsigned n) {
  auto b = little_endian(value);
  out_.insert(out_.end(), b.begin(), b.begin() + n);
}
void SaveVisitor::bytes(std::string_view, std::span<uint8_t> data) {
  out_.insert(out_.end(), data.begin(), data.end());
}
void SaveVisitor::blob(std::string_view name, std::vector<uint8_t>& data, size_t) {
  uint64_t n = data.size();
  number(name, n, 8);
  bytes(name, data);
}

void LoadVisitor::fail(std::string_view name, std::string_view why) {
  if (error_.empty()) error_ = join(path_, name) + ": " + std::string(why);
}
bool LoadVisitor::take(void* to, size_t n, std::string_view name) {
  if (!ok()) return false;
  if (in_.size() < n) {
    fail(name, "the saved state ends here");
    return false;
  }
  if (n != 0) std::memcpy(to, in_.data(), n);
  in_ = in_.subspan(n);
  return true;
}
void LoadVisitor::begin(std::string_view section, unsigned version) {
  uint8_t length = 0;
  std::string stored;
  uint8_t stored_version = 0;
  if (take(&length, 1, section)) {
    stored.resize(length);
    if (take(stored.data(), length, section) && take(&stored_version, 1, section)) {
      if (stored != section) fail(section, "the saved state has '" + stored + "' here");
      if (stored_version != static_cast<uint8_t>(version)) {
        fail(section, "saved as version " + std::to_string(stored_version) + ", this is version " +
                          std::to_string(version));
      }
    }
  }
  path_.emplace_back(section);
}
void LoadVisitor::end() {
  uint8_t mark = 0;
  if (take(&mark, 1, "end") && mark != kSectionEnd) fail("end", "the section is longer than expected");
  path_.pop_back();
}
void LoadVisitor::number(std::string_view name, uint64_t& value, unsigned n) {
  std::array<uint8_t, 8> b{};
  if (take(b.data(), n, name)) value = from_little_endian(b);
}
void LoadVisitor::bytes(std::string_view name, std::span<uint8_t> data) {
  take(data.data(), data.size(), name);
}
void LoadVisitor::blob(std::string_view name, std::vector<uint8_t>& data, size_t limit) {
  uint64_t n = 0;
  number(name, n, 8);
  if (!ok()) return;
  if (n > limit || n > in_.size()) {
    fail(name, "a length out of range");
    return;
  }
  data.resize(n);
  take(data.data(), n, name);
}

HashVisitor::HashVisitor() : state_(XXH64_createState()) {
  XXH64_reset(static_cast<XXH64_state_t*>(state_), 0);
}
HashVisitor::~HashVisitor() { XXH64_freeState(static_cast<XXH64_state_t*>(state_)); }
void HashVisitor::begin(std::string_view section, unsigned) {
  XXH64_update(static_cast<XXH64_state_t*>(state_), section.data(), section.size());
}
void HashVisitor::end() {}
void HashVisitor::number(std::string_view, uint64_t& value, unsigned n) {
  auto b = little_endian(value);
  XXH64_update(static_cast<XXH64_state_t*>(state_), b.data(), n);
}
void HashVisitor::bytes(std::string_view, std::span<uint8_t> data) {
  if (!data.empty()) XXH64_update(static_cast<XXH64_state_t*>(state_), data.data(), data.size());
}
void HashVisitor::blob(std::string_view name, std::vector<uint8_t>& data, size_t) {
  uint64_t n = data.size();
  number(name, n, 8);
  bytes(name, data);
}
uint64_t HashVisitor::digest() const { return XXH64_digest(static_cast<XXH64_state_t*>(state_)); }

std::string PrintVisitor::path(std::string_view name) const { return join(path_, name); }
void PrintVisitor::begin(std::string_view section, unsigned) { path_.emplace_back(section); }
void PrintVisitor::end() { path_.pop_back(); }
void PrintVisitor::number(std::string_view name, uint64_t& value, unsigned n) {
  char b[32];
  std::snprintf(b, sizeof b, " = %0*llx\n", static_cast<int>(2 * n), static_cast<unsigned long long>(value));
  text_ += path(name) + b;
}
void PrintVisitor::bytes(std::string_view name, std::span<uint8_t> data) {
  text_ += path(name) + " =";
  char b[64];
  if (data.size() > 64) {
    std::snprintf(b, sizeof b, " [%zu] #%016llx", data.size(),
                  static_cast<unsigned long long>(XXH64(data.data(), data.size(), 0)));
    text_ += b;
  } else {
    for (uint8_t x : data) {
      std::snprintf(b, sizeof b, " %02x", x);
      text_ += b;
    }
  }
  text_ += "\n";
}
void PrintVisitor::blob(std::string_view name, std::vector<uint8_t>& data, size_t) { bytes(name, data); }

}  // namespace ilse::mem
