// An ATAPI CD-ROM drive: the PACKET protocol (ATA/ATAPI-7 volume 2, 9.8-9.10) with the commands of SPC-2 and
// MMC-3. Blocks are 2048 bytes.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>

#include "devices/disk/ide_drive.h"
#include "devices/disk/image/block_device.h"

namespace ilse::dev {

class AtapiCdrom : public IdeDrive {
 public:
  AtapiCdrom(Scheduler& scheduler, std::string name);

  // The person at the drive; outside events, made at the same virtual time in a replay. insert() closes the tray on
  // the disc. eject() presses the button: false, and only a request that the guest can see, while the guest holds the
  // door locked; else the tray opens and the disc is out.
  void insert(std::unique_ptr<BlockDevice> disc);
  bool eject();
  BlockDevice* disc() { return disc_.get(); }
  // Opens the tray whatever the guest says (the hole for the paper clip).
  void force_eject();

  void visit_state(mem::StateVisitor& v) override;

  static constexpr uint32_t kBlockSize = 2048;

 private:
  // Additional sense code << 8 | qualifier.
  enum Sense : uint16_t {
    kNoSense = 0,
    kUnrecoveredRead = 0x1100,
    kInvalidOpcode = 0x2000,
    kLbaOutOfRange = 0x2100,
    kInvalidField = 0x2400,
    kMediumChanged = 0x2800,
    kPowerOnOrReset = 0x2900,
    kSavingNotSupported = 0x3900,
    kNoMediumTrayClosed = 0x3A01,
    kNoMediumTrayOpen = 0x3A02,
    kRemovalPrevented = 0x5302,
    kIllegalMode = 0x6400,
  };
  enum class Step : uint8_t { None, Packet, Execute, Stream, Finish, Identify, Check };
  struct Media {
    bool tray_open = false;
    bool locked = false;
    bool attention_reset = true;   // pending UNIT ATTENTION conditions
    bool attention_media = false;
    uint8_t event = 0;             // pending media event code, MMC-3 table 92
    uint8_t sense_key = 0;
    uint16_t sense = 0;
    uint8_t dma_mode = 0;
    uint16_t speed = 0xFFFF;       // SET CD SPEED
    uint8_t error_recovery = 0;    // mode page 01h
    static constexpr std::array kNames{"tray_open", "locked", "attention_reset", "attention_media", "event",
                                       "sense_key", "sense",  "dma_mode",        "speed",           "error_recovery"};
  };
  struct Transfer {
    Step step = Step::None;
    std::array<uint8_t, 12> packet{};
    bool dma = false;
    uint16_t limit = 0;        // byte count limit of a PIO block
    uint32_t lba = 0;          // next block to read from the disc
    uint32_t blocks = 0;       // still to read
    uint8_t layout = 0;        // READ CD: parts of the sector to return, 10h user data only
    bool identify = false;     // the buffer is IDENTIFY data
    static constexpr std::array kNames{"step", "packet", "dma", "limit", "lba", "blocks", "layout", "identify"};
  };

  void start_command(uint8_t command, VTime now) override;
  void busy_done(VTime now) override;
  void block_done(VTime now) override;
  void set_signature() override;
  void device_reset(bool hard) override;
  bool accepts_while_busy(uint8_t command) const override;
  bool accepts_not_ready() const override { return true; }

  void set_features(VTime now);
  void identify(VTime now);

  // The packet's execution; each leaves data in the buffer, or a stream of blocks, or a sense.
  void execute(VTime now);
  bool ready();
  void request_sense();
  void inquiry();
  void mode_sense(bool ten);
  void read_capacity();
  void read_blocks(uint32_t lba, uint32_t count, uint8_t layout, VTime now);
  void read_cd(bool msf, VTime now);
  void read_toc();
  void read_toc_entries(bool msf);
  void read_toc_session(bool msf);
  void read_toc_full();
  void get_configuration();
  void get_event_status();
  void start_stop();
  void prevent_allow();
  void read_disc_information();
  void read_track_information();
  void read_subchannel();
  void read_dvd_structure();
  void mechanism_status();
  void play_nothing();

  // Sends the buffer, cut to the allocation length.
  void answer(std::vector<uint8_t> data, size_t allocation);
  void check(uint8_t key, uint16_t sense);
  void next_block(VTime now);
  void finish_packet();
  uint32_t blocks() const;
  bool fill_from_disc();

  std::unique_ptr<BlockDevice> disc_;
  Media m_;
  Transfer t_;
};

}  // namespace ilse::dev
