// The way of commands to the machine's thread: pause, continue, end, and jobs that want to look at the
// machine or change it between two slices. Everything but serve() may be called on any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "frontend/machine.h"

namespace ilse::ui {

// How the session ended: the process's exit status, and a line for the user if there is something to say.
struct Ending {
  int status = 0;
  std::string message;
};

class RunControl {
 public:
  using Job = std::function<void(Machine&)>;

  void pause();
  void resume();
  bool paused() const;
  // The first ending counts.
  void end(Ending ending);
  std::optional<Ending> ending() const;
  // Runs `job` on the machine's thread, between two slices, also while paused, and waits until it is done.
  // False when the session has ended and nobody runs it. Called on the machine's thread it runs at once.
  bool call(const Job& job);
  // Something came through the door: wakes the machine's thread.
  void wake();

  // Called (on the machine's thread) when the machine starts and stops running; `why` is None for a pause
  // that somebody asked for. Set before the machine's thread starts, or in a job.
  void on_state(std::function<void(bool running, MachineExit why)> f) { on_state_ = std::move(f); }
  // Called on any thread, but not the machine's, when something waits for serve(). Set before there are
  // others.
  void on_request(std::function<void()> f) { on_request_ = std::move(f); }
  // Called once on the thread that ends the session.
  void on_end(std::function<void()> f) { on_end_ = std::move(f); }

  // --- The machine's thread ------------------------------------------------------------------------------
  // Does what waits; while paused it stays inside. False: the session has ended.
  bool serve(Machine& machine);
  // Something of the machine's own (a breakpoint, a power-off with -no-shutdown) pauses it.
  void stopped(MachineExit why);
  // Waits for a wake-up at most until `deadline`, or without end.
  void wait(std::optional<std::chrono::steady_clock::time_point> deadline);
  // From here on call() runs nothing.
  void close();

 private:
  struct Pending {
    const Job* job;
    bool done = false;
  };
  void run_jobs(std::unique_lock<std::mutex>& lock, Machine& machine);
  void request();
  bool attention() const { return !jobs_.empty() || ending_ || woken_; }

  mutable std::mutex mutex_;
  std::condition_variable to_machine_, from_machine_;
  bool paused_ = false;
  bool reported_paused_ = false;
  bool woken_ = false;
  bool closed_ = false;
  MachineExit why_ = MachineExit::None;
  std::optional<Ending> ending_;
  std::vector<Pending*> jobs_;
  std::thread::id machine_thread_;
  std::function<void(bool, MachineExit)> on_state_;
  std::function<void()> on_request_;
  std::function<void()> on_end_;
};

}  // namespace ilse::ui
