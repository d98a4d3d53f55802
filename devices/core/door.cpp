#include "devices/core/door.h"

#include <utility>

namespace ilse::dev {

void Door::post(OutsideEvent e) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(e);
  }
  if (on_post_) on_post_();
}

void Door::drain(mem::VTime now, const Handler& deliver) {
  std::vector<OutsideEvent> events;
  {
    std::lock_guard lock(mutex_);
    events.swap(queue_);
  }
  for (const OutsideEvent& e : events) {
    if (log_) log_(e, now);
    deliver(e, now);
  }
}

}  // namespace ilse::dev
