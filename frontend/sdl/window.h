// The SDL2 window: the guest's screen at native pixels, its keyboard by physical key, its mouse when
// captured. The session calls pump() from the thread that created it (SDL wants the main thread); the machine
// thread publishes frames to the mailbox.
//
// Keys of its own: Ctrl+Alt+G releases the mouse, +S saves a screenshot, +F full screen, +P pauses or
// continues, +R resets.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "frontend/display/frame_mailbox.h"
#include "frontend/input/keys.h"
#include "memory/result.h"

struct SDL_Window;
struct SDL_Renderer;
struct SDL_Texture;
union SDL_Event;

namespace ilse::ui {

enum class GuestState : uint8_t { Running, Paused, PoweredOff };

class Window {
 public:
  struct Callbacks {
    Post post;                       // keys, mouse, power button, reset
    std::function<void()> on_pause;  // pause or continue
  };
  struct Options {
    std::string title = "Ilse";
    std::string screenshot_prefix = "ilse";  // PREFIX-1.png, ...
  };

  // Fails with one line when there is no display to open a window on.
  static mem::Result<std::unique_ptr<Window>> create(FrameMailbox& mailbox, Callbacks callbacks,
                                                     Options options);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // Waits up to `timeout_ms` for events, handles all, and draws the newest frame. False when the user has
  // ended the session: a second close within kCloseTime of the first, or any close while the guest does not
  // run. The first close presses the guest's power button.
  bool pump(int timeout_ms);

  void set_state(GuestState state);
  bool captured() const { return captured_; }
  const std::string& title() const { return title_; }

  static constexpr std::chrono::seconds kCloseTime{5};

 private:
  Window(FrameMailbox& mailbox, Callbacks callbacks, Options options);
  mem::Result<void> open();
  void handle(const SDL_Event& e);
  void key(uint32_t usage, bool pressed, bool repeat);
  bool hotkey(uint32_t usage);
  void flush_mouse();
  void capture(bool on);
  void close_requested();
  void screenshot();
  void toggle_full_screen();
  void fit_window(const dev::Frame& frame);
  void draw(const DisplayFrame* fresh);
  void update_title();

  FrameMailbox& mailbox_;
  Callbacks callbacks_;
  Options options_;
  SDL_Window* window_ = nullptr;
  SDL_Renderer* renderer_ = nullptr;
  SDL_Texture* texture_ = nullptr;
  bool sdl_ready_ = false;

  HeldKeys keys_;
  uint32_t modifiers_ = 0;  // held down: a bit for each usage from left Ctrl on
  uint32_t swallowed_ = 0;  // the key of a hotkey, until it is released
  GuestState state_ = GuestState::Running;
  bool captured_ = false;
  bool ended_ = false;
  bool redraw_ = true;
  unsigned frame_width_ = 0, frame_height_ = 0;
  unsigned buttons_ = 0;
  int dx_ = 0, dy_ = 0;
  std::chrono::steady_clock::time_point closed_at_{};
  bool close_pending_ = false;
  std::string message_;  // shown in the title until message_until_
  std::chrono::steady_clock::time_point message_until_{};
  std::string title_;
};

}  // namespace ilse::ui
