#include "frontend/interrupter.h"

#include <unistd.h>

#include <csignal>

namespace ilse::ui {

namespace {

// Of the signals that have no meaning.
int signal_number() { return SIGRTMIN + 4; }

void handler(int, siginfo_t* info, void*) {
  if (info->si_code == SI_TIMER) static_cast<Machine*>(info->si_value.sival_ptr)->kick();
}

}  // namespace

bool Interrupter::attach(Machine& machine) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal_number());
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = signal_number();
  event.sigev_value.sival_ptr = &machine;
  event._sigev_un._tid = gettid();
  std::lock_guard lock(mutex_);
  machine_ = &machine;
  attached_ = sigaction(signal_number(), &action, nullptr) == 0 &&
              pthread_sigmask(SIG_UNBLOCK, &set, nullptr) == 0 &&
              timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
  return attached_;
}

void Interrupter::detach() {
  std::lock_guard lock(mutex_);
  if (!attached_) return;
  attached_ = false;
  // One may be on its way still.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal_number());
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  timer_delete(timer_);
}

// Zero: not at all.
void Interrupter::arm(std::chrono::nanoseconds first) {
  if (!attached_) return;
  itimerspec t{};
  t.it_value.tv_sec = first.count() / 1'000'000'000;
  t.it_value.tv_nsec = first.count() % 1'000'000'000;
  if (first.count() != 0) t.it_interval.tv_nsec = std::chrono::nanoseconds(kAgain).count();
  timer_settime(timer_, 0, &t, nullptr);
}

void Interrupter::begin(std::chrono::nanoseconds slice) {
  std::lock_guard lock(mutex_);
  running_ = true;
  if (!requested_) arm(slice);
}

void Interrupter::end() {
  std::lock_guard lock(mutex_);
  if (running_) arm({});
  running_ = requested_ = false;
  if (machine_ != nullptr) machine_->hold(false);
}

void Interrupter::request() {
  std::lock_guard lock(mutex_);
  if (!attached_ || requested_) return;
  requested_ = true;
  machine_->hold(true);
  if (running_) arm(std::chrono::nanoseconds(1));
}

}  // namespace ilse::ui
