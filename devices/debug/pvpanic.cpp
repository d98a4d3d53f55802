#include "devices/debug/pvpanic.h"

namespace ilse::dev {

void Pvpanic::port_write(uint16_t, unsigned, uint32_t value, mem::VTime) {
  uint8_t events = value & (kPanicked | kCrashLoaded);
  if (events == 0) return;
  if (log_.wanted()) {
    log_.note("pvpanic", (events & kPanicked) != 0 ? "the guest's kernel panicked"
                                                   : "the guest loaded its crash kernel");
  }
  if (handler_) handler_(events);
}

}  // namespace ilse::dev
