// Intel 82371AB (PIIX4), function 3: ACPI power management (datasheet chapter 7; ACPI specification
// section 4.8). PM1 status, enable and control, the 24-bit timer at 3.579545 MHz, GPE0, power button,
// soft-off, and the APM ports B2h/B3h through which firmware switches ACPI on.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "devices/core/irq_line.h"
#include "devices/core/scheduler.h"
#include "devices/pci/pci_device.h"
#include "devices/pci/pci_host.h"

namespace ilse::dev {

class Piix4Pm : public PciDevice {
 public:
  static constexpr uint64_t kTimerHz = 3'579'545;

  // `smm`: the processor has system management mode; without it the firmware finds SMM as set up already.
  Piix4Pm(Scheduler& scheduler, IrqLine sci, bool smm);

  void on_power_off(std::function<void()> f) { on_power_off_ = std::move(f); }
  void on_smi(std::function<void()> f) { on_smi_ = std::move(f); }

  void press_power_button(mem::VTime now);
  // True once the operating system has switched to ACPI mode and listens to the button.
  bool button_enabled() const;

  // Ports B2h (command) and B3h (status): offsets 0 and 1.
  mem::PortDevice& apm() { return apm_; }
  // General-purpose event block, status at 0-1 and enable at 2-3; the board puts it at AFE0h.
  mem::PortDevice& gpe0() { return gpe0_; }

  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 protected:
  void config_written(uint8_t reg, unsigned width, mem::VTime now) override;

 private:
  struct State {
    uint16_t pm1_status = 0;  // without TMR_STS
    uint16_t pm1_enable = 0;
    uint16_t pm1_control = 0;
    // The timer's most significant bit last toggled, as seen by TMR_STS, when this many of its half periods
    // had passed.
    uint64_t half_periods_seen = 0;
    uint32_t global_control = 0;
    uint8_t apm_command = 0;
    uint8_t apm_status = 0;
    std::array<uint8_t, 2> gpe_status{};
    std::array<uint8_t, 2> gpe_enable{};
    std::array<uint8_t, 14> smbus{};
    static constexpr std::array kNames{"pm1_status",     "pm1_enable",  "pm1_control", "half_periods_seen",
                                       "global_control", "apm_command", "apm_status",  "gpe_status",
                                       "gpe_enable",     "smbus"};
  };
  // The blocks of ports, each a small face of this chip.
  class Ports : public mem::PortDevice {
   public:
    using Read = uint8_t (Piix4Pm::*)(uint16_t, mem::VTime) const;
    using Write = void (Piix4Pm::*)(uint16_t, uint8_t, mem::VTime);
    Ports(Piix4Pm& chip, Read read, Write write) : chip_(chip), read_(read), write_(write) {}
    uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;

   private:
    Piix4Pm& chip_;
    Read read_;
    Write write_;
  };
  uint8_t pm_read(uint16_t offset, mem::VTime now) const;
  void pm_write(uint16_t offset, uint8_t value, mem::VTime now);
  uint8_t smbus_read(uint16_t offset, mem::VTime now) const;
  void smbus_write(uint16_t offset, uint8_t value, mem::VTime now);
  uint8_t apm_read(uint16_t offset, mem::VTime now) const;
  void apm_write(uint16_t offset, uint8_t value, mem::VTime now);
  uint8_t gpe_read(uint16_t offset, mem::VTime now) const;
  void gpe_write(uint16_t offset, uint8_t value, mem::VTime now);

  uint16_t pm1_status(mem::VTime now) const;
  void write_control(uint16_t value);
  void update_sci(mem::VTime now);
  void place_windows();

  Ports pm_, smbus_, apm_, gpe0_;
  PortWindow pm_window_, smbus_window_;
  Scheduler& scheduler_;
  IrqLine sci_;
  bool smm_;
  Timer overflow_;
  std::function<void()> on_power_off_, on_smi_;
  State state_;
};

}  // namespace ilse::dev
