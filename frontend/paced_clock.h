// The host's clock as the machine is to see it: nanoseconds of running time, which stands still while the
// machine is paused. Machine thread only.
#pragma once

#include <chrono>
#include <cstdint>

namespace ilse::ui {

class PacedClock {
 public:
  using Clock = std::chrono::steady_clock;

  uint64_t now_ns() const {
    auto elapsed = (running_ ? Clock::now() : stopped_at_) - start_;
    return static_cast<uint64_t>(std::chrono::nanoseconds(elapsed).count());
  }
  // The host's time at which now_ns() will have reached `ns`.
  Clock::time_point host_time(uint64_t ns) const {
    return start_ + std::chrono::duration_cast<Clock::duration>(std::chrono::nanoseconds(ns));
  }
  void set(uint64_t ns) { start_ = (running_ ? Clock::now() : stopped_at_) - std::chrono::nanoseconds(ns); }
  void stop() {
    if (!running_) return;
    running_ = false;
    stopped_at_ = Clock::now();
  }
  void go() {
    if (running_) return;
    running_ = true;
    start_ += Clock::now() - stopped_at_;
  }

 private:
  Clock::time_point start_ = Clock::now();
  Clock::time_point stopped_at_{};
  bool running_ = true;
};

}  // namespace ilse::ui
