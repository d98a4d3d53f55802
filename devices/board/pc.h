// The machine's motherboard: an i440FX/PIIX3 PC as QEMU's `-machine pc` lays it out, which is what SeaBIOS's
// bios-256k.bin expects. It owns every chip and is the only place that knows ports, addresses and interrupt
// numbers. Processors are not part of it: they plug in with attach() and talk through mem::BoardPort.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "devices/board/config.h"
#include "devices/board/media.h"
#include "devices/core/device.h"
#include "devices/core/door.h"
#include "devices/core/scheduler.h"
#include "memory/event_log.h"
#include "memory/io_bus.h"
#include "memory/phys_map.h"
#include "memory/processor_pins.h"
#include "memory/ram.h"
#include "memory/result.h"

namespace ilse::dev {

class AtapiCdrom;
class CharSink;
class FwCfg;
class LocalApic;
class PciHost;
class Piix3Ide;
class SoundMixer;
class Vga;
struct PcChips;

// What the guest or its devices want of the machine. The board calls attention() on the processors' pins when
// one comes up.
struct BoardRequests {
  bool reset = false;      // any reset line: CF9h, keyboard controller, port 92h, reset button
  bool shutdown = false;   // a processor's triple fault
  bool power_off = false;  // ACPI soft-off
  bool guest_panicked = false;
  std::optional<int> exit;  // isa-debug-exit: the status, (value << 1) | 1
  bool any() const { return reset || shutdown || power_off || guest_panicked || exit; }
};

class Pc : public mem::BoardPort {
 public:
  // Fails with a message when the configuration cannot be built or the host lacks memory.
  static mem::Result<std::unique_ptr<Pc>> create(BoardConfig config);
  ~Pc() override;
  Pc(const Pc&) = delete;
  Pc& operator=(const Pc&) = delete;

  const BoardConfig& config() const { return config_; }
  Scheduler& scheduler() { return scheduler_; }
  mem::IoBus& io() { return io_; }
  mem::PhysMap& memory() { return memory_; }
  mem::Ram& ram() { return ram_; }
  mem::EventLog& log() { return log_; }
  Door& door() { return door_; }
  FwCfg& fw_cfg();
  PciHost& pci();
  Piix3Ide& ide();
  LocalApic& local_apic(unsigned cpu);
  SoundMixer& sound();
  Vga* vga();  // null without a display

  // Where what the guest sends goes; null: nowhere. `unit` 0 is COM1.
  void connect_serial(unsigned unit, CharSink* out);
  void connect_debugcon(CharSink* out);
  void connect_firmware_log(CharSink* out);

  bool a20() const;
  // Disk and CD-ROM commands so far, for a lamp.
  uint64_t disk_commands() const;
  // Whether the guest has fetched all that was typed.
  bool keyboard_idle() const;
  // True once the guest takes positions (OutsideEvent::Kind::Point) rather than movements.
  bool absolute_pointer() const;
  // True once the operating system answers the power button.
  bool power_button_works() const;

  // Plugs a processor in; `pins` must outlive the board or be replaced by null.
  void attach(unsigned cpu, mem::ProcessorPins* pins);
  // The processor whose accesses and acknowledge cycles come next: each sees its own local APIC at one
  // address. To be called before a slice of another processor runs; processor 0 at power-on.
  void select_processor(unsigned cpu);
  // The drives whose medium can be changed.
  std::vector<MediaDrive> media_drives();
  // Whether an image of so many sectors goes into that drive.
  bool accepts_medium(uint32_t unit, uint64_t sectors);

  // An event that the door let in, at virtual time `now`.
  void deliver(const OutsideEvent& event, mem::VTime now);

  const BoardRequests& requests() const { return requests_; }
  void clear_requests() { requests_ = {}; }

  // Also brings RAM (at power-on), the address map and every chip to their reset state. The processors are
  // the caller's.
  void reset(ResetKind kind);
  // All chips, timers and the touched pages of RAM.
  void visit_state(mem::StateVisitor& v);

  uint8_t acknowledge(mem::VTime now) override;
  uint64_t apic_base(unsigned cpu) const override;
  bool set_apic_base(unsigned cpu, uint64_t value, mem::VTime now) override;
  uint8_t cr8(unsigned cpu) const override;
  void set_cr8(unsigned cpu, uint8_t value, mem::VTime now) override;
  uint64_t tsc_deadline(unsigned cpu) const override;
  void set_tsc_deadline(unsigned cpu, uint64_t value, mem::VTime now) override;
  unsigned processors() const override { return config_.cpus; }
  std::optional<uint64_t> x2apic_read(unsigned cpu, uint32_t msr, mem::VTime now) override;
  bool x2apic_write(unsigned cpu, uint32_t msr, uint64_t value, mem::VTime now) override;
  void set_ferr(bool level) override;
  void set_smm(unsigned cpu, bool active) override;
  void shutdown(mem::VTime now) override;

 private:
  friend struct PcChips;
  Pc(BoardConfig config, mem::Ram ram, std::unique_ptr<mem::Ram> video_memory);
  void attention();
  void place_local_apic();
  void set_cmos();
  AtapiCdrom* cdrom(uint32_t unit);
  void deliver_medium(const OutsideEvent& event);
  void fill_fw_cfg();
  void visit_ram(mem::StateVisitor& v);

  BoardConfig config_;
  mem::EventLog log_;
  mem::Ram ram_;
  mem::IoBus io_;
  mem::PhysMap memory_;
  Scheduler scheduler_;
  Door door_;
  BoardRequests requests_;
  std::vector<mem::ProcessorPins*> pins_;
  unsigned selected_ = 0;
  std::array<std::string, kMediaUnits> media_names_;  // no part of the state: names of the host's files
  std::array<uint64_t, 4> disk_sectors_{};            // of the hard disks, by IDE index
  std::unique_ptr<PcChips> chips_;
};

}  // namespace ilse::dev
