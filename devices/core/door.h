// The one door through which the outside world reaches the guest (DESIGN.md §3): keys, mouse, serial
// bytes, power button, samples of the host's clock. Any thread posts; the machine thread drains at a slice
// boundary, where each event gets its virtual time and can be logged for replay.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "memory/types.h"

namespace ilse::dev {

struct Medium;  // devices/board/media.h

struct OutsideEvent {
  enum class Kind : uint8_t {
    Key,    // value: USB HID usage of the physical key | 0x10000 when released
    Mouse,  // value: buttons (bit 0 left, 1 right, 2 middle, 3, 4) | dx << 8 | dy << 24 | dz << 40 (16-bit
            // signed dx, dy; 8-bit dz); dy grows downwards
    Point,  // value: buttons | x << 8 | y << 24 | dz << 40: where on the screen, 0 to FFFFh from left and top
    Stick,  // unit: 0 or 1; value: 1 if it is plugged in | buttons << 8 | x << 16 | y << 32: 0 to FFFFh
    Monitor,      // value: width | height << 16: the size that the screen should have, in pixels
    Serial,       // unit: UART index; value: byte received
    PowerButton,  // ACPI power button pressed
    Reset,        // reset button
    ClockSample,  // value: nanoseconds of host time since the machine started
    MediumIn,     // unit: media_unit() of the drive; `medium`: what goes in
    MediumOut,    // unit: the same; value: 1 whatever the guest says (the hole for the paper clip)
  };
  Kind kind;
  uint32_t unit = 0;
  uint64_t value = 0;
  std::shared_ptr<Medium> medium{};  // taken by the drive
};

class Door {
 public:
  using Handler = std::function<void(const OutsideEvent&, mem::VTime)>;

  // Any thread.
  void post(OutsideEvent e);
  // Called (on the posting thread) after each post, so that a sleeping machine wakes up.
  void on_post(std::function<void()> f) { on_post_ = std::move(f); }

  // Machine thread only: hands every posted event to the log, then to `deliver`, in order.
  void drain(mem::VTime now, const Handler& deliver);
  void set_log(Handler log) { log_ = std::move(log); }

 private:
  std::mutex mutex_;
  std::vector<OutsideEvent> queue_;
  std::function<void()> on_post_;
  Handler log_;
};

}  // namespace ilse::dev
