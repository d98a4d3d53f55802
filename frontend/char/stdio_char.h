// `-serial stdio`: a serial port on the terminal that Ilse runs in, raw, with the Ctrl-A commands of
// EscapeFilter. A thread of its own reads the keys and writes what the guest has sent, so that the machine
// never waits for the terminal.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "devices/core/char_sink.h"
#include "frontend/input/keys.h"
#include "frontend/terminal/escape_filter.h"
#include "frontend/terminal/raw_terminal.h"
#include "memory/result.h"

namespace ilse::ui {

class StdioChar final : public dev::CharSink {
 public:
  // All are called on the reader's thread.
  struct Callbacks {
    Post post;                        // OutsideEvent::Serial of `unit`; may be empty: output only
    std::function<void()> on_quit;    // Ctrl-A x
    std::function<void()> on_switch;  // Ctrl-A c
    std::function<void()> on_break;   // Ctrl-A b
  };

  // `unit` is the UART that the input is for. The terminal is raw until this is destroyed.
  static mem::Result<std::unique_ptr<StdioChar>> open(int in, int out, unsigned unit, Callbacks callbacks);
  ~StdioChar() override;

  // Machine thread. Waits only when kBacklog bytes are still to be written.
  void put(uint8_t byte) override;

  // Stops reading keys and gives the terminal back (for a prompt), and takes it again; not from a callback.
  // What the guest sends meanwhile is written all the same.
  void suspend();
  mem::Result<void> resume();

  // Any thread: nothing can be typed any more.
  bool at_end() const { return at_end_; }

 private:
  static constexpr size_t kBacklog = 1 << 20;
  StdioChar(int in, int out, unsigned unit, Callbacks callbacks)
      : in_(in), out_(out), unit_(unit), callbacks_(std::move(callbacks)) {}
  void run();
  void read_input();
  void write_output();
  void wake();

  int in_;
  int out_;
  unsigned unit_;
  Callbacks callbacks_;
  std::unique_ptr<RawTerminal> terminal_;
  EscapeFilter filter_;
  std::atomic<bool> at_end_{false};  // of the input

  std::mutex mutex_;
  std::condition_variable written_;
  std::string pending_;  // guarded by mutex_
  int wake_[2] = {-1, -1};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> reading_{true};
  std::thread thread_;
};

}  // namespace ilse::ui
