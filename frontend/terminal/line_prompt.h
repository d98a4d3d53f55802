// The prompt behind Ctrl-A c, on a raw terminal: a line with the simplest editing. Pure: keys in, commands
// and what the terminal is to show out.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "frontend/terminal/escape_filter.h"

namespace ilse::ui {

class LinePrompt {
 public:
  static constexpr std::string_view kPrompt = "(ilse) ";

  // Calls `line` for each line that is complete; what it returns is shown. `command` gets the Ctrl-A
  // commands. Returns what is to be written to the terminal.
  std::string feed(std::string_view bytes, const std::function<std::string(const std::string&)>& line,
                   const std::function<void(TerminalCommand)>& command) {
    std::string out;
    for (char c : bytes) {
      std::string data;
      filter_.feed({&c, 1}, data, command);
      for (char k : data) key(k, out, line);
    }
    return out;
  }

 private:
  void key(char c, std::string& out, const std::function<std::string(const std::string&)>& line) {
    constexpr char kBackspace = 8, kDelete = 127, kKillLine = 'U' - 64, kEndOfText = 'C' - 64;
    if (c == '\r' || c == '\n') {
      out += "\r\n";
      std::string entered;
      entered.swap(text_);
      for (char r : line(entered)) {
        if (r == '\n') out += '\r';
        out += r;
      }
      out += kPrompt;
    } else if (c == kBackspace || c == kDelete) {
      if (text_.empty()) return;
      text_.pop_back();
      out += "\b \b";
    } else if (c == kKillLine || c == kEndOfText) {
      for (size_t i = 0; i < text_.size(); ++i) out += "\b \b";
      text_.clear();
    } else if (c >= ' ') {
      text_ += c;
      out += c;
    }
  }

  std::string text_;
  EscapeFilter filter_;
};

}  // namespace ilse::ui
