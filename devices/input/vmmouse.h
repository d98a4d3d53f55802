// The absolute pointing device of VMware's virtual machines, which Linux's psmouse and Xorg know: port 5658h,
// read as a doubleword with a magic number in EAX and a command in ECX, answers in the general registers (the
// "backdoor"). A pointer that is where the host's is needs no capture. What happens waits in a queue of
// doublewords; a PS/2 mouse movement of one step tells the guest to fetch it.
//
// After the protocol in the open-vm-tools and vmmouse sources of VMware.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "devices/core/device.h"
#include "memory/bus.h"
#include "memory/processor_pins.h"

namespace ilse::dev {

class VmMouse final : public Device, public mem::PortDevice {
 public:
  static constexpr uint16_t kPort = 0x5658;

  // `reader`: the processor that reads the port, or null. `nudge` makes the PS/2 mouse send a packet.
  VmMouse(std::function<mem::ProcessorPins*()> reader, std::function<void(mem::VTime)> nudge)
      : reader_(std::move(reader)), nudge_(std::move(nudge)) {}

  // Whether a guest's driver has turned it on: until then the PS/2 mouse is the pointer.
  bool enabled() const { return state_.enabled; }
  // Whether it wants positions rather than movements.
  bool absolute() const { return state_.enabled && state_.absolute; }

  // Buttons as in OutsideEvent; x and y from 0 (left, top) to FFFFh (right, bottom); dz as in OutsideEvent.
  void point(unsigned buttons, uint16_t x, uint16_t y, int dz, mem::VTime now);
  void move(unsigned buttons, int dx, int dy, int dz, mem::VTime now);

  uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
  void port_write(uint16_t, unsigned, uint32_t, mem::VTime) override {}
  // All that a port alone can tell.
  uint32_t port_peek(uint16_t, unsigned, mem::VTime) const override { return 0xFFFFFFFF; }

  std::string_view name() const override { return "vmmouse"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  static constexpr uint32_t kQueue = 256;  // doublewords, a power of two
  struct State {
    bool enabled = false;
    bool absolute = false;
    bool error = false;  // the driver took more than there was; reset by its next ENABLE
    uint32_t first = 0, count = 0;
    std::array<uint32_t, kQueue> queue{};
    static constexpr std::array kNames{"enabled", "absolute", "error", "first", "count", "queue"};
  };
  void push(uint32_t word);
  void packet(unsigned buttons, uint32_t flags, uint32_t x, uint32_t y, int dz, mem::VTime now);
  void command(uint32_t what);
  uint32_t status() const;
  void data(mem::ProcessorPins& pins, uint32_t words);

  std::function<mem::ProcessorPins*()> reader_;
  std::function<void(mem::VTime)> nudge_;
  State state_;
};

}  // namespace ilse::dev
