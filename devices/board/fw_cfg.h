// The firmware configuration device: named read-only items that the board gives to its firmware (QEMU's
// docs/specs/fw_cfg: selector and data ports 510h/511h, DMA interface at 514h).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "devices/core/device.h"
#include "memory/bus.h"
#include "memory/phys_map.h"

namespace ilse::dev {

class FwCfg : public Device {
 public:
  static constexpr uint16_t kSignature = 0x00, kInterfaceId = 0x01, kRamSize = 0x03, kNoGraphic = 0x04,
                            kCpus = 0x05, kBootDevice = 0x0C, kBootMenu = 0x0E, kMaxCpus = 0x0F,
                            kFileDirectory = 0x19, kFirstFile = 0x20, kIrq0Override = 0x8002, kE820 = 0x8003,
                            kHpet = 0x8004;

  explicit FwCfg(mem::PhysMap& memory);

  // An item of the key; replaces an earlier one.
  void add_item(uint16_t key, std::vector<uint8_t> bytes);
  void add_number(uint16_t key, uint64_t value, unsigned width);  // little-endian
  // A file of the directory; names are at most 55 characters. Replaces an earlier one of the name.
  void add_file(const std::string& name, std::vector<uint8_t> bytes);
  const std::vector<uint8_t>* file(const std::string& name) const;

  // Ports 510h and 511h; map with max_width 2.
  mem::PortDevice& ports() { return ports_; }
  // Ports 514h-51Bh; map with max_width 4.
  mem::PortDevice& dma_ports() { return dma_ports_; }

  std::string_view name() const override { return "fw-cfg"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    uint16_t key = 0;
    uint32_t offset = 0;
    uint64_t dma_address = 0;
    static constexpr std::array kNames{"key", "offset", "dma_address"};
  };
  class Ports : public mem::PortDevice {
   public:
    explicit Ports(FwCfg& chip) : chip_(chip) {}
    uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;

   private:
    FwCfg& chip_;
  };
  class DmaPorts : public mem::PortDevice {
   public:
    explicit DmaPorts(FwCfg& chip) : chip_(chip) {}
    uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;

   private:
    FwCfg& chip_;
  };
  void select(uint16_t key);
  const std::vector<uint8_t>* current() const;
  void rebuild_directory();
  void run_dma(mem::VTime now);

  mem::PhysMap& memory_;
  std::map<uint16_t, std::vector<uint8_t>> items_;
  std::vector<std::string> files_;  // the file of key kFirstFile + index
  Ports ports_;
  DmaPorts dma_ports_;
  State state_;
};

}  // namespace ilse::dev
