// An ATAPI CD-ROM drive: the PACKET protocol (ATA/ATAPI-7 volume 2, 9.8-9.10) with the commands of SPC-2 and
// MMC-3. Blocks are 2048 bytes.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "devices/disk/ide_drive.h"
#include "devices/disk/image/block_device.h"

namespace ilse::dev {

class AtapiCdrom : public IdeDrive {
 public:
  AtapiCdrom(Scheduler& scheduler, std::string name);

  // The person at the drive; outside events, made at the same virtual time in a replay. insert() closes the
  // tray on the disc. eject() presses the button: false, and only a request that the guest can see, while the
  // guest holds the door locked; else the tray opens and the disc is out.
  void insert(std::unique_ptr<BlockDevice> disc);
  bool eject();
  BlockDevice* disc() { return disc_.get(); }
  bool locked() const { return m_.locked; }
  bool tray_open() const { return m_.tray_open; }
  // Opens the tray whatever the guest says (the hole for the paper clip).
  void force_eject();

  void visit_state(mem::StateVisitor& v) override;

  static constexpr uint32_t kBlockSize = 2048;

 private:
  enum class Step : uint8_t { None, Finish, Fail, AcceptPacket, Execute, Stream };
  struct Drive {
    bool tray_open = false;
    bool locked = false;          // PREVENT ALLOW MEDIUM REMOVAL
    bool attention_reset = true;  // unit attention conditions to be reported
    bool attention_media = false;
    uint8_t event = 0;  // media event to be reported, MMC-3 table 91
    uint8_t sense_key = 0;
    uint16_t sense = 0;  // additional sense code << 8 | qualifier
    uint8_t dma_mode = 0;
    static constexpr std::array kNames{"tray_open", "locked",    "attention_reset", "attention_media",
                                       "event",     "sense_key", "sense",           "dma_mode"};
  };
  struct Transfer {
    Step step = Step::None;
    std::array<uint8_t, 12> packet{};
    bool packet_command = false;  // else IDENTIFY and such
    bool dma = false;
    uint16_t limit = 2;           // bytes in a PIO block, even
    std::vector<uint8_t> queued;  // read or composed, not yet handed to the host
    uint32_t lba = 0;             // next block to read from the disc
    uint32_t blocks = 0;          // still to read
    uint8_t parts = 0;            // of each, as READ CD's byte 9 selects them
    uint8_t error = 0;            // for Step::Fail
    static constexpr std::array kNames{"step",   "packet", "packet_command", "dma",   "limit",
                                       "queued", "lba",    "blocks",         "parts", "error"};
  };

  void start_command(uint8_t command, VTime now) override;
  void busy_done(VTime now) override;
  void block_done(VTime now) override;
  void set_signature() override;
  void device_reset(bool hard) override;
  bool accepts_while_busy(uint8_t command) const override;

  void start_packet(VTime now);
  void finish_later(VTime now);
  void fail_later(uint8_t error, VTime now);
  uint64_t execution_time() const;

  // Runs the packet: afterwards there is an answer or a stream of blocks to send, nothing, or the command has
  // failed.
  void execute(VTime now);
  bool report_attention(uint8_t opcode);
  // These return false when the command has failed.
  bool dispatch();
  bool ready();
  bool request_sense();
  bool inquiry();
  bool mode_sense(bool ten);
  bool read_capacity();
  bool stream(uint32_t lba, uint32_t count, uint8_t parts);
  bool read_cd(bool msf);
  bool read_toc();
  bool read_subchannel();
  bool get_configuration();
  bool get_event_status();
  bool start_stop();
  bool read_disc_information();
  bool read_track_information();
  bool mechanism_status();

  // Queues an answer, cut to the allocation length.
  bool answer(std::vector<uint8_t> data, size_t allocation);
  // CHECK CONDITION; false.
  bool check(uint8_t key, uint16_t sense);
  void next_block(VTime now);
  bool queue_blocks();
  void finish_packet();

  bool present() const { return disc_ != nullptr && !m_.tray_open; }
  uint32_t blocks() const;
  uint16_t profile() const;
  uint32_t packet16(size_t at) const;
  uint32_t packet32(size_t at) const;

  std::unique_ptr<BlockDevice> disc_;
  Drive m_;
  Transfer t_;
};

}  // namespace ilse::dev
