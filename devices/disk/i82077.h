// The diskette controller, an 82077AA strapped for the PC/AT (Intel data sheet 290166): registers, the three
// phases of a command, and up to four drives on its cable, of which a PC wires two.
//
// Commands take their time in virtual time, though not the turning disk's: kSectorTime a sector and kStepTime
// a step, so that a diskette is read in seconds.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/core/scheduler.h"
#include "devices/disk/floppy_drive.h"
#include "devices/dma/dma_channel.h"
#include "memory/bus.h"

namespace ilse::dev {

class I82077 : public Device, public mem::PortDevice {
 public:
  static constexpr unsigned kDrives = 2;
  static constexpr uint64_t kSectorTime = 1'000'000;  // ns
  static constexpr uint64_t kStepTime = 200'000;
  static constexpr uint64_t kSettleTime = 500'000;    // of the head, and a command's overhead
  static constexpr uint64_t kIndexTime = 50'000'000;  // until a command gives up looking for a sector
  static constexpr uint64_t kResetTime = 100'000;

  I82077(Scheduler& scheduler, IrqLine irq, DmaChannel dma);

  FloppyDrive& drive(unsigned n) { return drives_[n % kDrives]; }
  bool motor(unsigned n) const { return (s_.dor >> (4 + n % kDrives) & 1) != 0; }

  // Offsets 0..5 and 7 of 3F0h; 6 is the disk controller's. Width 1.
  uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

  std::string_view name() const override { return "floppy"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  enum class Phase : uint8_t { Idle, Command, Execution, Result };
  // What the execution phase waits for.
  enum class Step : uint8_t {
    None,
    Sector,  // the next sector is under the head
    Fail,    // no sector was found: the result's status registers are ready
    Id,      // READ ID
    Host,    // without DMA: the host moves a sector's bytes
  };
  struct State {
    uint8_t dor = 0;
    uint8_t tdr = 0;
    uint8_t rate = 2;  // selected, as in DSR and CCR: 500, 300, 250, 1000 kbit/s
    Phase phase = Phase::Idle;
    Step step = Step::None;
    std::array<uint8_t, 16> fifo{};  // a command's bytes, then its result
    uint8_t position = 0;
    uint8_t length = 0;
    std::array<uint8_t, 4> cylinder{};  // of each drive, as the controller believes
    std::array<uint8_t, 2> specify{};
    std::array<uint8_t, 2> configure{};  // its second and third byte
    uint8_t perpendicular = 0;
    bool locked = false;
    bool interrupt = false;
    uint8_t seeking = 0;   // a bit a drive
    uint8_t reported = 0;  // drives whose end of a seek, or whose reset, waits for SENSE INTERRUPT STATUS
    std::array<uint8_t, 4> seek_status{};
    // The data command that runs.
    uint8_t c = 0, h = 0, r = 0;
    uint8_t head = 0;  // selected last
    uint8_t st1 = 0, st2 = 0;
    uint8_t left = 0;     // sectors that VERIFY with EC or FORMAT TRACK still has to do
    bool sought = false;  // with an implied seek
    bool host_transfer = false;
    uint16_t at = 0;  // in the sector, without DMA
    std::array<uint8_t, kSectorSize> sector{};
    static constexpr std::array kNames{"dor",         "tdr",
                                       "rate",        "phase",
                                       "step",        "fifo",
                                       "position",    "length",
                                       "cylinder",    "specify",
                                       "configure",   "perpendicular",
                                       "locked",      "interrupt",
                                       "seeking",     "reported",
                                       "seek_status", "c",
                                       "h",           "r",
                                       "head",        "st1",
                                       "st2",         "left",
                                       "sought",      "host_transfer",
                                       "at",          "sector"};
  };

  // Registers.
  uint8_t main_status() const;
  uint8_t digital_input() const;
  uint8_t read_fifo(VTime now);
  void write_fifo(uint8_t value, VTime now);
  void write_dor(uint8_t value, VTime now);
  void write_dsr(uint8_t value, VTime now);
  bool in_reset() const;
  void enter_reset();
  void leave_reset(VTime now);
  void set_interrupt(bool level);
  void drive_lines();

  // Commands (i82077_commands.cpp).
  static unsigned command_length(uint8_t command);
  void start(VTime now);
  void start_seek(unsigned n, int steps, uint8_t cylinder, VTime now);
  void recalibrate(unsigned n, VTime now);
  void seek_done(unsigned n);
  bool seek_first(VTime now);
  void sense_interrupt();
  uint8_t sense_drive(uint8_t select) const;
  void dump_registers();
  void result(unsigned bytes, bool interrupt);
  void invalid();

  // Reading and writing (i82077_transfer.cpp).
  void start_transfer(VTime now);
  void timer_done(VTime now);
  void next_sector(VTime now);
  void sector_moved(bool terminal_count, VTime now);
  void move_sector(VTime now);
  void host_sector(VTime now);
  void read_id(VTime now);
  void format_sector(VTime now);
  bool compare(std::span<const uint8_t> host);
  void advance_sector(bool end_of_cylinder);
  void finish(uint8_t code);
  bool find_sector();
  bool track_readable() const;
  bool store_sector();
  void later(Step step, uint64_t ns, VTime now);

  uint8_t opcode() const { return s_.fifo[0] & 0x1F; }
  bool multi_track() const { return (s_.fifo[0] & 0x80) != 0; }
  unsigned selected() const { return s_.fifo[1] & 3; }
  bool no_dma() const { return (s_.specify[1] & 1) != 0; }
  const FloppyDrive* target() const { return selected() < kDrives ? &drives_[selected()] : nullptr; }
  FloppyDrive* target() { return selected() < kDrives ? &drives_[selected()] : nullptr; }
  bool reads_disk() const;
  bool writes_disk() const;
  bool scans() const;

  std::array<FloppyDrive, kDrives> drives_;
  IrqLine irq_;
  DmaChannel dma_;
  State s_;
  Timer timer_;
  std::array<Timer, 4> seek_timers_;
};

}  // namespace ilse::dev
