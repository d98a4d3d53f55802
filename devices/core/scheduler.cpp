#include "devices/core/scheduler.h"

#include <algorithm>
#include <utility>

#include "memory/check.h"

namespace ilse::dev {

Timer::Timer(Scheduler& scheduler, std::string name, Callback callback)
    : scheduler_(scheduler), name_(std::move(name)), callback_(std::move(callback)) {
  scheduler_.add(this);
}
Timer::~Timer() { scheduler_.remove(this); }

void Timer::set(VTime deadline) {
  deadline_ = deadline;
  VTime before = scheduler_.next_;
  scheduler_.recompute();
  if (scheduler_.next_ < before && scheduler_.on_earlier_) scheduler_.on_earlier_();
}

void Scheduler::add(Timer* t) {
  for (const Timer* other : timers_) ILSE_CHECK(other->name_ != t->name_, "two timers of one name");
  timers_.push_back(t);
}
void Scheduler::remove(Timer* t) {
  std::erase(timers_, t);
  recompute();
}
void Scheduler::recompute() {
  next_ = mem::kNever;
  for (const Timer* t : timers_) next_ = std::min(next_, t->deadline_);
}

void Scheduler::advance(VTime to) {
  ILSE_CHECK(to >= now_, "virtual time went back");
  while (next_ <= to) {
    auto due = std::min_element(timers_.begin(), timers_.end(),
                                [](const Timer* a, const Timer* b) { return a->deadline_ < b->deadline_; });
    Timer* t = *due;
    VTime deadline = std::exchange(t->deadline_, mem::kNever);
    recompute();
    now_ = std::max(now_, deadline);
    t->callback_(deadline);
  }
  now_ = to;
}

void Scheduler::visit_state(mem::StateVisitor& v) {
  v.begin("scheduler", 1);
  v("now", now_);
  for (Timer* t : timers_) v(t->name_, t->deadline_);
  v.end();
  if (v.loading()) recompute();
}

}  // namespace ilse::dev
