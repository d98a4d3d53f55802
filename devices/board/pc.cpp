#include "devices/board/pc.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "devices/board/kernel_boot.h"
#include "devices/board/pc_chips.h"

namespace ilse::dev {

using mem::VTime;

namespace {

constexpr uint64_t kMib = 1 << 20;

// A message, or nothing if the board can be built.
std::string why_not(const BoardConfig& c) {
  if (c.ram_mib < 1 || c.ram_mib > BoardConfig::kMaxRamMib) {
    return "memory size of " + std::to_string(c.ram_mib) + " MiB: must be 1 to " +
           std::to_string(BoardConfig::kMaxRamMib);
  }
  if (c.cpus < 1 || c.cpus > BoardConfig::kMaxCpus) {
    return std::to_string(c.cpus) + " processors: must be 1 to " + std::to_string(BoardConfig::kMaxCpus);
  }
  if (c.bios.size() < 64 * 1024 || c.bios.size() > 16 * kMib || c.bios.size() % (64 * 1024) != 0) {
    return "firmware of " + std::to_string(c.bios.size()) +
           " bytes: must be a multiple of 64 KiB, at least 64 KiB and at most 16 MiB";
  }
  if (c.vgabios.size() > 16 * kMib) return "VGA BIOS of more than 16 MiB";
  if (c.serial_ports > BoardConfig::kMaxSerialPorts) {
    return std::to_string(c.serial_ports) + " serial ports: at most " +
           std::to_string(BoardConfig::kMaxSerialPorts);
  }
  for (const FloppyConfig& f : c.floppies) {
    if (f.image == nullptr) continue;
    auto format = floppy_format(f.image->sectors());
    if (!format || !fits(f.type, *format)) return "a diskette that does not go into its drive";
  }
  if (c.tsc_hz == 0) return "a time-stamp counter of 0 Hz";
  std::array<bool, 4> taken{};
  for (const DriveConfig& d : c.drives) {
    if (d.index >= taken.size()) return "IDE drive " + std::to_string(d.index) + ": there are 4";
    if (std::exchange(taken[d.index], true)) return "two IDE drives at index " + std::to_string(d.index);
    if (d.media == DriveConfig::Media::Disk && d.image == nullptr) return "a hard disk without an image";
  }
  return {};
}

}  // namespace

mem::Result<std::unique_ptr<Pc>> Pc::create(BoardConfig config) {
  if (std::string why = why_not(config); !why.empty()) return mem::Error{why};
  std::optional<KernelBoot> kernel;
  if (!config.kernel.empty()) {
    auto boot = prepare_kernel(config, I440fx::low_ram_of(config.ram_mib * kMib));
    if (!boot) return boot.error();
    kernel = std::move(*boot);
    // The firmware's items have them now.
    for (auto* bytes : {&config.kernel, &config.initrd}) *bytes = std::vector<uint8_t>();
    config.modules.clear();
  }
  auto ram = mem::Ram::create(config.ram_mib * kMib);
  if (!ram) return ram.error();
  std::unique_ptr<mem::Ram> video;
  if (config.vga) {
    auto memory = mem::Ram::create(Vga::kMemorySize);
    if (!memory) return memory.error();
    video = std::make_unique<mem::Ram>(std::move(*memory));
  }
  std::unique_ptr<Pc> pc(new Pc(std::move(config), std::move(*ram), std::move(video)));
  if (pc->vga() != nullptr) pc->vga()->set_monitor(pc->config_.monitor_width, pc->config_.monitor_height);
  if (kernel) add_kernel_boot(pc->fw_cfg(), std::move(*kernel));
  return pc;
}

Pc::Pc(BoardConfig config, mem::Ram ram, std::unique_ptr<mem::Ram> video_memory)
    : config_(std::move(config)),
      ram_(std::move(ram)),
      io_(log_),
      memory_(ram_, log_),
      pins_(config_.cpus, nullptr) {
  chips_ = std::make_unique<PcChips>(*this, std::move(video_memory));
  for (DriveConfig& d : config_.drives) {
    unsigned channel = d.index / 2, position = d.index % 2;
    if (d.media == DriveConfig::Media::Cdrom) {
      AtapiCdrom& drive = chips_->ide.attach_cdrom(channel, position);
      if (d.image) drive.insert(std::move(d.image));
      media_names_[d.index] = std::move(d.name);
    } else {
      disk_sectors_[d.index] = d.image->sectors();
      std::string serial = d.serial.empty() ? "ILSE0000" + std::to_string(d.index + 1) : d.serial;
      chips_->ide.attach_disk(channel, position, std::move(d.image), serial);
    }
  }
  for (unsigned n = 0; n < config_.floppies.size(); ++n) {
    FloppyConfig& f = config_.floppies[n];
    chips_->floppy.drive(n).set_type(f.type);
    if (f.image) chips_->floppy.drive(n).insert(std::move(f.image));
    media_names_[kFirstFloppyUnit + n] = std::move(f.name);
  }
  fill_fw_cfg();
  reset(ResetKind::PowerOn);
}

Pc::~Pc() {
  // Chips leave their places in the address map; whoever listens may be gone.
  memory_.on_change({});
  scheduler_.on_earlier({});
}

FwCfg& Pc::fw_cfg() { return chips_->fw_cfg; }
PciHost& Pc::pci() { return chips_->pci; }
Piix3Ide& Pc::ide() { return chips_->ide; }
LocalApic& Pc::local_apic(unsigned cpu) { return *chips_->local_apics.at(cpu); }
SoundMixer& Pc::sound() { return chips_->sound; }
Vga* Pc::vga() { return chips_->vga.get(); }
bool Pc::a20() const { return chips_->a20.enabled(); }
uint64_t Pc::disk_commands() const {
  return chips_->ide.channel(0).commands() + chips_->ide.channel(1).commands();
}
bool Pc::keyboard_idle() const {
  constexpr uint16_t kStatus = 4;
  constexpr uint32_t kOutputFull = 1;
  return !chips_->keyboard.has_byte() && (chips_->kbc.port_peek(kStatus, 1, {}) & kOutputFull) == 0;
}
bool Pc::absolute_pointer() const { return chips_->vmmouse.absolute(); }
bool Pc::power_button_works() const { return chips_->pm.button_enabled(); }

void Pc::connect_serial(unsigned unit, CharSink* out) {
  if (unit < chips_->serial.size()) chips_->serial[unit]->socket.out = out;
}
void Pc::connect_debugcon(CharSink* out) { chips_->debugcon_out.out = out; }
void Pc::connect_firmware_log(CharSink* out) { chips_->firmware_log_out.out = out; }

// --- Processors

void Pc::attach(unsigned cpu, mem::ProcessorPins* pins) {
  pins_.at(cpu) = pins;
  chips_->local_apics[cpu]->attach(pins);
  if (pins != nullptr) pins->set_a20(a20());
}

void Pc::attention() {
  for (auto* pins : pins_) {
    if (pins != nullptr) pins->attention();
  }
}

void Pc::select_processor(unsigned cpu) {
  if (cpu >= pins_.size() || cpu == selected_) return;
  selected_ = cpu;
  place_local_apic();
  chips_->i440fx.set_smm(pins_[cpu] != nullptr && pins_[cpu]->in_smm());
}

void Pc::place_local_apic() {
  LocalApic& apic = *chips_->local_apics[selected_];
  chips_->apic_page.selected = &apic;
  auto& layer = memory_.layer(chips_->apic_layer);
  uint64_t base = apic.base() & 0x000FFFFFFFFFF000;
  if (layer.enabled == apic.enabled() && layer.region.base == base) return;
  layer.enabled = apic.enabled();
  layer.region.base = base;
  memory_.commit();
}

uint8_t Pc::acknowledge(VTime) {
  auto vector = chips_->local_apics[selected_]->acknowledge();
  return vector ? *vector : chips_->pic.acknowledge();
}
uint64_t Pc::apic_base(unsigned cpu) const { return chips_->local_apics.at(cpu)->base(); }
bool Pc::set_apic_base(unsigned cpu, uint64_t value, VTime now) {
  if (!chips_->local_apics.at(cpu)->set_base(value, now)) return false;
  if (cpu == selected_) place_local_apic();
  return true;
}
uint8_t Pc::cr8(unsigned cpu) const { return chips_->local_apics.at(cpu)->cr8(); }
void Pc::set_cr8(unsigned cpu, uint8_t value, VTime) { chips_->local_apics.at(cpu)->set_cr8(value); }
uint64_t Pc::tsc_deadline(unsigned cpu) const { return chips_->local_apics.at(cpu)->tsc_deadline(); }
void Pc::set_tsc_deadline(unsigned cpu, uint64_t value, VTime now) {
  chips_->local_apics.at(cpu)->set_tsc_deadline(value, now);
}
std::optional<uint64_t> Pc::x2apic_read(unsigned cpu, uint32_t msr, VTime now) {
  return chips_->local_apics.at(cpu)->msr_read(msr, now);
}
bool Pc::x2apic_write(unsigned cpu, uint32_t msr, uint64_t value, VTime now) {
  return chips_->local_apics.at(cpu)->msr_write(msr, value, now);
}
void Pc::set_smm(unsigned cpu, bool active) {
  if (cpu == selected_) chips_->i440fx.set_smm(active);
}
void Pc::set_ferr(bool level) { chips_->ferr.set_ferr(level); }
void Pc::shutdown(VTime) {
  requests_.shutdown = true;
  attention();
}

// --- The outside

void Pc::deliver(const OutsideEvent& event, VTime now) {
  uint64_t v = event.value;
  switch (event.kind) {
    case OutsideEvent::Kind::Key: chips_->keyboard.key(v & 0xFFFF, (v & 0x10000) == 0, now); break;
    case OutsideEvent::Kind::Mouse:
      chips_->move_pointer(static_cast<int16_t>(v >> 8), static_cast<int16_t>(v >> 24),
                           static_cast<int8_t>(v >> 40), static_cast<uint8_t>(v), now);
      break;
    case OutsideEvent::Kind::Point:
      chips_->vmmouse.point(v & 0xFF, static_cast<uint16_t>(v >> 8), static_cast<uint16_t>(v >> 24),
                            static_cast<int8_t>(v >> 40), now);
      break;
    case OutsideEvent::Kind::Stick:
      chips_->game_port.set(event.unit, {(v & 1) != 0, static_cast<uint8_t>(v >> 8),
                                         static_cast<uint16_t>(v >> 16), static_cast<uint16_t>(v >> 32)});
      break;
    case OutsideEvent::Kind::Monitor:
      if (chips_->vga) chips_->vga->set_monitor(v & 0xFFFF, v >> 16 & 0xFFFF);
      break;
    case OutsideEvent::Kind::Serial:
      if (event.unit < chips_->serial.size())
        chips_->serial[event.unit]->feed->send(static_cast<uint8_t>(v), now);
      break;
    case OutsideEvent::Kind::PowerButton: chips_->pm.press_power_button(now); break;
    case OutsideEvent::Kind::Reset: chips_->reset_request.line().pulse(); break;
    case OutsideEvent::Kind::MediumIn:
    case OutsideEvent::Kind::MediumOut: deliver_medium(event); break;
    case OutsideEvent::Kind::ClockSample: break;  // the machine's, which steers virtual time
  }
}

// --- Reset and state

void Pc::reset(ResetKind kind) {
  requests_ = {};
  selected_ = 0;
  if (kind == ResetKind::PowerOn) ram_.clear();
  for (Device* d : chips_->devices) d->reset(kind);
  if (kind == ResetKind::PowerOn) set_cmos();
  place_local_apic();
  // Nothing that a chip asked for while it was being reset counts.
  requests_ = {};
}

void Pc::visit_state(mem::StateVisitor& v) {
  v.begin("pc", 1);
  scheduler_.visit_state(v);
  for (Device* d : chips_->devices) d->visit_state(v);
  uint32_t selected = selected_;
  v("selected_processor", selected);
  if (v.loading()) selected_ = selected < pins_.size() ? selected : 0;
  visit_ram(v);
  v.end();
  if (!v.loading()) return;
  requests_ = {};
  place_local_apic();
}

void Pc::visit_ram(mem::StateVisitor& v) {
  v.begin("ram", 1);
  uint64_t size = ram_.size(), pages = 0;
  v("size", size);
  bool fits = size == ram_.size();
  if (v.loading()) {
    ram_.clear();
    v("pages", pages);
    for (uint64_t i = 0; fits && i < std::min(pages, ram_.size() / mem::kPageSize); ++i) {
      uint64_t page = 0;
      std::array<uint8_t, mem::kPageSize> bytes{};
      v("page", page);
      v.bytes("bytes", bytes);
      if (page < ram_.size() / mem::kPageSize)
        std::memcpy(ram_.data() + page * mem::kPageSize, bytes.data(), bytes.size());
    }
  } else {
    std::vector<uint64_t> touched;
    ram_.for_each_touched([&](uint64_t page, std::span<const uint8_t>) { touched.push_back(page); });
    pages = touched.size();
    v("pages", pages);
    for (uint64_t page : touched) {
      v("page", page);
      v.bytes("bytes", {ram_.data() + page * mem::kPageSize, mem::kPageSize});
    }
  }
  v.end();
}

}  // namespace ilse::dev
