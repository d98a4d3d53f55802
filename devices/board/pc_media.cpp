// Media that are changed while the machine runs.
#include <utility>

#include "devices/board/pc.h"
#include "devices/board/pc_chips.h"

namespace ilse::dev {

AtapiCdrom* Pc::cdrom(uint32_t unit) {
  if (unit >= kFirstFloppyUnit) return nullptr;
  return dynamic_cast<AtapiCdrom*>(chips_->ide.channel(unit / 2).drive(unit % 2));
}

std::vector<MediaDrive> Pc::media_drives() {
  std::vector<MediaDrive> all;
  for (uint32_t unit = 0; unit < kFirstFloppyUnit; ++unit) {
    AtapiCdrom* cd = cdrom(unit);
    if (cd == nullptr) continue;
    std::string id = "ide" + std::to_string(unit / 2) + "-cd" + std::to_string(unit % 2);
    all.push_back({id, unit, cd->disc() != nullptr ? media_names_[unit] : "", cd->locked(), cd->tray_open()});
  }
  for (unsigned n = 0; n < I82077::kDrives; ++n) {
    const FloppyDrive& drive = chips_->floppy.drive(n);
    if (!drive.installed()) continue;
    uint32_t unit = kFirstFloppyUnit + n;
    all.push_back(
        {"floppy" + std::to_string(n), unit, drive.loaded() ? media_names_[unit] : "", false, false});
  }
  return all;
}

bool Pc::accepts_medium(uint32_t unit, uint64_t sectors) {
  if (cdrom(unit) != nullptr) return true;
  if (unit < kFirstFloppyUnit || unit >= kMediaUnits) return false;
  auto format = floppy_format(sectors);
  return format && fits(chips_->floppy.drive(unit - kFirstFloppyUnit).type(), *format);
}

// An event that nothing answers is lost: a replayed one may come to a machine with other drives.
void Pc::deliver_medium(const OutsideEvent& event) {
  bool in = event.kind == OutsideEvent::Kind::MediumIn;
  if (event.unit >= kMediaUnits || (in && (!event.medium || !event.medium->image))) return;
  if (in && !accepts_medium(event.unit, event.medium->image->sectors())) return;
  if (in) media_names_[event.unit] = event.medium->name;
  if (AtapiCdrom* cd = cdrom(event.unit)) {
    if (in) return cd->insert(std::move(event.medium->image));
    if (event.value != 0) return cd->force_eject();
    cd->eject();
    return;
  }
  if (event.unit < kFirstFloppyUnit) return;
  FloppyDrive& drive = chips_->floppy.drive(event.unit - kFirstFloppyUnit);
  in ? drive.insert(std::move(event.medium->image)) : drive.eject();
}

}  // namespace ilse::dev
