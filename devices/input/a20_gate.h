// The gate on address line 20: open when the keyboard controller or port 0x92 wants it open (82371SB data
// sheet, 2.5.6.3, bit 1). It keeps no state of its own: its inputs are driven again after a load.
#pragma once

#include "devices/core/irq_line.h"

namespace ilse::dev {

class A20Gate : public LineSink {
 public:
  enum Pin : int { kKeyboardController = 0, kPort92 = 1 };

  // `a20`: high = enabled. Set on every change.
  explicit A20Gate(IrqLine a20) : a20_(a20) {}

  void set_line(int pin, bool level) override {
    (pin == kPort92 ? port92_ : keyboard_controller_) = level;
    a20_.set(enabled());
  }
  bool enabled() const { return keyboard_controller_ || port92_; }

 private:
  IrqLine a20_;
  bool keyboard_controller_ = false;
  bool port92_ = false;
};

}  // namespace ilse::dev
