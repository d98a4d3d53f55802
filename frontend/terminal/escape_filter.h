// Ctrl-A commands in terminal input, with the keys that QEMU's -nographic uses: Ctrl-A x quits, c switches to
// the prompt, h helps, b sends a break, Ctrl-A (or a) sends a Ctrl-A. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ilse::ui {

enum class TerminalCommand : uint8_t { Quit, Switch, Help, Break };

// The text that Help prints, lines ended with \r\n.
std::string_view terminal_help();

class EscapeFilter {
 public:
  // Appends to `data` what is for the guest. Calls `command` for each command, in order with the data
  // before it already appended.
  void feed(std::string_view bytes, std::string& data, const std::function<void(TerminalCommand)>& command) {
    for (char c : bytes) {
      if (!escaped_ && c == kPrefix) {
        escaped_ = true;
      } else if (!escaped_) {
        data += c;
      } else {
        escaped_ = false;
        switch (c) {
          case 'x':
          case 'X': command(TerminalCommand::Quit); break;
          case 'c':
          case 'C': command(TerminalCommand::Switch); break;
          case 'h':
          case 'H':
          case '?': command(TerminalCommand::Help); break;
          case 'b':
          case 'B': command(TerminalCommand::Break); break;
          case 'a':
          case kPrefix: data += kPrefix; break;
          default: break;  // not a command: swallowed with its prefix
        }
      }
    }
  }

 private:
  static constexpr char kPrefix = 1;
  bool escaped_ = false;
};

inline std::string_view terminal_help() {
  return "\r\nCtrl-A x  quit Ilse\r\n"
         "Ctrl-A c  switch to the prompt and back\r\n"
         "Ctrl-A b  send a break (Ctrl-Alt-Del on the terminal display)\r\n"
         "Ctrl-A h  this help\r\n"
         "Ctrl-A Ctrl-A  send a Ctrl-A\r\n";
}

}  // namespace ilse::ui
