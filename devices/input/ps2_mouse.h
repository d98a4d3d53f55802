// A PS/2 mouse: the standard three-button one of IBM's PS/2 Hardware Interface Technical Reference, which
// becomes an IntelliMouse (wheel) or an IntelliMouse Explorer (five buttons) when the guest knocks.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/scheduler.h"
#include "devices/input/ps2_device.h"

namespace ilse::dev {

class Ps2Mouse : public Device, public Ps2Device {
 public:
  explicit Ps2Mouse(Scheduler& scheduler);

  // dx grows to the right, dy downwards, dz when the wheel turns away from the user, in counts. Buttons: bit
  // 0 left, 1 right, 2 middle, 3 and 4 the side buttons. Movement that does not fit one packet goes into the
  // next ones.
  void move(int dx, int dy, int dz, uint8_t buttons, VTime now);

  uint8_t buttons() const { return state_.buttons; }

  void write(uint8_t byte, VTime now) override;
  bool has_byte() const override { return !state_.queue.empty(); }
  uint8_t take() override;

  std::string_view name() const override { return "mouse"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    Ps2Queue queue;
    uint8_t id = 0;  // 0 standard, 3 IntelliMouse, 4 Explorer
    bool reporting = false;
    bool remote = false;
    bool wrap = false;
    bool scale21 = false;
    uint8_t resolution = 2;
    uint8_t rate = 100;  // samples a second
    uint8_t command = 0;
    uint8_t last_sent = 0;
    std::array<uint8_t, 3> knock{};  // the last three sample rates that were set
    int32_t dx = 0;
    int32_t dy = 0;
    int32_t dz = 0;
    uint8_t buttons = 0;
    uint8_t reported_buttons = 0;
    static constexpr std::array kNames{
        "queue",   "id",        "reporting", "remote", "wrap", "scale21", "resolution", "rate",
        "command", "last_sent", "knock",     "dx",     "dy",   "dz",      "buttons",    "reported_buttons"};
  };

  void set_defaults();
  void command(uint8_t byte);
  void parameter(uint8_t byte);
  bool changed() const;
  size_t packet_size() const { return state_.id == 0 ? 3 : 4; }
  void send_packet(bool scale);
  void sample(VTime now);

  State state_;
  Timer sample_;
};

}  // namespace ilse::dev
