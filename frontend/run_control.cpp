#include "frontend/run_control.h"

#include <utility>

namespace ilse::ui {

// With the lock held.
void RunControl::request() {
  to_machine_.notify_all();
  if (on_request_ && std::this_thread::get_id() != machine_thread_) on_request_();
}

void RunControl::pause() {
  std::lock_guard lock(mutex_);
  paused_ = true;
  why_ = MachineExit::None;
  request();
}

void RunControl::resume() {
  std::lock_guard lock(mutex_);
  paused_ = false;
  to_machine_.notify_all();
}

bool RunControl::paused() const {
  std::lock_guard lock(mutex_);
  return paused_;
}

void RunControl::end(Ending ending) {
  {
    std::lock_guard lock(mutex_);
    if (ending_) return;
    ending_ = std::move(ending);
    request();
  }
  if (on_end_) on_end_();
}

std::optional<Ending> RunControl::ending() const {
  std::lock_guard lock(mutex_);
  return ending_;
}

void RunControl::wake() {
  std::lock_guard lock(mutex_);
  // The machine's own samples of the clock pass through the door too.
  if (std::this_thread::get_id() == machine_thread_) return;
  woken_ = true;
  request();
}

bool RunControl::call(const Job& job) {
  std::unique_lock lock(mutex_);
  ILSE_CHECK(std::this_thread::get_id() != machine_thread_, "a job of the machine's thread for itself");
  if (closed_) return false;
  Pending p{&job};
  jobs_.push_back(&p);
  request();
  from_machine_.wait(lock, [&] { return p.done || closed_; });
  return p.done;
}

void RunControl::run_jobs(std::unique_lock<std::mutex>& lock, Machine& machine) {
  while (!jobs_.empty()) {
    Pending* p = jobs_.front();
    jobs_.erase(jobs_.begin());
    lock.unlock();
    (*p->job)(machine);
    lock.lock();
    p->done = true;
    from_machine_.notify_all();
  }
}

bool RunControl::serve(Machine& machine) {
  std::unique_lock lock(mutex_);
  machine_thread_ = std::this_thread::get_id();
  for (;;) {
    run_jobs(lock, machine);
    if (ending_) return false;
    if (paused_ != reported_paused_) {
      reported_paused_ = paused_;
      bool running = !paused_;
      MachineExit why = std::exchange(why_, MachineExit::None);
      lock.unlock();
      if (on_state_) on_state_(running, why);
      lock.lock();
      continue;
    }
    if (!paused_) return true;
    to_machine_.wait(lock, [this] { return !jobs_.empty() || ending_ || !paused_; });
  }
}

void RunControl::stopped(MachineExit why) {
  std::lock_guard lock(mutex_);
  paused_ = true;
  why_ = why;
}

void RunControl::wait(std::optional<std::chrono::steady_clock::time_point> deadline) {
  std::unique_lock lock(mutex_);
  auto ready = [this] { return attention() || paused_; };
  if (deadline) {
    to_machine_.wait_until(lock, *deadline, ready);
  } else {
    to_machine_.wait(lock, ready);
  }
  woken_ = false;
}

void RunControl::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  from_machine_.notify_all();
}

}  // namespace ilse::ui
