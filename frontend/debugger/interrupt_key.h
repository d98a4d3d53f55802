// Ctrl-C as something to be asked for: SIGINT is blocked in this thread and taken out of its queue.
#pragma once

#include <csignal>
#include <ctime>

namespace ilse::ui {

class InterruptKey {
 public:
  InterruptKey() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~InterruptKey() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  InterruptKey(const InterruptKey&) = delete;
  InterruptKey& operator=(const InterruptKey&) = delete;
  bool pressed() const {
    const timespec none{};
    return sigtimedwait(&set_, nullptr, &none) == SIGINT;
  }

 private:
  sigset_t set_, before_;
};

}  // namespace ilse::ui
