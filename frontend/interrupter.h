// Brings the machine's thread back out of a running guest, whatever that does: at the end of a slice of the
// host's time, and at once when another thread wants something of it.
//
// A POSIX timer signals that thread, so that nothing is paid for while the guest runs, and the processor's
// budget is changed on the thread that it belongs to. It signals on until the thread is back: a kick that
// comes while the budget is being changed is lost, and one that comes in a device finds nothing to kick yet.
#pragma once

#include <chrono>
#include <ctime>
#include <mutex>

#include "frontend/machine.h"

namespace ilse::ui {

class Interrupter {
 public:
  // The machine's thread, from here until detach(). False where the host has no timer left: then a slice is
  // to be short in instructions, and requests wait for its end.
  bool attach(Machine& machine);
  void detach();
  bool attached() const { return attached_; }
  // From now on for this long, unless request() comes first, Machine::run() runs.
  void begin(std::chrono::nanoseconds slice);
  // It is back: no more signals, and what was requested up to now is to be looked at.
  void end();

  // Any thread: run() is to come back now, or not to start before the next end().
  void request();

 private:
  // What it takes when a kick is lost.
  static constexpr std::chrono::microseconds kAgain{100};
  void arm(std::chrono::nanoseconds first);

  std::mutex mutex_;
  Machine* machine_ = nullptr;
  timer_t timer_{};
  bool attached_ = false;
  bool running_ = false;  // between begin() and end()
  bool requested_ = false;
};

}  // namespace ilse::ui
