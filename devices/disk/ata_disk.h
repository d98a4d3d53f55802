// An ATA hard disk. ATA/ATAPI-7 volume 2 for the commands and protocols, ATA8-ACS for DATA SET MANAGEMENT.
#pragma once

#include <memory>
#include <string>

#include "devices/disk/geometry.h"
#include "devices/disk/ide_drive.h"
#include "devices/disk/image/block_device.h"

namespace ilse::dev {

class AtaDisk : public IdeDrive {
 public:
  // `serial` has at most 20 printable ASCII characters.
  AtaDisk(Scheduler& scheduler, std::string name, std::unique_ptr<BlockDevice> image, std::string serial);

  BlockDevice& image() { return *image_; }
  void visit_state(mem::StateVisitor& v) override;

  // The most sectors in a block of READ/WRITE MULTIPLE.
  static constexpr unsigned kMaxMultiple = 16;

  // What IDENTIFY DEVICE reports of the settings; part of the state.
  struct Settings {
    uint16_t heads = 0;  // current CHS translation
    uint16_t sectors_per_track = 0;
    uint8_t multiple = kMaxMultiple;  // sectors a block; 0: READ/WRITE MULTIPLE are disabled
    uint8_t dma_mode = 0;             // SET FEATURES transfer mode: 20h|n multiword, 40h|n Ultra
    bool write_cache = true;
    bool look_ahead = true;
    bool smart = true;
    uint8_t power = 0xFF;  // as CHECK POWER MODE reports it: FFh active or idle, 80h idle, 00h standby
    static constexpr std::array kNames{"heads",       "sectors_per_track", "multiple", "dma_mode",
                                       "write_cache", "look_ahead",        "smart",    "power"};
  };

 private:
  // What to do when the drive is no longer busy.
  enum class Step : uint8_t {
    None,
    Finish,
    Fail,
    ReadPio,
    AcceptPio,
    WritePio,
    ReadDma,
    AcceptDma,
    Verify,
    Flush
  };
  static constexpr uint16_t kMaxBlock = 128;  // sectors that DMA moves at once
  // Where the buffer's content comes from or goes to.
  enum class Target : uint8_t { Medium, Answer, WriteBuffer, Trim };
  struct Transfer {
    Step step = Step::None;
    Target target = Target::Medium;
    uint64_t lba = 0;        // next sector
    uint32_t remaining = 0;  // sectors, from lba on
    uint16_t block = 1;      // sectors a DRQ block
    uint8_t error = 0;       // for Step::Fail
    bool extended = false;   // 48-bit
    bool fua = false;        // on stable storage before the command ends
    static constexpr std::array kNames{"step",  "target", "lba",      "remaining",
                                       "block", "error",  "extended", "fua"};
  };

  void start_command(uint8_t command, VTime now) override;
  void busy_done(VTime now) override;
  void block_done(VTime now) override;
  void set_signature() override;
  void device_reset(bool hard) override;

  // Each starts a command: false when it is not one of the kind.
  bool start_medium_command(uint8_t command, VTime now);
  bool start_settings_command(uint8_t command, VTime now);
  bool start_power_command(uint8_t command, VTime now);
  // Takes sector count and address from the registers; on a bad one the command has failed and it is false.
  bool take_range(bool extended, VTime now);
  bool uses_lba() const { return t_.extended || (s_.device & 0x40) != 0; }
  void start_read(bool extended, unsigned block, bool dma, VTime now);
  void start_write(bool extended, unsigned block, bool dma, bool fua, VTime now);
  void start_verify(bool extended, VTime now);
  void start_trim(VTime now);
  void seek(VTime now);
  void set_features(VTime now);
  void smart(VTime now);
  void native_max(bool extended, VTime now);
  void answer(std::vector<uint8_t> data, VTime now);
  void finish_later(uint64_t ns, VTime now);
  void fail_later(uint8_t error, VTime now);
  void flush_later(VTime now);

  void next_read(bool dma, VTime now);
  void next_write_block(bool dma, VTime now);
  void data_written(VTime now);
  // Moves buffer and medium, n sectors from t_.lba on; a failure has ended the command, with the sector's
  // address.
  bool read_medium(uint32_t n);
  bool write_medium();
  bool trim_medium();
  bool flush_or_fail();
  void set_address(uint64_t lba);
  void wake() { settings_.power = 0xFF; }

  std::unique_ptr<BlockDevice> image_;
  std::string serial_;
  Geometry geometry_;
  Settings settings_;
  Transfer t_;
  std::array<uint8_t, kSectorSize> write_buffer_{};
};

}  // namespace ilse::dev
