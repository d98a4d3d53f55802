// As much of JSON (RFC 8259) as tests need: a file's numbers and texts by their path, as in
// "opcodes/F6/reg/4". Escapes in texts stay as they are.
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ilse::test {

class FlatJson {
 public:
  explicit FlatJson(std::string_view text) : left_(text) { value(""); }
  // Null where there is none.
  const std::string* find(const std::string& path) const {
    auto it = values_.find(path);
    return it == values_.end() ? nullptr : &it->second;
  }

 private:
  char next() {
    while (!left_.empty() && std::isspace(static_cast<unsigned char>(left_[0])) != 0) left_.remove_prefix(1);
    if (left_.empty()) throw std::runtime_error("JSON: truncated");
    return left_[0];
  }
  bool take(char c) {
    if (next() != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  void need(char c) {
    if (!take(c)) throw std::runtime_error(std::string("JSON: no ") + c);
  }
  std::string cut(size_t n) {
    std::string s(left_.substr(0, n));
    left_.remove_prefix(s.size());
    return s;
  }
  std::string text() {
    need('"');
    size_t end = 0;
    while (end < left_.size() && left_[end] != '"') end += left_[end] == '\\' ? 2 : 1;
    std::string s = cut(end);
    need('"');
    return s;
  }
  void value(const std::string& path) {
    auto member = [&path](const std::string& name) { return path.empty() ? name : path + "/" + name; };
    if (take('{')) {
      if (take('}')) return;
      do {
        std::string name = text();
        need(':');
        value(member(name));
      } while (take(','));
      need('}');
    } else if (take('[')) {
      if (take(']')) return;
      size_t n = 0;
      do value(member(std::to_string(n++)));
      while (take(','));
      need(']');
    } else if (next() == '"') {
      values_[path] = text();
    } else {
      values_[path] = cut(std::min(left_.find_first_of(",]} \t\r\n"), left_.size()));
    }
  }

  std::string_view left_;
  std::map<std::string, std::string> values_;
};

}  // namespace ilse::test
