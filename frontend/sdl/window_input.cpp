// What the user does in the window: keys, mouse, menu.
#include <cstdio>
#include <utility>

#include "frontend/screenshot.h"
#include "frontend/sdl/window.h"

namespace ilse::ui {

namespace {

// Bits of modifiers_: left and right.
constexpr uint32_t kCtrlBits = 0x11, kAltBits = 0x44;

// SDL numbers buttons left, middle, right; OutsideEvent has right before middle.
unsigned button_bit(uint8_t button) {
  switch (button) {
    case SDL_BUTTON_LEFT: return 1;
    case SDL_BUTTON_RIGHT: return 2;
    case SDL_BUTTON_MIDDLE: return 4;
    case SDL_BUTTON_X1: return 8;
    case SDL_BUTTON_X2: return 16;
    default: return 0;
  }
}

}  // namespace

void Window::handle(const SDL_Event& e) {
  const bool key_event = e.type == SDL_KEYDOWN || e.type == SDL_KEYUP;
  const bool mouse_event = e.type == SDL_MOUSEMOTION || e.type == SDL_MOUSEBUTTONDOWN ||
                           e.type == SDL_MOUSEBUTTONUP || e.type == SDL_MOUSEWHEEL;
  if (overlay_.menu && !captured_ && (key_event || mouse_event || e.type == SDL_TEXTINPUT)) {
    gui_->handle(e);
    redraw_ = kMenuFrames;
    // A button that the guest has been told of comes back to it wherever it is released.
    if (mouse_event && gui_->wants_mouse() && buttons_ == 0) return;
  }
  switch (e.type) {
    case SDL_QUIT: close_requested(); break;
    case SDL_USEREVENT: woken_ = false; break;
    case SDL_KEYDOWN:
    case SDL_KEYUP:
      // SDL's scancodes are the USB HID usages up to the modifiers; beyond are keys that USB does not have.
      if (e.key.keysym.scancode <= SDL_SCANCODE_RGUI) {
        key(static_cast<uint32_t>(e.key.keysym.scancode), e.type == SDL_KEYDOWN, e.key.repeat != 0);
      }
      break;
    case SDL_MOUSEMOTION:
      if (captured_) {
        dx_ += e.motion.xrel;
        dy_ += e.motion.yrel;
      } else if (absolute_) {
        x_ = e.motion.x;
        y_ = e.motion.y;
        moved_ = true;
        show_cursor();
      }
      break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP: button(e.button); break;
    case SDL_MOUSEWHEEL: wheel(e.wheel); break;
    case SDL_WINDOWEVENT: window_event(e.window); break;
    case SDL_JOYDEVICEADDED:
    case SDL_JOYDEVICEREMOVED:
    case SDL_JOYAXISMOTION:
    case SDL_JOYBUTTONDOWN:
    case SDL_JOYBUTTONUP: joysticks_->handle(e); break;
    case SDL_RENDER_TARGETS_RESET:
    case SDL_RENDER_DEVICE_RESET:
      // The textures' contents are gone with the device.
      picture_->lost();
      gui_->lost();
      redraw_ = 1;
      break;
    default: break;
  }
}

void Window::window_event(const SDL_WindowEvent& e) {
  redraw_ = 1;
  if (e.event == SDL_WINDOWEVENT_FOCUS_LOST) {
    capture(false);
    keys_.release_all();
    swallowed_ = 0;
    modifiers_ = 0;
    if (absolute_ && buttons_ != 0) {
      buttons_ = 0;
      point(x_, y_, 0);
    }
  } else if (e.event == SDL_WINDOWEVENT_RESIZED) {
    resized();
  } else if (e.event == SDL_WINDOWEVENT_ENTER || e.event == SDL_WINDOWEVENT_LEAVE) {
    inside_ = e.event == SDL_WINDOWEVENT_ENTER;
  }
}

void Window::key(uint32_t usage, bool pressed, bool repeat) {
  // What the user holds down, whatever the guest has been told.
  if (usage >= hid::kLeftCtrl) {
    uint32_t bit = 1u << (usage - hid::kLeftCtrl);
    modifiers_ = pressed ? modifiers_ | bit : modifiers_ & ~bit;
  }
  if (!pressed) {
    if (usage == swallowed_) swallowed_ = 0;
    keys_.release(usage);
    return;
  }
  if (repeat || usage == 0 || usage == swallowed_) return;
  bool ctrl = (modifiers_ & kCtrlBits) != 0, alt = (modifiers_ & kAltBits) != 0;
  if (ctrl && alt && hotkey(usage)) {
    swallowed_ = usage;
  } else if (overlay_.menu && !captured_ && usage < hid::kLeftCtrl) {
    if (usage == hid::kEscape && !gui_->wants_text()) show_menu(false);
    swallowed_ = usage;
  } else if (overlay_.state == GuestState::Running) {
    keys_.press(usage);
  }
}

bool Window::hotkey(uint32_t usage) {
  if (usage == hid::letter('g')) {
    capture(false);
  } else if (usage == hid::letter('m')) {
    capture(false);
    keys_.release_all();
    show_menu(!overlay_.menu);
  } else if (usage == hid::letter('s')) {
    screenshot();
  } else if (usage == hid::letter('f')) {
    toggle_full_screen();
  } else if (usage == hid::letter('v') && callbacks_.type) {
    keys_.release_all();
    paste();
  } else if (usage == hid::letter('c') && overlay_.text_screen) {
    copy_text();
  } else if (usage == hid::letter('p')) {
    // The guest would see Ctrl and Alt held for as long as it is paused.
    keys_.release_all();
    act(MenuAction::Pause);
  } else if (usage == hid::letter('r')) {
    keys_.release_all();
    act(MenuAction::Reset);
  } else {
    return false;
  }
  return true;
}

void Window::button(const SDL_MouseButtonEvent& e) {
  const unsigned bit = button_bit(e.button);
  const bool down = e.type == SDL_MOUSEBUTTONDOWN;
  if (!down && (buttons_ & bit) == 0) return;
  if (!captured_ && !absolute_) {
    if (down) capture(true);  // this click is ours
    return;
  }
  flush_mouse();
  buttons_ = down ? buttons_ | bit : buttons_ & ~bit;
  if (captured_) {
    callbacks_.post(mouse_event(buttons_, 0, 0, 0));
  } else {
    point(e.x, e.y, 0);
  }
}

void Window::wheel(const SDL_MouseWheelEvent& e) {
  if (captured_) {
    callbacks_.post(mouse_event(buttons_, 0, 0, e.y));
  } else if (absolute_) {
    point(x_, y_, e.y);
  }
}

// The middle of the guest's pixel that is below the window's.
void Window::point(int x, int y, int dz) {
  x_ = x;
  y_ = y;
  moved_ = false;
  const SDL_Rect& at = picture_->where();
  int w = 0, pixels = 0;
  SDL_GetWindowSize(window_, &w, nullptr);
  SDL_GetRendererOutputSize(renderer_, &pixels, nullptr);
  if (at.w <= 0 || at.h <= 0 || w <= 0) return;
  auto part = [&](int v, int start, int size, unsigned guest) {
    const int64_t inside = std::clamp<int64_t>(int64_t{v} * pixels / w - start, 0, size - 1);
    const int64_t pixel = inside * guest / size;
    return static_cast<uint16_t>((2 * pixel + 1) * 0x10000 / (2 * int64_t{guest}));
  };
  callbacks_.post(point_event(buttons_, part(x, at.x, at.w, picture_->width()),
                              part(y, at.y, at.h, picture_->height()), dz));
}

// The picture has another place or size below a pointer that rests.
void Window::point_again() {
  if (!absolute_ || captured_ || overlay_.menu || !inside_) return;
  if (SDL_GetMouseFocus() == window_) {
    int left = 0, top = 0;
    SDL_GetWindowPosition(window_, &left, &top);
    SDL_GetGlobalMouseState(&x_, &y_);
    x_ -= left;
    y_ -= top;
  }
  point(x_, y_, 0);
}

void Window::flush_mouse() {
  if (moved_ && absolute_ && !captured_) point(x_, y_, 0);
  if (dx_ == 0 && dy_ == 0) return;
  callbacks_.post(mouse_event(buttons_, std::exchange(dx_, 0), std::exchange(dy_, 0), 0));
}

void Window::capture(bool on) {
  if (on == captured_) return;
  captured_ = on;
  SDL_SetRelativeMouseMode(on ? SDL_TRUE : SDL_FALSE);
  SDL_SetWindowKeyboardGrab(window_, on ? SDL_TRUE : SDL_FALSE);
  if (!on) {
    flush_mouse();
    if (buttons_ != 0) callbacks_.post(mouse_event(buttons_ = 0, 0, 0, 0));
  }
  redraw_ = 1;
  show_cursor();
  update_title();
}

// Over the picture the guest draws its own.
void Window::show_cursor() {
  const SDL_Point at{x_, y_};
  const SDL_Rect area = picture_area();
  const bool guests = absolute_ && !overlay_.menu && SDL_PointInRect(&at, &area) != 0;
  SDL_ShowCursor(guests ? SDL_DISABLE : SDL_ENABLE);
}

void Window::show_menu(bool on) {
  overlay_.menu = on;
  if (on && callbacks_.drives) overlay_.drives = callbacks_.drives();
  redraw_ = kMenuFrames;
  show_cursor();
}

void Window::act(MenuAction what) {
  using Kind = dev::OutsideEvent::Kind;
  redraw_ = kMenuFrames;
  switch (what) {
    case MenuAction::Pause:
      if (callbacks_.on_pause) callbacks_.on_pause();
      break;
    case MenuAction::PowerButton: callbacks_.post({Kind::PowerButton, 0, 0}); break;
    case MenuAction::Reset: callbacks_.post({Kind::Reset, 0, 0}); break;
    case MenuAction::CtrlAltDel:
      for (bool down : {true, false}) {
        for (uint32_t usage : {hid::kLeftCtrl, hid::kLeftAlt, hid::kDelete}) {
          down ? keys_.press(usage) : keys_.release(usage);
        }
      }
      break;
    case MenuAction::Screenshot: screenshot(); break;
    case MenuAction::Paste: paste(); break;
    case MenuAction::StopPaste:
      if (callbacks_.stop_typing) callbacks_.stop_typing();
      break;
    case MenuAction::CopyText: copy_text(); break;
    case MenuAction::FullScreen: toggle_full_screen(); break;
    case MenuAction::Mute:
      overlay_.muted = !overlay_.muted;
      if (callbacks_.on_mute) callbacks_.on_mute(overlay_.muted);
      break;
    case MenuAction::Limit:
      if (callbacks_.on_limit) callbacks_.on_limit(overlay_.limit);
      break;
    case MenuAction::Insert: change_medium(true); break;
    case MenuAction::Eject: change_medium(false); break;
    case MenuAction::Quit: ended_ = true; break;
  }
}

void Window::close_requested() {
  if (overlay_.state != GuestState::Running || close_pending_) {
    ended_ = true;
    return;
  }
  capture(false);
  callbacks_.post({dev::OutsideEvent::Kind::PowerButton, 0, 0});
  closed_at_ = std::chrono::steady_clock::now();
  close_pending_ = true;
  update_title();
}

void Window::screenshot() {
  auto path = write_numbered_png(mailbox_.front().image, options_.screenshot_prefix);
  say(path ? "saved " + *path : path.error().message);
  std::fprintf(stderr, "screenshot: %s\n", message_.c_str());
}

void Window::paste() {
  if (!callbacks_.type) return;
  char* text = SDL_GetClipboardText();
  const std::string_view all = text != nullptr ? text : "";
  if (all.empty()) {
    say("there is no text to paste");
  } else if (const size_t left_out = callbacks_.type(all); left_out != 0) {
    say(std::to_string(left_out) + " characters have no key on a US keyboard");
  }
  SDL_free(text);
}

void Window::copy_text() {
  const dev::TextGrid& text = mailbox_.front().text;
  if (text.rows == 0) return;
  SDL_SetClipboardText(to_utf8(text).c_str());
  say("copied " + std::to_string(text.rows) + " lines");
}

void Window::change_medium(bool insert) {
  if (!callbacks_.change_medium) return;
  const std::string file = insert ? overlay_.file.data() : "";
  if (insert && file.empty()) return;
  const std::string wrong = callbacks_.change_medium(overlay_.drive, file);
  if (!wrong.empty()) {
    say(wrong);
  } else {
    say(overlay_.drive + (insert ? ": " + file : " is empty"));
  }
}

}  // namespace ilse::ui
