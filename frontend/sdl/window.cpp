#include "frontend/sdl/window.h"

#include <SDL.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "frontend/screenshot.h"

namespace ilse::ui {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kMessageTime{4};
constexpr int kFirstWidth = 720, kFirstHeight = 400;  // the BIOS's text mode

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

Window::Window(FrameMailbox& mailbox, Callbacks callbacks, Options options)
    : mailbox_(mailbox),
      callbacks_(std::move(callbacks)),
      options_(std::move(options)),
      keys_(callbacks_.post) {}

mem::Result<std::unique_ptr<Window>> Window::create(FrameMailbox& mailbox, Callbacks callbacks,
                                                    Options options) {
  std::unique_ptr<Window> w(new Window(mailbox, std::move(callbacks), std::move(options)));
  auto opened = w->open();
  if (!opened) return opened.error();
  return w;
}

mem::Result<void> Window::open() {
  auto failure = [](const std::string& cause) {
    return mem::Error{"cannot open a window: " + cause + " (try -display terminal or -display none)"};
  };
  auto error = [&] { return failure(SDL_GetError()); };
  // Left alone, SDL tries every driver, prints their complaints, and falls back to one that shows nothing.
  bool chosen = std::getenv("SDL_VIDEODRIVER") != nullptr;
  bool x11 = std::getenv("DISPLAY") != nullptr, wayland = std::getenv("WAYLAND_DISPLAY") != nullptr;
  if (!chosen && !x11 && !wayland) {
    return failure("there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set");
  }
  if (!chosen && !wayland) SDL_SetHint(SDL_HINT_VIDEODRIVER, "x11");
  // SDL converts the title by the locale's character set, which in the C locale has no dash.
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
  SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
  SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "nearest");
  if (SDL_InitSubSystem(SDL_INIT_VIDEO) != 0) {
    if (chosen || wayland) return error();
    return failure(std::string("the display ") + std::getenv("DISPLAY") + " does not answer");
  }
  sdl_ready_ = true;
  std::string_view driver = SDL_GetCurrentVideoDriver();
  if (!chosen && (driver == "offscreen" || driver == "dummy")) return failure("the display does not answer");
  window_ = SDL_CreateWindow(options_.title.c_str(), SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED,
                             kFirstWidth, kFirstHeight, SDL_WINDOW_RESIZABLE);
  if (window_ == nullptr) return error();
  frame_width_ = kFirstWidth;
  frame_height_ = kFirstHeight;
  renderer_ = SDL_CreateRenderer(window_, -1, 0);
  if (renderer_ == nullptr) renderer_ = SDL_CreateRenderer(window_, -1, SDL_RENDERER_SOFTWARE);
  if (renderer_ == nullptr) return error();
  SDL_StopTextInput();
  update_title();
  return {};
}

Window::~Window() {
  if (texture_ != nullptr) SDL_DestroyTexture(texture_);
  if (renderer_ != nullptr) SDL_DestroyRenderer(renderer_);
  if (window_ != nullptr) SDL_DestroyWindow(window_);
  if (sdl_ready_) SDL_QuitSubSystem(SDL_INIT_VIDEO);
}

bool Window::pump(int timeout_ms) {
  SDL_Event e;
  if (SDL_WaitEventTimeout(&e, timeout_ms) != 0) {
    do {
      handle(e);
    } while (SDL_PollEvent(&e) != 0);
  }
  flush_mouse();
  auto now = Clock::now();
  if (close_pending_ && now - closed_at_ >= kCloseTime) close_pending_ = false;
  if (!message_.empty() && now >= message_until_) message_.clear();
  update_title();
  draw(mailbox_.take());
  return !ended_;
}

void Window::set_state(GuestState state) {
  state_ = state;
  update_title();
}

void Window::handle(const SDL_Event& e) {
  switch (e.type) {
    case SDL_QUIT: close_requested(); break;
    case SDL_KEYDOWN:
    case SDL_KEYUP:
      // SDL's scancodes are the USB HID usages up to the modifiers; beyond are keys that USB does not have.
      if (e.key.keysym.scancode <= SDL_SCANCODE_RGUI) {
        key(static_cast<uint32_t>(e.key.keysym.scancode), e.type == SDL_KEYDOWN, e.key.repeat != 0);
      }
      break;
    case SDL_MOUSEMOTION:
      if (!captured_) break;
      dx_ += e.motion.xrel;
      dy_ += e.motion.yrel;
      break;
    case SDL_MOUSEBUTTONDOWN:
      if (!captured_) {
        capture(true);  // this click is ours
        break;
      }
      flush_mouse();
      buttons_ |= button_bit(e.button.button);
      callbacks_.post(mouse_event(buttons_, 0, 0, 0));
      break;
    case SDL_MOUSEBUTTONUP:
      if ((buttons_ & button_bit(e.button.button)) == 0) break;
      flush_mouse();
      buttons_ &= ~button_bit(e.button.button);
      callbacks_.post(mouse_event(buttons_, 0, 0, 0));
      break;
    case SDL_MOUSEWHEEL:
      if (captured_) callbacks_.post(mouse_event(buttons_, 0, 0, e.wheel.y));
      break;
    case SDL_WINDOWEVENT:
      if (e.window.event == SDL_WINDOWEVENT_FOCUS_LOST) {
        capture(false);
        keys_.release_all();
        swallowed_ = 0;
        modifiers_ = 0;
      }
      redraw_ = true;
      break;
    case SDL_RENDER_TARGETS_RESET:
    case SDL_RENDER_DEVICE_RESET:
      // The texture's contents are gone with the device.
      if (texture_ != nullptr) SDL_DestroyTexture(std::exchange(texture_, nullptr));
      redraw_ = true;
      break;
    default: break;
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
  } else if (state_ == GuestState::Running) {
    keys_.press(usage);
  }
}

bool Window::hotkey(uint32_t usage) {
  if (usage == hid::letter('g')) {
    capture(false);
  } else if (usage == hid::letter('s')) {
    screenshot();
  } else if (usage == hid::letter('f')) {
    toggle_full_screen();
  } else if (usage == hid::letter('p')) {
    // The guest would see Ctrl and Alt held for as long as it is paused.
    keys_.release_all();
    if (callbacks_.on_pause) callbacks_.on_pause();
  } else if (usage == hid::letter('r')) {
    keys_.release_all();
    callbacks_.post({dev::OutsideEvent::Kind::Reset, 0, 0});
  } else {
    return false;
  }
  return true;
}

void Window::flush_mouse() {
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
  update_title();
}

void Window::close_requested() {
  if (state_ != GuestState::Running || close_pending_) {
    ended_ = true;
    return;
  }
  capture(false);
  callbacks_.post({dev::OutsideEvent::Kind::PowerButton, 0, 0});
  closed_at_ = Clock::now();
  close_pending_ = true;
  update_title();
}

void Window::screenshot() {
  auto path = write_numbered_png(mailbox_.front().image, options_.screenshot_prefix);
  message_ = path ? "saved " + *path : path.error().message;
  message_until_ = Clock::now() + kMessageTime;
  std::fprintf(stderr, "screenshot: %s\n", message_.c_str());
}

void Window::toggle_full_screen() {
  bool full = (SDL_GetWindowFlags(window_) & SDL_WINDOW_FULLSCREEN_DESKTOP) != 0;
  SDL_SetWindowFullscreen(window_, full ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
  redraw_ = true;
}

// A new resolution keeps the scale that the user has chosen.
void Window::fit_window(const dev::Frame& frame) {
  if (frame.width == frame_width_ && frame.height == frame_height_) return;
  int w = 0, h = 0;
  SDL_GetWindowSize(window_, &w, &h);
  auto scale = std::max(
      1u, std::min(static_cast<unsigned>(w) / frame_width_, static_cast<unsigned>(h) / frame_height_));
  frame_width_ = frame.width;
  frame_height_ = frame.height;
  if (texture_ != nullptr) SDL_DestroyTexture(std::exchange(texture_, nullptr));
  if ((SDL_GetWindowFlags(window_) & (SDL_WINDOW_FULLSCREEN_DESKTOP | SDL_WINDOW_MAXIMIZED)) != 0) return;
  SDL_SetWindowSize(window_, static_cast<int>(scale * frame.width), static_cast<int>(scale * frame.height));
}

void Window::draw(const DisplayFrame* fresh) {
  const dev::Frame& image = mailbox_.front().image;
  if ((fresh == nullptr && !redraw_) || image.width == 0 || image.height == 0) return;
  redraw_ = false;
  fit_window(image);
  auto width = static_cast<int>(image.width), height = static_cast<int>(image.height);
  if (texture_ == nullptr) {
    texture_ =
        SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STREAMING, width, height);
    if (texture_ == nullptr) return;  // out of graphics memory: the next frame tries again
  }
  SDL_UpdateTexture(texture_, nullptr, image.pixels.data(), width * 4);

  int w = 0, h = 0;
  SDL_GetRendererOutputSize(renderer_, &w, &h);
  SDL_Rect to{0, 0, width, height};
  if (int scale = std::min(w / width, h / height); scale >= 1) {
    to.w = width * scale;
    to.h = height * scale;
  } else if (static_cast<int64_t>(w) * height < static_cast<int64_t>(h) * width) {
    to.w = w;
    to.h = std::max(1, static_cast<int>(static_cast<int64_t>(w) * height / width));
  } else {
    to.h = h;
    to.w = std::max(1, static_cast<int>(static_cast<int64_t>(h) * width / height));
  }
  to.x = (w - to.w) / 2;
  to.y = (h - to.h) / 2;
  SDL_SetTextureScaleMode(texture_, to.w < width ? SDL_ScaleModeLinear : SDL_ScaleModeNearest);
  SDL_SetRenderDrawColor(renderer_, 0, 0, 0, 255);
  SDL_RenderClear(renderer_);
  SDL_RenderCopy(renderer_, texture_, nullptr, &to);
  SDL_RenderPresent(renderer_);
}

void Window::update_title() {
  const char* state = state_ == GuestState::Running  ? "running"
                      : state_ == GuestState::Paused ? "paused"
                                                     : "powered off";
  std::string title = options_.title + " — " + state + " — ";
  if (!message_.empty()) {
    title += message_;
  } else if (close_pending_) {
    title += "asked the guest to power off; close again to end it";
  } else if (captured_) {
    title += "Ctrl+Alt+G releases the mouse";
  } else {
    title += "click captures the mouse, Ctrl+Alt+G releases it";
  }
  if (title == title_) return;
  title_ = title;
  SDL_SetWindowTitle(window_, title_.c_str());
}

}  // namespace ilse::ui
