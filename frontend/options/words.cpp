#include "frontend/options/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace ilse::ui {

std::optional<uint64_t> parse_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_size(std::string_view text, uint64_t unit) {
  if (!text.empty() && (text.back() == 'B' || text.back() == 'b') && text.size() > 1 &&
      (text[text.size() - 2] < '0' || text[text.size() - 2] > '9') && !text.starts_with("0x")) {
    text.remove_suffix(1);
  }
  if (text.empty()) return std::nullopt;
  bool hex = text.starts_with("0x");
  constexpr std::string_view kSuffixes = "KMGT";
  auto upper = static_cast<char>(text.back() & ~0x20);
  auto at = kSuffixes.find(upper);
  if (!hex && at != std::string_view::npos) {
    unit = uint64_t{1} << (10 * (at + 1));
    text.remove_suffix(1);
  }
  auto number = parse_number(text);
  if (!number || (unit != 0 && *number > std::numeric_limits<uint64_t>::max() / unit)) return std::nullopt;
  return *number * unit;
}

SubOptions split_suboptions(std::string_view text) {
  SubOptions out;
  std::string item;
  auto finish = [&] {
    auto equals = item.find('=');
    if (equals == std::string::npos) {
      out.emplace_back(item, "");
    } else {
      out.emplace_back(item.substr(0, equals), item.substr(equals + 1));
    }
    item.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      item += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == ',') {
      item += text[i++];
    } else {
      finish();
    }
  }
  finish();
  return out;
}

std::optional<bool> parse_switch(std::string_view text) {
  if (text.empty() || text == "on" || text == "yes" || text == "true") return true;
  if (text == "off" || text == "no" || text == "false") return false;
  return std::nullopt;
}

unsigned edit_distance(std::string_view a, std::string_view b) {
  std::vector<unsigned> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<unsigned>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<unsigned>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      unsigned replaced = last[j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  unsigned best_distance = 0;
  for (std::string_view c : candidates) {
    unsigned d = edit_distance(word, c);
    if (!best || d < best_distance) {
      best = c;
      best_distance = d;
    }
  }
  if (!best) return best;
  // Half of a word wrong is another word; but a beginning is a beginning.
  size_t limit = std::max<size_t>(1, std::max(word.size(), best->size()) / 3);
  if (best_distance <= limit) return best;
  for (std::string_view c : candidates) {
    if (word.size() >= 3 && c.starts_with(word)) return c;
  }
  return std::nullopt;
}

std::string nearest_hint(std::string_view word, std::span<const std::string_view> candidates,
                         std::string_view prefix) {
  auto near = nearest(word, candidates);
  if (!near) return {};
  return "; did you mean " + std::string(prefix) + std::string(*near) + "?";
}

namespace {

// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
  constexpr std::array<unsigned, 12> kBefore{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  auto leap = [](int64_t y) { return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0); };
  auto leaps_before = [](int64_t y) { return (y - 1) / 4 - (y - 1) / 100 + (y - 1) / 400; };
  int64_t days = (year - 1970) * 365 + leaps_before(year) - leaps_before(1970);
  days += kBefore[month - 1] + day - 1;
  return days + (month > 2 && leap(year) ? 1 : 0);
}

}  // namespace

std::optional<int64_t> parse_date(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  if (text.size() != kForm.size() && text.size() != 10) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return std::nullopt;
  }
  auto field = [&](size_t at, size_t n) {
    return at < text.size() ? static_cast<unsigned>(*parse_number(text.substr(at, n))) : 0;
  };
  unsigned year = field(0, 4), month = field(5, 2), day = field(8, 2);
  unsigned hour = field(11, 2), minute = field(14, 2), second = field(17, 2);
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
      second > 59)
    return std::nullopt;
  int64_t days = days_from_civil(year, month, day);
  // The day exists if the next month begins after it.
  int64_t next = month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1);
  if (days >= next) return std::nullopt;
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

std::string shell_quoted(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%^";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  std::string out = "'";
  for (char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace ilse::ui
