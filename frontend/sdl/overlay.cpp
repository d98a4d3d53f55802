#include "frontend/sdl/overlay.h"

#include <imgui.h>

#include <cstdio>

namespace ilse::ui {

namespace {

constexpr unsigned kLimits[] = {0, 1, 5, 20, 100, 250};

void machine_menu(OverlayState& s, std::vector<MenuAction>& chosen) {
  auto item = [&](const char* text, const char* key, MenuAction what, bool enabled = true) {
    if (ImGui::MenuItem(text, key, false, enabled)) chosen.push_back(what);
  };
  const bool on = s.state != GuestState::PoweredOff;
  item(s.state == GuestState::Running ? "Pause" : "Continue", "Ctrl+Alt+P", MenuAction::Pause, on);
  item("Power button", nullptr, MenuAction::PowerButton, on);
  item("Reset", "Ctrl+Alt+R", MenuAction::Reset, on);
  ImGui::Separator();
  if (ImGui::BeginMenu("Speed limit")) {
    for (unsigned limit : kLimits) {
      char text[32] = "None";
      if (limit != 0) std::snprintf(text, sizeof text, "%u MIPS", limit);
      if (ImGui::MenuItem(text, nullptr, s.limit == limit)) {
        s.limit = limit;
        chosen.push_back(MenuAction::Limit);
      }
    }
    ImGui::EndMenu();
  }
  if (s.can_mute && ImGui::MenuItem("Mute", nullptr, s.muted)) chosen.push_back(MenuAction::Mute);
  ImGui::Separator();
  item("Quit", nullptr, MenuAction::Quit);
}

void input_menu(const OverlayState& s, std::vector<MenuAction>& chosen) {
  const bool running = s.state == GuestState::Running;
  if (ImGui::MenuItem("Ctrl+Alt+Del", nullptr, false, running)) chosen.push_back(MenuAction::CtrlAltDel);
  if (s.pasting) {
    if (ImGui::MenuItem("Stop typing")) chosen.push_back(MenuAction::StopPaste);
  } else if (ImGui::MenuItem("Paste text as keystrokes", "Ctrl+Alt+V", false, running)) {
    chosen.push_back(MenuAction::Paste);
  }
  if (ImGui::MenuItem("Copy the text screen", "Ctrl+Alt+C", false, s.text_screen))
    chosen.push_back(MenuAction::CopyText);
}

void view_menu(OverlayState& s, std::vector<MenuAction>& chosen) {
  if (ImGui::MenuItem("Full screen", "Ctrl+Alt+F", s.full_screen)) chosen.push_back(MenuAction::FullScreen);
  ImGui::MenuItem("Whole multiples", nullptr, &s.scaling.integer);
  ImGui::MenuItem("As a 4:3 monitor", nullptr, &s.scaling.aspect);
  ImGui::MenuItem("Smooth", nullptr, &s.scaling.linear);
  ImGui::MenuItem("Status line", nullptr, &s.status_line);
  ImGui::Separator();
  if (ImGui::MenuItem("Screenshot", "Ctrl+Alt+S")) chosen.push_back(MenuAction::Screenshot);
}

void media_menu(OverlayState& s, std::vector<MenuAction>& chosen) {
  for (const std::string& drive : s.drives) {
    if (!ImGui::BeginMenu(drive.c_str())) continue;
    ImGui::SetNextItemWidth(320);
    const bool enter = ImGui::InputTextWithHint("##file", "image file", s.file.data(), s.file.size(),
                                                ImGuiInputTextFlags_EnterReturnsTrue);
    s.drive = drive;
    if (ImGui::Button("Insert") || enter) chosen.push_back(MenuAction::Insert);
    ImGui::SameLine();
    if (ImGui::Button("Eject")) chosen.push_back(MenuAction::Eject);
    ImGui::EndMenu();
  }
}

// Behind a word of the status line.
void light(bool on) {
  ImGui::SameLine();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddCircleFilled({at.x + 5, at.y + 7}, 4,
                                              on ? IM_COL32(80, 220, 80, 255) : IM_COL32(60, 60, 60, 255));
  ImGui::Dummy({10, 10});
}

void status_line(const OverlayState& s) {
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  ImGui::SetNextWindowPos({0, size.y - kStatusHeight});
  ImGui::SetNextWindowSize({size.x, kStatusHeight});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {8, 4});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, {1, 1});
  ImGui::Begin("##status", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoInputs | ImGuiWindowFlags_NoNav |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoFocusOnAppearing);
  const char* state = s.state == GuestState::Running  ? ""
                      : s.state == GuestState::Paused ? "paused   "
                                                      : "powered off   ";
  ImGui::Text("%s%4.0f MIPS   %3.0f %% of real time   disk", state, s.status.mips, 100 * s.status.real_time);
  light(s.status.disk);
  if (s.can_mute) {
    ImGui::SameLine();
    ImGui::TextUnformatted(s.muted ? "  muted" : "  sound");
    light(s.status.sound && !s.muted);
  }
  ImGui::SameLine();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const char* hint = s.captured ? "Ctrl+Alt+G releases the mouse" : s.pasting ? "typing" : "Ctrl+Alt+M menu";
  const std::string right = s.message.empty() ? hint : s.message;
  const float x = size.x - ImGui::CalcTextSize(right.c_str()).x - 8;
  if (x > at.x + 24) {
    ImGui::SameLine(x);
    ImGui::TextUnformatted(right.c_str());
  }
  ImGui::End();
  ImGui::PopStyleVar(4);
}

}  // namespace

std::vector<MenuAction> draw_overlay(OverlayState& s) {
  std::vector<MenuAction> chosen;
  if (s.menu && ImGui::BeginMainMenuBar()) {
    if (ImGui::BeginMenu("Machine")) {
      machine_menu(s, chosen);
      ImGui::EndMenu();
    }
    if (ImGui::BeginMenu("Keyboard")) {
      input_menu(s, chosen);
      ImGui::EndMenu();
    }
    if (!s.drives.empty() && ImGui::BeginMenu("Media")) {
      media_menu(s, chosen);
      ImGui::EndMenu();
    }
    if (ImGui::BeginMenu("View")) {
      view_menu(s, chosen);
      ImGui::EndMenu();
    }
    ImGui::EndMainMenuBar();
  }
  if (s.status_line) status_line(s);
  return chosen;
}

}  // namespace ilse::ui
