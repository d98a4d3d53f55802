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
  enum class Step : uint8_t { None, Finish, Fail, PioRead, PioReady, PioWrite, DmaRead, DmaWrite, Flush, Trim };
  struct Transfer {
    Step step = Step::None;
    uint64_t lba = 0;         // next sector
    uint32_t remaining = 0;   // sectors, from lba on
    uint16_t block = 1;       // sectors a PIO block
    uint8_t error = 0;        // for Step::Fail
    bool extended = false;    // 48-bit
    bool chs = false;
    bool fua = false;         // on stable storage before the command ends
    bool buffer_only = false; // IDENTIFY and such: no sectors involved
    static constexpr std::array kNames{"step",     "lba", "remaining", "block",      "error",
                                       "extended", "chs", "fua",       "buffer_only"};
  };

  void start_command(uint8_t command, VTime now) override;
  void busy_done(VTime now) override;
  void block_done(VTime now) override;
  void set_signature() override;
  void device_reset(bool hard) override;

  bool take_address(bool extended, VTime now);
  void start_read(bool extended, unsigned block, VTime now);
  void start_write(bool extended, unsigned block, VTime now);
  void start_dma(bool extended, bool write, VTime now);
  void start_other(uint8_t command, VTime now);
  void verify(bool extended, VTime now);
  void set_features(VTime now);
  void smart(VTime now);
  void native_max(bool extended);
  void trim(VTime now);
  void send_buffer(VTime now);
  void finish_later(uint64_t ns, VTime now);
  void fail_later(uint8_t error, VTime now);

  void next_pio_block(VTime now);
  void next_dma_block(VTime now);
  bool read_sectors(uint32_t n);
  bool write_sectors(VTime now);
  void do_trim();
  void set_address(uint64_t lba);
  bool flush_now();

  std::unique_ptr<BlockDevice> image_;
  std::string serial_;
  Geometry geometry_;
  Settings settings_;
  Transfer t_;
  std::array<uint8_t, kSectorSize> write_buffer_{};  // WRITE BUFFER, READ BUFFER
};

}  // namespace ilse::dev
