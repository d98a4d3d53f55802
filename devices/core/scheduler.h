// The machine's alarm clock, in virtual time. Chips own named Timers; the machine runs those that are
// due when virtual time passes their deadline, in order of deadline, then of creation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "memory/state_visitor.h"
#include "memory/types.h"

namespace ilse::dev {

using mem::VTime;

class Scheduler;

// A timer of one chip. Saved by name (unique in the machine) and deadline. The callback gets the
// deadline, which is the virtual time at which it logically runs, and may set the timer again.
class Timer {
 public:
  using Callback = std::function<void(VTime deadline)>;

  Timer(Scheduler& scheduler, std::string name, Callback callback);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Replaces an earlier deadline. A deadline in the past runs at once when time next advances.
  void set(VTime deadline);
  void cancel() { set(mem::kNever); }
  bool active() const { return deadline_ != mem::kNever; }
  VTime deadline() const { return deadline_; }

 private:
  friend class Scheduler;
  Scheduler& scheduler_;
  std::string name_;
  Callback callback_;
  VTime deadline_ = mem::kNever;
};

class Scheduler {
 public:
  // The virtual time up to which timers have run; devices use the `now` of their accesses instead.
  VTime now() const { return now_; }
  VTime next_deadline() const { return next_; }

  // Runs every timer due at or before `to`, then now() is `to`. `to` is never before now().
  void advance(VTime to);

  // Called whenever next_deadline() moves earlier: the machine shortens the processor's slice.
  void on_earlier(std::function<void()> f) { on_earlier_ = std::move(f); }

  // Time and all deadlines by timer name. A timer that the saved state does not know fails the load.
  void visit_state(mem::StateVisitor& v);

 private:
  friend class Timer;
  void add(Timer* t);
  void remove(Timer* t);
  void recompute();

  VTime now_{};
  VTime next_ = mem::kNever;
  std::vector<Timer*> timers_;
  std::function<void()> on_earlier_;
};

}  // namespace ilse::dev
