// Changing discs and diskettes while the machine runs: for the prompt, and for the window's menu. Opens the
// host's file, sends it through the door, and says in one line what is wrong.
#pragma once

#include <string>
#include <vector>

#include "devices/board/media.h"
#include "frontend/run_control.h"

namespace ilse::ui {

// Not to be called on the machine's thread. What change() and eject() return is empty when all is well.
class MediaControl {
 public:
  explicit MediaControl(RunControl& control) : control_(control) {}

  std::vector<dev::MediaDrive> drives();
  // Takes out what is inside `drive` ("ide1-cd0", "floppy0") and puts in the image. A drive that the guest
  // holds locked gets its button pressed, which the guest sees, and keeps its disc.
  std::string change(const std::string& drive, const std::string& file, bool read_only);
  // `force`: whatever the guest says.
  std::string eject(const std::string& drive, bool force);

 private:
  std::string find(const std::string& id, dev::MediaDrive* drive);
  // Through the door, and on to the drive at once also while the machine is paused.
  void post(const dev::OutsideEvent& event);

  RunControl& control_;
};

}  // namespace ilse::ui
