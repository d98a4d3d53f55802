// The half of an IDE drive that ATA disks and ATAPI drives share: the command block registers, the status and
// interrupt protocol, the data port and DMA hand-shake, and resets. ATA/ATAPI-7 volume 2, clauses 7-9.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "devices/core/scheduler.h"
#include "devices/disk/ide_cable.h"
#include "memory/state_visitor.h"

namespace ilse::dev {

// Status register.
inline constexpr uint8_t kAtaErr = 0x01;
inline constexpr uint8_t kAtaDrq = 0x08;
inline constexpr uint8_t kAtaDsc = 0x10;  // seek complete; service for ATAPI
inline constexpr uint8_t kAtaDf = 0x20;
inline constexpr uint8_t kAtaDrdy = 0x40;
inline constexpr uint8_t kAtaBsy = 0x80;

// Error register.
inline constexpr uint8_t kAtaAbrt = 0x04;
inline constexpr uint8_t kAtaIdnf = 0x10;
inline constexpr uint8_t kAtaUnc = 0x40;

// Offsets in the command block.
enum class AtaReg : uint8_t { Data, Features, Count, LbaLow, LbaMid, LbaHigh, Device, Command };

class IdeDrive {
 public:
  // `name` is unique in the machine; it names the drive's timer and state section. Status is `ready` when no
  // command runs and `after_reset` from a reset to the first command.
  IdeDrive(Scheduler& scheduler, std::string name, uint8_t ready, uint8_t after_reset);
  virtual ~IdeDrive() = default;
  IdeDrive(const IdeDrive&) = delete;
  IdeDrive& operator=(const IdeDrive&) = delete;

  void connect(IdeCable& cable, bool device1);

  // Registers 1 to 6. Reading has no side effect; `previous` asks for the 48-bit commands' older content
  // (HOB). Features reads as the error register. Writes reach both drives of a cable.
  uint8_t read(AtaReg reg, bool previous) const;
  void write(AtaReg reg, uint8_t value);
  uint8_t status() const;
  void acknowledge() { set_intrq(false); }  // the host read Status
  void write_command(uint8_t command, VTime now);

  // The data port, `width` 1, 2 or 4 bytes; outside a PIO transfer it reads zero and writes are lost.
  uint32_t read_data(unsigned width, VTime now);
  void write_data(unsigned width, uint32_t value, VTime now);
  uint32_t peek_data(unsigned width) const;

  // RESET#, or power-on: busy for a while, then the signature.
  void hardware_reset(VTime now);
  // SRST of the device control register: busy while set, the signature a while after it is cleared.
  void software_reset(bool asserted, VTime now);
  // EXECUTE DEVICE DIAGNOSTIC, which both drives run whichever is selected.
  void diagnose(VTime now);

  bool intrq() const { return s_.intrq; }
  bool dmarq() const { return s_.phase == Phase::DmaIn || s_.phase == Phase::DmaOut; }
  // Moves what it can, until the command ends or the mover stops.
  void run_dma(DmaMover& mover, VTime now);
  // The mover was started while DMARQ was asserted: asks for run_dma() a moment later.
  void dma_started(VTime now);

  virtual void visit_state(mem::StateVisitor& v);

 protected:
  // DataIn and DataOut: DRQ is set and the host moves the buffer. DmaIn and DmaOut: DMARQ likewise.
  enum class Phase : uint8_t { Idle, Busy, DataIn, DataOut, DmaIn, DmaOut, Reset };

  struct State {
    // Each twice: the newest write and the one before it.
    std::array<uint8_t, 2> features{}, count{}, lba_low{}, lba_mid{}, lba_high{};
    uint8_t device = 0;
    uint8_t error = 1;
    uint8_t status = 0;  // without BSY and DRQ, which follow from the phase
    uint8_t command = 0;
    Phase phase = Phase::Reset;
    bool intrq = false;
    std::vector<uint8_t> buffer;
    uint32_t position = 0;
    static constexpr std::array kNames{"features", "count",  "lba_low", "lba_mid", "lba_high",
                                       "device",   "error",  "status",  "command", "phase",
                                       "intrq",    "buffer", "position"};
  };

  virtual void start_command(uint8_t command, VTime now) = 0;
  virtual void busy_done(VTime now) = 0;   // the timer of busy_for() ran out
  virtual void block_done(VTime now) = 0;  // the buffer has been moved, in any of the four data phases
  virtual void set_signature() = 0;
  virtual void device_reset(bool hard) = 0;  // forget commands; `hard`: settings too
  virtual bool accepts_while_busy(uint8_t) const { return false; }

  void set_intrq(bool level);
  void busy_for(uint64_t ns, VTime now);
  // The buffer is filled, or sized for what the host sends; `interrupt`: INTRQ with it.
  void data_in(bool interrupt);
  void data_out(bool interrupt);
  void dma_in(VTime now);
  void dma_out(VTime now);
  // The end of a command.
  void complete(bool interrupt = true);
  void fail(uint8_t error, bool interrupt = true);

  // Drops what runs and takes the place of a drive just reset (DEVICE RESET).
  void reset_now();

  bool device1() const { return device1_; }
  bool alone() const { return cable_ == nullptr || !cable_->has_other_drive(device1_); }

  State s_;

 private:
  void timer_done(VTime now);
  void enter_reset();
  void end_reset();

  std::string name_;
  uint8_t ready_;
  uint8_t after_reset_;
  IdeCable* cable_ = nullptr;
  bool device1_ = false;
  Timer timer_;
};

}  // namespace ilse::dev
