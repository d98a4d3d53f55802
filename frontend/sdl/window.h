// The guest's screen in an SDL window: scaled picture, keyboard, mouse, menu, status line, closing,
// screenshots. It lives on one thread (the process's main one), takes frames from a mailbox and posts what
// the user does.
//
// Ctrl+Alt with G releases the mouse, M shows the menu, S saves a screenshot, F changes to full screen and
// back, P pauses and continues, R resets, V types the clipboard's text, C copies the text screen. Where the
// guest has an absolute pointer the mouse works without being captured.
#pragma once

#include <SDL.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "frontend/display/frame_mailbox.h"
#include "frontend/input/keys.h"
#include "frontend/sdl/gui.h"
#include "frontend/sdl/joysticks.h"
#include "frontend/sdl/overlay.h"
#include "frontend/sdl/picture.h"
#include "memory/result.h"

namespace ilse::ui {

class Window {
 public:
  // Those that are empty have no item in the menu.
  struct Callbacks {
    Post post;                                       // keys, mouse, power button, reset, the screen's size
    std::function<void()> on_pause;                  // pause or continue
    std::function<size_t(std::string_view)> type{};  // text as keystrokes; how many characters have no key
    std::function<void()> stop_typing{};
    std::function<void(unsigned mips)> on_limit{};  // 0: none
    std::function<void(bool)> on_mute{};
    std::function<std::vector<std::string>()> drives{};  // with media that can be changed
    // An empty file takes out what is inside. What it returns is empty when all is well.
    std::function<std::string(const std::string& drive, const std::string& file)> change_medium{};
  };
  struct Options {
    std::string title = "Ilse";
    std::string screenshot_prefix = "ilse";  // PREFIX-1.png, ...
    Scaling scaling{};
    bool status_line = true;
    bool full_screen = false;
  };

  // Fails with one line when there is no display to open a window on.
  static mem::Result<std::unique_ptr<Window>> create(FrameMailbox& mailbox, Callbacks callbacks,
                                                     Options options);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // Waits up to `timeout_ms` for events, handles all, and draws what has changed. False when the user has
  // ended the session: a second close within kCloseTime of the first, or any close while the guest does not
  // run. The first close presses the guest's power button.
  bool pump(int timeout_ms);
  // Any thread: pump() need not wait any longer.
  void wake();

  void set_state(GuestState state);
  void set_status(const MachineStatus& status);
  // Whether the guest takes positions: then the mouse needs no capture.
  void set_absolute(bool on);
  void set_typing(bool on);
  bool captured() const { return captured_; }
  const std::string& title() const { return title_; }
  // The part of the window that the picture is in, in the window's units.
  SDL_Rect picture_area() const;

  static constexpr std::chrono::seconds kCloseTime{5};

 private:
  Window(FrameMailbox& mailbox, Callbacks callbacks, Options options);
  mem::Result<void> open();
  void handle(const SDL_Event& e);
  void window_event(const SDL_WindowEvent& e);
  void key(uint32_t usage, bool pressed, bool repeat);
  bool hotkey(uint32_t usage);
  void button(const SDL_MouseButtonEvent& e);
  void wheel(const SDL_MouseWheelEvent& e);
  void point(int x, int y, int dz);
  void flush_mouse();
  void point_again();
  void capture(bool on);
  void show_cursor();
  void show_menu(bool on);
  void act(MenuAction what);
  void close_requested();
  void screenshot();
  void paste();
  void copy_text();
  void change_medium(bool insert);
  void say(const std::string& message);
  void toggle_full_screen();
  void fit_window(const dev::Frame& frame);
  void resized();
  void draw(const DisplayFrame* fresh);
  void update_title();
  int status_height() const { return overlay_.status_line ? kStatusHeight : 0; }

  FrameMailbox& mailbox_;
  Callbacks callbacks_;
  Options options_;
  SDL_Window* window_ = nullptr;
  SDL_Renderer* renderer_ = nullptr;
  std::unique_ptr<Picture> picture_;
  std::unique_ptr<Gui> gui_;
  bool sdl_ready_ = false;
  std::atomic<bool> woken_{false};

  std::unique_ptr<Joysticks> joysticks_;
  HeldKeys keys_;
  uint32_t modifiers_ = 0;  // held down: a bit for each usage from left Ctrl on
  uint32_t swallowed_ = 0;  // the key of a hotkey, until it is released
  OverlayState overlay_;
  bool captured_ = false;
  bool absolute_ = false;
  bool ended_ = false;
  int redraw_ = 1;                       // frames to draw though no picture comes
  static constexpr int kMenuFrames = 4;  // until the menu has settled after a click
  unsigned frame_width_ = 0, frame_height_ = 0;
  int set_width_ = 0, set_height_ = 0;  // the size that we gave the window
  unsigned buttons_ = 0;
  int dx_ = 0, dy_ = 0;
  bool moved_ = false;   // the pointer: its place is yet to be posted
  bool inside_ = false;  // and whether it is over the window
  int x_ = 0, y_ = 0;
  std::chrono::steady_clock::time_point closed_at_{};
  bool close_pending_ = false;
  std::string message_;  // shown in the title until message_until_
  std::chrono::steady_clock::time_point message_until_{};
  std::string title_;
};

}  // namespace ilse::ui
