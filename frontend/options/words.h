// The small grammar that option values are made of: numbers, sizes, KEY=VALUE lists, and the search for the
// word that somebody meant. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "memory/result.h"

namespace ilse::ui {

// Decimal, or hexadecimal after 0x. Nothing else may follow.
std::optional<uint64_t> parse_number(std::string_view text);

// A number with a suffix K, M, G or T, of 1024 each; without one it counts units of `unit` bytes. In bytes;
// empty when it is no size or does not fit.
std::optional<uint64_t> parse_size(std::string_view text, uint64_t unit);

// "a,k=v,x": items with an empty value are flags. A doubled comma is one that belongs to the value (QEMU's
// rule).
using SubOptions = std::vector<std::pair<std::string, std::string>>;
SubOptions split_suboptions(std::string_view text);

// on/off and their relatives; an empty value is "on".
std::optional<bool> parse_switch(std::string_view text);

// Edits (insert, delete, replace, swap of neighbours) from one word to the other.
unsigned edit_distance(std::string_view a, std::string_view b);

// The candidate that is closest to `word`, if it is close enough to be meant.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);

// " (do you mean 'X'?)", or nothing.
std::string nearest_hint(std::string_view word, std::span<const std::string_view> candidates,
                         std::string_view prefix = "");

// Seconds since 1970 of YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, UTC.
std::optional<int64_t> parse_date(std::string_view text);

// As one word of a shell's command line.
std::string shell_quoted(std::string_view word);

}  // namespace ilse::ui
