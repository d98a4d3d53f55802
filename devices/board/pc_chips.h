// The board's population: every chip, in the order in which they are built, and the small wires between them
// that are no chip. Only Pc uses it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "devices/board/ferr_logic.h"
#include "devices/board/fw_cfg.h"
#include "devices/board/irq_hub.h"
#include "devices/board/serial_feed.h"
#include "devices/core/char_sink.h"
#include "devices/debug/debugcon.h"
#include "devices/debug/isa_debug_exit.h"
#include "devices/debug/pci_testdev.h"
#include "devices/debug/pvpanic.h"
#include "devices/disk/i82077.h"
#include "devices/disk/piix3_ide.h"
#include "devices/display/vga.h"
#include "devices/display/vga_pci.h"
#include "devices/dma/i8237.h"
#include "devices/input/a20_gate.h"
#include "devices/input/game_port.h"
#include "devices/input/i8042.h"
#include "devices/input/port92.h"
#include "devices/input/ps2_keyboard.h"
#include "devices/input/ps2_mouse.h"
#include "devices/input/vmmouse.h"
#include "devices/irq/apic_bus.h"
#include "devices/irq/dual_i8259.h"
#include "devices/irq/io_apic.h"
#include "devices/irq/local_apic.h"
#include "devices/pci/i440fx.h"
#include "devices/pci/pci_host.h"
#include "devices/pci/piix3.h"
#include "devices/pci/piix4_pm.h"
#include "devices/serial/uart16550.h"
#include "devices/sound/ac97.h"
#include "devices/sound/opl3.h"
#include "devices/sound/pc_speaker.h"
#include "devices/sound/sb16.h"
#include "devices/timer/hpet.h"
#include "devices/timer/i8254.h"
#include "devices/timer/mc146818.h"
#include "devices/timer/port61.h"

namespace ilse::dev {

class Pc;

// A wire whose end is a few lines of the board.
class WireTo : public LineSink {
 public:
  explicit WireTo(std::function<void(bool)> f) : f_(std::move(f)) {}
  void set_line(int, bool level) override { f_(level); }
  IrqLine line() { return {*this, 0}; }

 private:
  std::function<void(bool)> f_;
};

// A plug for characters that may have nothing in it.
class CharSocket : public CharSink {
 public:
  void put(uint8_t byte) override {
    if (out != nullptr) out->put(byte);
  }
  CharSink* out = nullptr;
};

// The page at IA32_APIC_BASE: the local APIC of the processor that makes the access.
class LocalApicPage : public mem::MmioDevice {
 public:
  uint64_t mmio_read(uint64_t o, unsigned w, mem::VTime now) override {
    return selected->mmio_read(o, w, now);
  }
  void mmio_write(uint64_t o, unsigned w, uint64_t v, mem::VTime now) override {
    selected->mmio_write(o, w, v, now);
  }
  uint64_t mmio_peek(uint64_t o, unsigned w, mem::VTime now) const override {
    return selected->mmio_peek(o, w, now);
  }
  LocalApic* selected = nullptr;
};

struct PcChips {
  PcChips(Pc& pc, std::unique_ptr<mem::Ram> video_memory);

  struct Serial {
    CharSocket socket;
    std::unique_ptr<Uart16550> uart;
    std::unique_ptr<SerialFeed> feed;
  };

  // A movement goes to whichever device the guest listens to.
  void move_pointer(int dx, int dy, int dz, uint8_t buttons, mem::VTime now);

  // Wires into the processors.
  WireTo intr, nmi, a20_pin, reset_request, ignne;

  IrqHub hub;
  ApicBus apic_bus;
  std::vector<std::unique_ptr<LocalApic>> local_apics;
  IoApic io_apic;
  DualI8259 pic;
  LocalApicPage apic_page;
  int apic_layer = -1;

  PciHost pci;
  I440fx i440fx;
  Piix3 piix3;
  Piix3Ide ide;
  Piix4Pm pm;

  SoundMixer sound;
  I8254 pit;
  PcSpeaker speaker;
  Port61 port61;
  WireTo nmi_mask;
  Mc146818 rtc;
  Hpet hpet;
  I8237 dma;
  I82077 floppy;

  A20Gate a20;
  Ps2Keyboard keyboard;
  Ps2Mouse mouse;
  VmMouse vmmouse;
  I8042 kbc;
  Port92 port92;
  FerrLogic ferr;
  std::vector<std::unique_ptr<Serial>> serial;
  FwCfg fw_cfg;

  CharSocket debugcon_out, firmware_log_out;
  Debugcon debugcon, firmware_log;
  IsaDebugExit debug_exit;
  Pvpanic pvpanic;
  std::optional<PciTestdev> testdev;
  std::optional<Opl3> opl;
  std::optional<Sb16> sb16;
  GamePort game_port;  // the Sound Blaster's
  std::optional<Ac97> ac97;
  std::unique_ptr<Vga> vga;
  std::optional<VgaPci> vga_pci;

  // In the order of reset and of the saved state. Whoever receives interrupts comes after whoever sends them,
  // so that what a load drives again on the way is overwritten by what was saved.
  std::vector<Device*> devices;

 private:
  void add_sound(Pc& pc);
  void map_ports(Pc& pc);
  void map_memory(Pc& pc);
};

}  // namespace ilse::dev
