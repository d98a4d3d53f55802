// What the outside world has typed into a serial port and its UART has no room for yet: the terminal's end of
// the cable, which holds back instead of overrunning the guest.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "devices/core/device.h"
#include "devices/serial/uart16550.h"

namespace ilse::dev {

class SerialFeed : public Device {
 public:
  SerialFeed(std::string name, Uart16550& uart);

  // Beyond kLimit waiting bytes the newest are lost.
  void send(uint8_t byte, mem::VTime now);

  std::string_view name() const override { return name_; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

  static constexpr size_t kLimit = 1 << 20;

 private:
  struct State {
    std::vector<uint8_t> waiting;
    static constexpr std::array kNames{"waiting"};
  };
  void pump(mem::VTime now);

  std::string name_;
  Uart16550& uart_;
  bool pumping_ = false;
  State state_;
};

}  // namespace ilse::dev
