#include "devices/board/pc_chips.h"

#include <array>
#include <utility>

#include "devices/board/pc.h"

namespace ilse::dev {

namespace {

constexpr uint64_t kIoApicBase = 0xFEC00000, kHpetBase = 0xFED00000;
constexpr uint64_t kIoApicSize = 0x1000, kHpetSize = 0x400;
constexpr int kChipPriority = 10;  // over everything that PCI and PAM decide
constexpr unsigned kSciIrq = 9;
constexpr unsigned kFloppyIrq = 6;
constexpr int kFloppyDma = 2;
constexpr std::array<unsigned, 4> kSb16Irqs{9, 5, 7, 10};  // IRQ 2 of the AT is 9
constexpr std::array kSb16Dma{0, 1, 3, 5, 6, 7};
constexpr uint8_t kIoApicId = 0;
constexpr std::array<uint16_t, 2> kSerialPorts{0x3F8, 0x2F8};
constexpr std::array<unsigned, 2> kSerialIrqs{4, 3};

std::array<IrqLine, 16> pci_lines(IrqHub& hub) {
  std::array<IrqLine, 16> lines;
  for (unsigned i = 0; i < 16; ++i) lines[i] = hub.line(IrqHub::kPci, i);
  return lines;
}

}  // namespace

PcChips::PcChips(Pc& pc, std::unique_ptr<mem::Ram> video_memory)
    : intr([this](bool level) {
        for (auto& apic : local_apics) apic->set_line(LocalApic::kLint0, level);
      }),
      nmi([this](bool level) {
        for (auto& apic : local_apics) apic->set_line(LocalApic::kLint1, level);
      }),
      a20_pin([&pc](bool enabled) {
        for (auto* pins : pc.pins_) {
          if (pins != nullptr) pins->set_a20(enabled);
        }
      }),
      reset_request([&pc](bool level) {
        if (!level) return;
        pc.requests_.reset = true;
        pc.attention();
      }),
      ignne([&pc](bool level) {
        for (auto* pins : pc.pins_) {
          if (pins != nullptr) pins->set_ignne(level);
        }
      }),
      io_apic(apic_bus, kIoApicId),
      pic(intr.line()),
      pci(pc.io_, pc.memory_),
      i440fx(pc.memory_, pc.ram_, pc.config_.bios, I440fx::low_ram_of(pc.ram_.size())),
      piix3(pci_lines(hub)),
      ide(pc.scheduler_, pc.memory_, hub.line(IrqHub::kIsa, 14), hub.line(IrqHub::kIsa, 15)),
      pm(pc.scheduler_, hub.line(IrqHub::kAcpi, kSciIrq), pc.config_.smm),
      pit(pc.scheduler_, {hub.line(IrqHub::kIsa, 0), IrqLine{}, IrqLine{}}),
      speaker(sound, pit),
      port61(pit, nmi.line(), {speaker, 0}),
      nmi_mask([this](bool masked) { port61.set_line(Port61::kNmiMask, masked); }),
      rtc(pc.scheduler_, hub.line(IrqHub::kIsa, 8), nmi_mask.line(), pc.config_.rtc_epoch_seconds),
      hpet(pc.scheduler_, io_apic, hub.sink(IrqHub::kHpet)),
      dma(pc.memory_),
      floppy(pc.scheduler_, hub.line(IrqHub::kIsa, kFloppyIrq), DmaChannel(dma, kFloppyDma)),
      a20(a20_pin.line()),
      keyboard(pc.scheduler_),
      mouse(pc.scheduler_),
      vmmouse([&pc] { return pc.pins_[pc.selected_]; },
              [this](mem::VTime now) { mouse.move(1, 0, 0, mouse.buttons(), now); }),
      kbc(pc.scheduler_, keyboard, mouse,
          {hub.line(IrqHub::kIsa, 1),
           hub.line(IrqHub::kIsa, 12),
           {a20, A20Gate::kKeyboardController},
           reset_request.line()}),
      port92({a20, A20Gate::kPort92}, reset_request.line()),
      ferr(hub.line(IrqHub::kIsa, 13), ignne.line()),
      fw_cfg(pc.memory_),
      debugcon(debugcon_out),
      firmware_log(firmware_log_out),
      debug_exit([&pc](uint32_t code) {
        if (!pc.requests_.exit) pc.requests_.exit = static_cast<int>(code & 0xFF);
        pc.attention();
      }),
      pvpanic(pc.log_, [&pc](uint8_t events) {
        if ((events & Pvpanic::kPanicked) == 0) return;
        pc.requests_.guest_panicked = true;
        pc.attention();
      }) {
  const BoardConfig& config = pc.config_;
  for (unsigned i = 0; i < config.cpus; ++i) {
    local_apics.push_back(std::make_unique<LocalApic>(i, apic_bus, pc.scheduler_, config.tsc_hz));
  }
  apic_bus.set_io_apic(io_apic);
  apic_bus.on_ipi([&pc] {
    if (pc.pins_[pc.selected_] != nullptr) pc.pins_[pc.selected_]->yield();
  });
  apic_page.selected = local_apics[0].get();
  hub.connect(pic, io_apic);
  hpet.on_legacy_route([this](bool on) { hub.set_legacy_route(on); });

  pci.connect_interrupts(piix3);
  pci.attach(0, 0, i440fx);
  pci.attach(1, 0, piix3);
  pci.attach(1, 1, ide);
  pci.attach(1, 3, pm);
  piix3.on_reset_request([this] { reset_request.line().pulse(); });
  pm.on_power_off([&pc] {
    pc.requests_.power_off = true;
    pc.attention();
  });
  pm.on_smi([&pc] {
    if (pc.pins_[pc.selected_] != nullptr) pc.pins_[pc.selected_]->pulse_smi();
  });

  if (video_memory) {
    vga = std::make_unique<Vga>(std::move(*video_memory), pc.log_);
    vga_pci.emplace(*vga, config.vgabios);
    pci.attach(2, 0, *vga_pci);
    i440fx.set_vga_window(vga->window());
  }
  if (config.pci_testdev) pci.attach(3, 0, testdev.emplace());
  add_sound(pc);
  for (unsigned i = 0; i < config.serial_ports; ++i) {
    auto s = std::make_unique<Serial>();
    std::string name = "com" + std::to_string(i + 1);
    s->uart = std::make_unique<Uart16550>(pc.scheduler_, name, hub.line(IrqHub::kIsa, kSerialIrqs[i]),
                                          s->socket, Uart16550::Wire::Fast);
    s->feed = std::make_unique<SerialFeed>(name + "-feed", *s->uart);
    serial.push_back(std::move(s));
  }
  map_ports(pc);
  map_memory(pc);

  devices = {&pci, &i440fx, &piix3,  &ide, &pm,       &pit,   &rtc,     &port61, &hpet,
             &dma, &floppy, &fw_cfg, &kbc, &keyboard, &mouse, &vmmouse, &port92, &ferr};
  for (auto& s : serial) {
    devices.push_back(s->uart.get());
    devices.push_back(s->feed.get());
  }
  if (testdev) devices.push_back(&*testdev);
  if (opl) devices.push_back(&*opl);
  if (sb16) devices.insert(devices.end(), {&*sb16, &game_port});
  if (ac97) devices.push_back(&*ac97);
  if (vga) {
    devices.push_back(vga.get());
    devices.push_back(&*vga_pci);
  }
  devices.push_back(&hub);
  devices.push_back(&pic);
  devices.push_back(&io_apic);
  for (auto& apic : local_apics) devices.push_back(apic.get());
}

void PcChips::add_sound(Pc& pc) {
  if (pc.config_.sb16) {
    opl.emplace(sound, pc.scheduler_);
    Sb16::Pins pins;
    for (size_t i = 0; i < kSb16Irqs.size(); ++i) pins.irq[i] = hub.line(IrqHub::kIsa, kSb16Irqs[i]);
    for (int channel : kSb16Dma) pins.dma.emplace_back(dma, channel);
    sb16.emplace(sound, pc.scheduler_, *opl, std::move(pins));
  }
  if (pc.config_.ac97) pci.attach(4, 0, ac97.emplace(sound, pc.scheduler_, pc.memory_));
}

void PcChips::move_pointer(int dx, int dy, int dz, uint8_t buttons, mem::VTime now) {
  if (vmmouse.enabled()) {
    vmmouse.move(buttons, dx, dy, dz, now);
  } else {
    mouse.move(dx, dy, dz, buttons, now);
  }
}

void PcChips::map_ports(Pc& pc) {
  const BoardConfig& config = pc.config_;
  mem::IoBus& io = pc.io_;
  io.map(0x00, 16, dma.byte_controller());
  io.map(0x20, 2, pic.master_ports());
  io.map(0x40, 4, pit);
  io.map(0x60, 1, kbc, 1, 0);
  io.map(0x61, 1, port61);
  io.map(0x64, 1, kbc, 1, 4);
  io.map(0x70, 4, rtc);
  io.map(0x80, 16, dma.pages());
  io.map(0x92, 1, port92);
  io.map(0xA0, 2, pic.slave_ports());
  io.map(0xB2, 2, pm.apm());
  io.map(0xC0, 32, dma.word_controller());
  io.map(0xF0, 2, ferr);
  io.map(0x3F0, 6, floppy);
  io.map(0x3F7, 1, floppy, 1, 7);
  io.map(0x4D0, 2, pic.elcr_ports());
  io.map(0x510, 2, fw_cfg.ports(), 2);
  io.map(0x514, 8, fw_cfg.dma_ports(), 4);
  io.map(0xCF8, 8, pci, 4);
  io.map(VmMouse::kPort, 4, vmmouse, 4);
  io.map(0xCF9, 1, piix3.reset_control());
  io.map(0xAFE0, 4, pm.gpe0(), 4);
  for (size_t i = 0; i < serial.size(); ++i) io.map(kSerialPorts[i], 8, *serial[i]->uart);
  if (vga) {
    io.map(Vga::kFirstPort, Vga::kPortCount, vga->ports());
    io.map(Vga::kFirstDispiPort, Vga::kDispiPortCount, vga->dispi_ports(), 2);
  }
  if (sb16) {
    io.map(0x220, 16, *sb16);
    io.map(0x330, 2, sb16->mpu());
    io.map(GamePort::kFirstPort, GamePort::kPortCount, game_port);
    io.map(0x388, 4, *opl);
  }
  if (config.debugcon) io.map(0xE9, 1, debugcon);
  if (config.firmware_debugcon) io.map(0x402, 1, firmware_log);
  if (config.debug_exit.present) io.map(config.debug_exit.iobase, config.debug_exit.iosize, debug_exit, 4);
  if (config.pvpanic) io.map(0x505, 1, pvpanic);
}

void PcChips::map_memory(Pc& pc) {
  mem::PhysMap& map = pc.memory_;
  map.add({mem::PhysMap::mmio_region(kIoApicBase, kIoApicSize, io_apic), kChipPriority});
  map.add({mem::PhysMap::mmio_region(kHpetBase, kHpetSize, hpet), kChipPriority});
  apic_layer =
      map.add({mem::PhysMap::mmio_region(LocalApic::kDefaultBase, mem::kPageSize, apic_page), kChipPriority});
  map.commit();
}

}  // namespace ilse::dev
