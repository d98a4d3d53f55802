#include "frontend/media_control.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "frontend/board_setup.h"

namespace ilse::ui {

namespace {
constexpr const char* kAtItsEnd = "the session is at its end";
}  // namespace

std::vector<dev::MediaDrive> MediaControl::drives() {
  std::vector<dev::MediaDrive> all;
  control_.call([&](Machine& m) { all = m.board().media_drives(); });
  return all;
}

std::string MediaControl::find(const std::string& id, dev::MediaDrive* drive) {
  std::string names;
  std::vector<dev::MediaDrive> all;
  if (!control_.call([&](Machine& m) { all = m.board().media_drives(); })) return kAtItsEnd;
  for (dev::MediaDrive& d : all) {
    names += (names.empty() ? "" : ", ") + d.id;
    if (d.id != id) continue;
    *drive = std::move(d);
    return {};
  }
  return "no drive '" + id + "'; there are " + (names.empty() ? "none" : names);
}

void MediaControl::post(const dev::OutsideEvent& event) {
  control_.call([&](Machine& m) {
    m.board().door().post(event);
    m.drain_door();
  });
}

std::string MediaControl::eject(const std::string& id, bool force) {
  dev::MediaDrive drive;
  if (std::string wrong = find(id, &drive); !wrong.empty()) return wrong;
  post({dev::OutsideEvent::Kind::MediumOut, drive.unit, force ? 1u : 0u});
  if (drive.locked && !force) return id + " is locked by the guest; its button was pressed (eject -f forces)";
  return {};
}

std::string MediaControl::change(const std::string& id, const std::string& file, bool read_only) {
  dev::MediaDrive drive;
  if (std::string wrong = find(id, &drive); !wrong.empty()) return wrong;
  const bool cd = drive.unit < dev::kFirstFloppyUnit;
  if (access(file.c_str(), cd || read_only ? R_OK : R_OK | W_OK) != 0)
    return file + ": " + std::strerror(errno);
  // The old one goes first: it may be the same file, which has one writer at a time.
  if (std::string wrong = eject(id, false); !wrong.empty()) return wrong;
  DriveOption option;
  option.file = file;
  option.cdrom = cd;
  option.read_only = cd || read_only;
  auto image = cd ? open_image(option, false) : open_diskette(option, false);
  if (!image) return image.error().message;
  bool fits = false;
  control_.call([&](Machine& m) { fits = m.board().accepts_medium(drive.unit, (*image)->sectors()); });
  if (!fits) return file + ": such a diskette does not go into " + id;
  auto medium = std::make_shared<dev::Medium>(dev::Medium{file, std::move(*image)});
  post({dev::OutsideEvent::Kind::MediumIn, drive.unit, 0, std::move(medium)});
  return {};
}

}  // namespace ilse::ui
