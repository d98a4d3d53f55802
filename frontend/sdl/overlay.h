// The window's menu and its status line, in Dear ImGui: what they show and what the user asks for. The window
// does it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "frontend/sdl/picture.h"

namespace ilse::ui {

enum class GuestState : uint8_t { Running, Paused, PoweredOff };

// What the status line tells.
struct MachineStatus {
  double mips = 0;       // millions of instructions a second
  double real_time = 0;  // virtual time that passes in a second, of a second
  bool disk = false;     // accessed since the last look
  bool sound = false;    // heard since then
  bool operator==(const MachineStatus&) const = default;
};

enum class MenuAction : uint8_t {
  Pause,
  PowerButton,
  Reset,
  CtrlAltDel,
  Screenshot,
  Paste,
  StopPaste,
  CopyText,
  FullScreen,
  Mute,
  Limit,   // the speed limit has another value
  Insert,  // OverlayState::file into OverlayState::drive
  Eject,
  Quit,
};

struct OverlayState {
  bool menu = false;
  bool status_line = true;
  bool full_screen = false;
  bool captured = false;
  bool absolute = false;
  bool pasting = false;
  bool text_screen = false;  // there is text to copy
  bool can_mute = false, muted = false;
  GuestState state = GuestState::Running;
  Scaling scaling;
  unsigned limit = 0;               // MIPS; 0: none
  std::vector<std::string> drives;  // whose media can be changed
  std::string drive;
  std::array<char, 1024> file{};
  std::string message;  // for a while
  MachineStatus status;
};

// The status line's height in the window's units.
inline constexpr int kStatusHeight = 22;

// Between Gui::begin() and end(). Returns what was chosen.
std::vector<MenuAction> draw_overlay(OverlayState& s);

}  // namespace ilse::ui
