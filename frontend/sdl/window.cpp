#include "frontend/sdl/window.h"

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

namespace ilse::ui {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kFirstWidth = 720, kFirstHeight = 400;  // the BIOS's text mode

// Without one OpenGL is a program of many threads and megabytes, and SDL's own drawing costs a third.
bool has_graphics_card() {
  return std::filesystem::exists("/dev/dri") || std::filesystem::exists("/dev/nvidiactl");
}

}  // namespace

Window::Window(FrameMailbox& mailbox, Callbacks callbacks, Options options)
    : mailbox_(mailbox),
      callbacks_(std::move(callbacks)),
      options_(std::move(options)),
      keys_(callbacks_.post) {
  overlay_.scaling = options_.scaling;
  overlay_.status_line = options_.status_line;
  overlay_.can_mute = static_cast<bool>(callbacks_.on_mute);
}

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
  SDL_SetHint(SDL_HINT_MOUSE_FOCUS_CLICKTHROUGH, "1");
  if (SDL_InitSubSystem(SDL_INIT_VIDEO) != 0) {
    if (chosen || wayland) return error();
    return failure(std::string("the display ") + std::getenv("DISPLAY") + " does not answer");
  }
  sdl_ready_ = true;
  std::string_view driver = SDL_GetCurrentVideoDriver();
  if (!chosen && (driver == "offscreen" || driver == "dummy")) return failure("the display does not answer");
  set_width_ = kFirstWidth;
  set_height_ = kFirstHeight + status_height();
  window_ = SDL_CreateWindow(options_.title.c_str(), SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED,
                             set_width_, set_height_, SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
  if (window_ == nullptr) return error();
  frame_width_ = kFirstWidth;
  frame_height_ = kFirstHeight;
  if (driver == "x11" && !has_graphics_card() && std::getenv("SDL_RENDER_DRIVER") == nullptr) {
    SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
    renderer_ = SDL_CreateRenderer(window_, -1, SDL_RENDERER_SOFTWARE);
  }
  if (renderer_ == nullptr) renderer_ = SDL_CreateRenderer(window_, -1, 0);
  if (renderer_ == nullptr) renderer_ = SDL_CreateRenderer(window_, -1, SDL_RENDERER_SOFTWARE);
  if (renderer_ == nullptr) return error();
  picture_ = std::make_unique<Picture>(renderer_);
  gui_ = std::make_unique<Gui>(window_, renderer_);
  joysticks_ = std::make_unique<Joysticks>(callbacks_.post);
  SDL_StopTextInput();
  if (options_.full_screen) toggle_full_screen();
  update_title();
  return {};
}

Window::~Window() {
  joysticks_.reset();
  gui_.reset();
  picture_.reset();
  if (renderer_ != nullptr) SDL_DestroyRenderer(renderer_);
  if (window_ != nullptr) SDL_DestroyWindow(window_);
  if (sdl_ready_) SDL_QuitSubSystem(SDL_INIT_VIDEO);
}

bool Window::pump(int timeout_ms) {
  SDL_Event e;
  constexpr int kSettleMs = 5;
  if (SDL_WaitEventTimeout(&e, redraw_ > 0 ? std::min(timeout_ms, kSettleMs) : timeout_ms) != 0) {
    do {
      handle(e);
    } while (SDL_PollEvent(&e) != 0);
  }
  flush_mouse();
  auto now = Clock::now();
  if (close_pending_ && now - closed_at_ >= kCloseTime) close_pending_ = false;
  if (!message_.empty() && now >= message_until_) {
    message_.clear();
    redraw_ = 1;
  }
  update_title();
  draw(mailbox_.take());
  return !ended_;
}

void Window::wake() {
  if (woken_.exchange(true)) return;
  SDL_Event e{};
  e.type = SDL_USEREVENT;
  SDL_PushEvent(&e);
}

void Window::set_state(GuestState state) {
  if (overlay_.state != state) redraw_ = 1;
  overlay_.state = state;
  update_title();
}
void Window::set_status(const MachineStatus& status) {
  if (status == overlay_.status) return;
  overlay_.status = status;
  if (overlay_.status_line) redraw_ = std::max(redraw_, 1);
}
void Window::set_absolute(bool on) {
  if (absolute_ == on) return;
  absolute_ = on;
  if (on) capture(false);
  if (!on && buttons_ != 0) callbacks_.post(mouse_event(buttons_ = 0, 0, 0, 0));
  show_cursor();
  update_title();
}
void Window::set_typing(bool on) {
  if (overlay_.pasting != on) redraw_ = 1;
  overlay_.pasting = on;
}

void Window::say(const std::string& message) {
  constexpr std::chrono::seconds kMessageTime{4};
  message_ = message;
  message_until_ = Clock::now() + kMessageTime;
  redraw_ = 1;
}

void Window::toggle_full_screen() {
  overlay_.full_screen = !overlay_.full_screen;
  SDL_SetWindowFullscreen(window_, overlay_.full_screen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
  redraw_ = 1;
}

// A new resolution keeps the scale that the user has chosen.
void Window::fit_window(const dev::Frame& frame) {
  if (frame.width == frame_width_ && frame.height == frame_height_) return;
  const SDL_Rect area = picture_area();
  auto scale = std::max(1u, std::min(static_cast<unsigned>(std::max(area.w, 0)) / frame_width_,
                                     static_cast<unsigned>(std::max(area.h, 0)) / frame_height_));
  frame_width_ = frame.width;
  frame_height_ = frame.height;
  if ((SDL_GetWindowFlags(window_) & (SDL_WINDOW_FULLSCREEN_DESKTOP | SDL_WINDOW_MAXIMIZED)) != 0) return;
  set_width_ = static_cast<int>(scale * frame.width);
  set_height_ = static_cast<int>(scale * frame.height) + status_height();
  SDL_SetWindowSize(window_, set_width_, set_height_);
  // A larger picture may not push the window off the screen.
  SDL_Rect screen;
  int x = 0, y = 0;
  if (SDL_GetDisplayUsableBounds(SDL_GetWindowDisplayIndex(window_), &screen) != 0) return;
  SDL_GetWindowPosition(window_, &x, &y);
  const int inside_x = std::max(screen.x, std::min(x, screen.x + screen.w - set_width_));
  const int inside_y = std::max(screen.y, std::min(y, screen.y + screen.h - set_height_));
  if (inside_x != x || inside_y != y) SDL_SetWindowPosition(window_, inside_x, inside_y);
}

SDL_Rect Window::picture_area() const {
  int w = 0, h = 0;
  SDL_GetWindowSize(window_, &w, &h);
  return {0, 0, w, std::max(1, h - status_height())};
}

// The user has given the window another size: the guest's monitor gets it too. What the guest makes of it is
// its affair.
void Window::resized() {
  const SDL_Rect area = picture_area();
  int w = 0, h = 0, pixels = 0;
  SDL_GetWindowSize(window_, &w, &h);
  redraw_ = 1;
  if (w == set_width_ && h == set_height_) return;
  set_width_ = w;
  set_height_ = h;
  SDL_GetRendererOutputSize(renderer_, &pixels, nullptr);
  const double dense = w > 0 ? static_cast<double>(pixels) / w : 1;
  const auto width = static_cast<uint64_t>(std::clamp(area.w * dense, 1.0, 65535.0));
  const auto height = static_cast<uint64_t>(std::clamp(area.h * dense, 1.0, 65535.0));
  callbacks_.post({dev::OutsideEvent::Kind::Monitor, 0, width | height << 16});
}

void Window::draw(const DisplayFrame* fresh) {
  if (fresh != nullptr) fit_window(fresh->image);
  if (fresh == nullptr && redraw_ == 0) return;
  if (redraw_ > 0) --redraw_;
  const DisplayFrame& frame = mailbox_.front();
  if (fresh != nullptr || picture_->empty()) picture_->update(frame);
  SDL_SetRenderDrawColor(renderer_, 0, 0, 0, 255);
  SDL_RenderClear(renderer_);
  int w = 0, h = 0, pixels = 0;
  SDL_GetWindowSize(window_, &w, &h);
  SDL_GetRendererOutputSize(renderer_, &pixels, nullptr);
  const double dense = w > 0 ? static_cast<double>(pixels) / w : 1;
  SDL_Rect area = picture_area();
  area.w = static_cast<int>(area.w * dense);
  area.h = static_cast<int>(area.h * dense);
  const SDL_Rect old = picture_->where();
  picture_->draw(area, overlay_.scaling);
  const SDL_Rect place = picture_->where();
  if (SDL_RectEquals(&old, &place) == SDL_FALSE) point_again();

  overlay_.captured = captured_;
  overlay_.absolute = absolute_;
  overlay_.message = message_;
  overlay_.text_screen = !frame.graphics && frame.text.rows != 0;
  std::vector<MenuAction> chosen;
  if (overlay_.menu || overlay_.status_line) {
    const OverlayState before = overlay_;
    gui_->begin();
    chosen = draw_overlay(overlay_);
    gui_->end();
    if (!(before.scaling == overlay_.scaling) || before.status_line != overlay_.status_line) redraw_ = 2;
    gui_->wants_text() ? SDL_StartTextInput() : SDL_StopTextInput();
  }
  SDL_RenderPresent(renderer_);
  for (MenuAction what : chosen) act(what);
}

void Window::update_title() {
  const char* state = overlay_.state == GuestState::Running  ? "running"
                      : overlay_.state == GuestState::Paused ? "paused"
                                                             : "powered off";
  std::string title = options_.title + " — " + state + " — ";
  if (!message_.empty()) {
    title += message_;
  } else if (close_pending_) {
    title += "asked the guest to power off; close again to end it";
  } else if (captured_) {
    title += "Ctrl+Alt+G releases the mouse";
  } else if (absolute_) {
    title += "Ctrl+Alt+M shows the menu";
  } else {
    title += "click captures the mouse, Ctrl+Alt+G releases it";
  }
  if (title == title_) return;
  title_ = title;
  SDL_SetWindowTitle(window_, title_.c_str());
}

}  // namespace ilse::ui
