// A terminal in raw mode: every key comes at once and unchanged, Ctrl-C included. Whatever ends the
// program (return, exit(), a signal, a crash) the terminal is as it was before; only SIGKILL is beyond us.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "memory/result.h"

namespace ilse::ui {

class RawTerminal {
 public:
  // `in` and `out` are file descriptors. `on_restore` is written to `out` when the terminal is given back
  // (at most 64 bytes: leave the alternate screen, show the cursor). Where `in` is not a terminal nothing is
  // changed. There is one at a time in a process: a second one fails.
  static mem::Result<std::unique_ptr<RawTerminal>> open(int in, int out, std::string_view on_restore = "");
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  int in() const { return in_; }
  int out() const { return out_; }
  bool is_terminal() const { return terminal_; }
  // The window's size in characters, 80 x 25 where it cannot be told.
  void size(unsigned& columns, unsigned& rows) const;
  // True once after the program was stopped and continued: the screen has been lost.
  bool take_resumed();

 private:
  RawTerminal(int in, int out, bool terminal) : in_(in), out_(out), terminal_(terminal) {}

  int in_;
  int out_;
  bool terminal_;
};

// Writes all of it, whatever the descriptor's mode; false on an error.
bool write_all(int fd, std::string_view data);

}  // namespace ilse::ui
