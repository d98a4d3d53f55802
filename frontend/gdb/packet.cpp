#include "frontend/gdb/packet.h"

#include <cstdio>

namespace ilse::gdb {

namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void PacketLayer::reset() {
  at_ = At::Idle;
  data_.clear();
  last_.clear();
  acks_ = true;
}

void PacketLayer::receive(std::string_view bytes, const std::function<void(std::string_view)>& on_packet,
                          const std::function<void()>& on_interrupt) {
  for (char ch : bytes) {
    auto b = static_cast<uint8_t>(ch);
    if (ch == '$' && at_ != At::Idle) at_ = At::Idle;  // the other side has started again
    switch (at_) {
      case At::Idle:
        if (ch == '$') {
          at_ = At::Data;
          data_.clear();
          sum_ = 0;
          bad_ = false;
        } else if (b == 3) {
          on_interrupt();
        } else if (ch == '-' && acks_ && !last_.empty()) {
          send_(last_);
        }
        break;
      case At::Data:
      case At::Escape:
        if (ch == '#') {
          bad_ = bad_ || at_ == At::Escape;
          at_ = At::Sum1;
          break;
        }
        sum_ = static_cast<uint8_t>(sum_ + b);
        if (at_ == At::Data && ch == '}') {
          at_ = At::Escape;
          break;
        }
        if (data_.size() >= kPacketSize) {
          bad_ = true;
        } else {
          data_ += at_ == At::Escape ? static_cast<char>(b ^ 0x20) : ch;
        }
        at_ = At::Data;
        break;
      case At::Sum1:
        bad_ = bad_ || digit(ch) < 0;
        want_ = static_cast<uint8_t>(digit(ch) << 4);
        at_ = At::Sum2;
        break;
      case At::Sum2:
        bad_ = bad_ || digit(ch) < 0 || (want_ | digit(ch)) != sum_;
        at_ = At::Idle;
        if (acks_) send_(bad_ ? "-" : "+");
        if (!bad_) on_packet(data_);
        break;
    }
  }
}

void PacketLayer::send(std::string_view data) {
  std::string body = escaped(data);
  uint8_t sum = 0;
  for (char c : body) sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(c));
  char tail[4];
  std::snprintf(tail, sizeof tail, "#%02x", sum);
  last_ = "$" + body + tail;
  send_(last_);
}

std::string escaped(std::string_view data) {
  std::string out;
  out.reserve(data.size());
  for (char c : data) {
    if (c == '$' || c == '#' || c == '}' || c == '*') {
      out += '}';
      out += static_cast<char>(c ^ 0x20);
    } else {
      out += c;
    }
  }
  return out;
}

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (size_t k = 0; k < text.size(); k += 2) {
    int high = digit(text[k]), low = digit(text[k + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

std::optional<uint64_t> take_hex(std::string_view& text) {
  uint64_t v = 0;
  size_t n = 0;
  while (n < text.size() && digit(text[n]) >= 0) {
    if (v >> 60 != 0) return std::nullopt;
    v = v << 4 | static_cast<uint64_t>(digit(text[n++]));
  }
  if (n == 0) return std::nullopt;
  text.remove_prefix(n);
  return v;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace ilse::gdb
