// The guest's text screen in the terminal, with its keyboard: `-display terminal`. The session calls pump()
// from the user-interface thread; the machine thread publishes to the mailbox.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "frontend/display/frame_mailbox.h"
#include "frontend/input/keys.h"
#include "frontend/terminal/ansi_painter.h"
#include "frontend/terminal/escape_filter.h"
#include "frontend/terminal/key_decoder.h"
#include "frontend/terminal/raw_terminal.h"
#include "memory/result.h"

namespace ilse::ui {

class TerminalDisplay {
 public:
  struct Callbacks {
    Post post;                        // keys
    std::function<void()> on_quit;    // Ctrl-A x
    std::function<void()> on_switch;  // Ctrl-A c: the session calls suspend() and shows its prompt
  };

  // Takes the terminal on descriptors `in` and `out`. Fails when it cannot be made raw.
  static mem::Result<std::unique_ptr<TerminalDisplay>> create(int in, int out, FrameMailbox& mailbox,
                                                              Callbacks callbacks);

  // Waits up to `timeout_ms` for keys, sends them, and draws the newest frame. False when the input is at its
  // end.
  bool pump(int timeout_ms);

  // Gives the terminal back (for a prompt), and takes it again.
  void suspend();
  mem::Result<void> resume();

 private:
  TerminalDisplay(int in, int out, FrameMailbox& mailbox, Callbacks callbacks)
      : in_(in), out_(out), mailbox_(mailbox), callbacks_(std::move(callbacks)) {}
  bool read_keys(int timeout_ms);
  void command(TerminalCommand c);
  void send_due();
  void draw();

  int in_;
  int out_;
  FrameMailbox& mailbox_;
  Callbacks callbacks_;
  std::unique_ptr<RawTerminal> terminal_;
  EscapeFilter filter_;
  KeyDecoder decoder_;
  AnsiPainter painter_;
  std::deque<KeyStroke> strokes_;  // pasted text is typed at a rate that a keyboard's buffer can take
  std::chrono::steady_clock::time_point last_byte_{}, last_stroke_{};
  bool help_ = false;
};

}  // namespace ilse::ui
