// The window on SDL's dummy driver: keys, hotkeys, focus, mouse, closing, title, picture.
#include "frontend/sdl/window.h"

#include <SDL.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>

using namespace ilse;
using namespace ilse::ui;

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
using ForeignLeaks = __lsan::ScopedDisabler;  // of the libraries that SDL loads
#else
struct ForeignLeaks {
  ForeignLeaks() {}
};
#endif

namespace {

struct Bench {
  ForeignLeaks ignored;
  FrameMailbox mailbox;
  std::vector<dev::OutsideEvent> events;
  int pauses = 0;
  std::filesystem::path folder;
  std::unique_ptr<Window> window;

  Bench() {
    setenv("SDL_VIDEODRIVER", "dummy", 1);
    std::string name = (std::filesystem::temp_directory_path() / "ilse-window-XXXXXX").string();
    folder = mkdtemp(name.data());
    auto made = Window::create(
        mailbox, {[this](const dev::OutsideEvent& e) { events.push_back(e); }, [this] { ++pauses; }},
        {"Ilse", (folder / "shot").string()});
    REQUIRE(made);
    window = std::move(*made);
    window->pump(0);
    events.clear();
  }
  ~Bench() { std::filesystem::remove_all(folder); }

  void key(SDL_Scancode code, bool down, bool repeat = false) {
    SDL_Event e{};
    e.type = down ? SDL_KEYDOWN : SDL_KEYUP;
    e.key.keysym.scancode = code;
    e.key.repeat = repeat;
    SDL_PushEvent(&e);
  }
  void button(uint8_t b, bool down) {
    SDL_Event e{};
    e.type = down ? SDL_MOUSEBUTTONDOWN : SDL_MOUSEBUTTONUP;
    e.button.button = b;
    SDL_PushEvent(&e);
  }
  void motion(int dx, int dy) {
    SDL_Event e{};
    e.type = SDL_MOUSEMOTION;
    e.motion.xrel = dx, e.motion.yrel = dy;
    SDL_PushEvent(&e);
  }
  void move_to(int x, int y) {
    SDL_Event e{};
    e.type = SDL_MOUSEMOTION;
    e.motion.x = x, e.motion.y = y;
    SDL_PushEvent(&e);
  }
  void show(unsigned width, unsigned height) {
    mailbox.back().image.resize(width, height);
    mailbox.publish();
    window->pump(0);
    window->pump(0);
    events.clear();
  }
  void window_event(uint8_t what) {
    SDL_Event e{};
    e.type = SDL_WINDOWEVENT;
    e.window.event = what;
    SDL_PushEvent(&e);
  }
  void close() {
    SDL_Event e{};
    e.type = SDL_QUIT;
    SDL_PushEvent(&e);
  }
  std::vector<uint64_t> values() {
    window->pump(0);
    std::vector<uint64_t> v;
    for (auto& e : events) v.push_back(e.value);
    events.clear();
    return v;
  }
  void hotkey(SDL_Scancode code) {
    for (bool down : {true, false}) {
      for (SDL_Scancode c : {SDL_SCANCODE_LCTRL, SDL_SCANCODE_LALT, code}) key(c, down);
    }
  }
  bool title_has(const char* s) const { return window->title().find(s) != std::string::npos; }
};

}  // namespace

TEST_CASE("window: keys go by physical key, repeats do not") {
  Bench b;
  b.key(SDL_SCANCODE_A, true);
  b.key(SDL_SCANCODE_A, true, true);
  b.key(SDL_SCANCODE_A, false);
  b.key(SDL_SCANCODE_RCTRL, true);
  b.key(SDL_SCANCODE_RCTRL, false);
  b.key(SDL_SCANCODE_AUDIOPLAY, true);
  CHECK(b.values() == std::vector<uint64_t>{0x04, 0x10004, 0xE4, 0x100E4});
}

TEST_CASE("window: no key sticks when the focus is lost") {
  Bench b;
  b.key(SDL_SCANCODE_LALT, true);
  b.key(SDL_SCANCODE_TAB, true);
  b.window_event(SDL_WINDOWEVENT_FOCUS_LOST);
  b.key(SDL_SCANCODE_TAB, false);
  CHECK(b.values() == std::vector<uint64_t>{0xE2, 0x2B, 0x1002B, 0x100E2});
}

TEST_CASE("window: hotkeys are not typed into the guest") {
  Bench b;
  b.hotkey(SDL_SCANCODE_G);
  CHECK(b.values() == std::vector<uint64_t>{0xE0, 0xE2, 0x100E0, 0x100E2});
  b.hotkey(SDL_SCANCODE_F1);  // not ours
  CHECK(b.values() == std::vector<uint64_t>{0xE0, 0xE2, 0x3A, 0x100E0, 0x100E2, 0x1003A});
  b.hotkey(SDL_SCANCODE_P);
  b.values();
  CHECK(b.pauses == 1);
  b.hotkey(SDL_SCANCODE_R);
  b.window->pump(0);
  bool reset = false;
  for (auto& e : b.events) reset |= e.kind == dev::OutsideEvent::Kind::Reset;
  CHECK(reset);
}

TEST_CASE("window: a paused guest gets no keys, and Ctrl+Alt+P held on continues it") {
  Bench b;
  for (SDL_Scancode c : {SDL_SCANCODE_LCTRL, SDL_SCANCODE_LALT, SDL_SCANCODE_P}) b.key(c, true);
  b.key(SDL_SCANCODE_P, false);
  CHECK(b.values() == std::vector<uint64_t>{0xE0, 0xE2, 0x100E0, 0x100E2});
  b.window->set_state(GuestState::Paused);
  b.key(SDL_SCANCODE_A, true);
  b.key(SDL_SCANCODE_A, false);
  b.key(SDL_SCANCODE_P, true);
  CHECK(b.values().empty());
  CHECK(b.pauses == 2);
}

TEST_CASE("window: a click captures the mouse, Ctrl+Alt+G releases it") {
  Bench b;
  b.motion(5, 5);
  b.button(SDL_BUTTON_LEFT, true);
  b.button(SDL_BUTTON_LEFT, false);
  CHECK(b.values().empty());
  CHECK(b.window->captured());
  CHECK(b.title_has("Ctrl+Alt+G releases the mouse"));
  // SDL may report the jump into the captured mode as movement: only ours counts from here on.
  b.values();
  b.motion(3, -2);
  b.motion(1, -1);
  b.button(SDL_BUTTON_RIGHT, true);
  b.button(SDL_BUTTON_RIGHT, false);
  CHECK(b.values() == std::vector<uint64_t>{mouse_event(0, 4, -3, 0).value, 2, 0});
  b.button(SDL_BUTTON_LEFT, true);
  b.window->pump(0);
  b.hotkey(SDL_SCANCODE_G);
  b.window->pump(0);
  CHECK_FALSE(b.window->captured());
  CHECK(b.events.back().kind == dev::OutsideEvent::Kind::Key);
  bool let_go = false;
  for (auto& e : b.events) let_go |= e.kind == dev::OutsideEvent::Kind::Mouse && e.value == 0;
  CHECK(let_go);
}

TEST_CASE("window: closing asks the guest first") {
  Bench b;
  b.close();
  CHECK(b.window->pump(0));
  REQUIRE(b.events.size() == 1);
  CHECK(b.events[0].kind == dev::OutsideEvent::Kind::PowerButton);
  CHECK(b.title_has("close again"));
  b.close();
  CHECK_FALSE(b.window->pump(0));
}

TEST_CASE("window: a guest that does not run is not asked") {
  Bench b;
  b.window->set_state(GuestState::Paused);
  CHECK(b.title_has("paused"));
  b.close();
  CHECK_FALSE(b.window->pump(0));
  CHECK(b.events.empty());
}

TEST_CASE("window: no key sticks in a thousand random changes of focus") {
  Bench b;
  std::mt19937 random(11);
  std::set<uint64_t> down;
  for (int i = 0; i < 1000; ++i) {
    for (unsigned n = random() % 12; n-- > 0;) {
      auto code = static_cast<SDL_Scancode>(random() % 8 != 0 ? SDL_SCANCODE_A + random() % 98
                                                              : SDL_SCANCODE_LCTRL + random() % 8);
      b.key(code, random() % 2 == 0, random() % 8 == 0);
    }
    b.window_event(SDL_WINDOWEVENT_FOCUS_LOST);
    // What is released elsewhere never comes back.
    if (random() % 2 != 0) b.window_event(SDL_WINDOWEVENT_FOCUS_GAINED);
    b.window->pump(0);
    for (auto& e : b.events) {
      if (e.kind != dev::OutsideEvent::Kind::Key) continue;
      if ((e.value & 0x10000) == 0) {
        CHECK(down.insert(e.value).second);
      } else {
        CHECK(down.erase(e.value & 0xFFFF) == 1);
      }
    }
    b.events.clear();
    REQUIRE(down.empty());
    if (b.window->captured()) b.window_event(SDL_WINDOWEVENT_FOCUS_LOST);
  }
}

TEST_CASE("window: a guest with an absolute pointer has the mouse without a capture") {
  Bench b;
  b.show(720, 400);
  b.window->set_absolute(true);
  auto at = [](unsigned pixel, unsigned size) { return (2 * pixel + 1) * 0x10000ull / (2 * size); };
  b.move_to(100, 50);
  CHECK(b.values() == std::vector<uint64_t>{point_event(0, at(100, 720), at(50, 400), 0).value});
  // Several movements in one turn are one event, where the last went.
  b.move_to(5, 5), b.move_to(719, 399);
  CHECK(b.values() == std::vector<uint64_t>{point_event(0, at(719, 720), at(399, 400), 0).value});
  // Beside the picture: its edge.
  b.move_to(2000, -5);
  CHECK(b.values() == std::vector<uint64_t>{point_event(0, at(719, 720), at(0, 400), 0).value});
  SDL_Event click{};
  click.type = SDL_MOUSEBUTTONDOWN;
  click.button.button = SDL_BUTTON_RIGHT, click.button.x = 10, click.button.y = 20;
  SDL_PushEvent(&click);
  CHECK(b.values() == std::vector<uint64_t>{point_event(2, at(10, 720), at(20, 400), 0).value});
  CHECK_FALSE(b.window->captured());
  b.window_event(SDL_WINDOWEVENT_FOCUS_LOST);
  CHECK(b.values() == std::vector<uint64_t>{point_event(0, at(10, 720), at(20, 400), 0).value});
  b.window->set_absolute(false);
  b.move_to(1, 1);
  CHECK(b.values().empty());
}

TEST_CASE("window: a pointer that rests is told of anew where the picture changes") {
  Bench b;
  b.show(720, 400);
  b.window->set_absolute(true);
  auto at = [](unsigned pixel, unsigned size) { return (2 * pixel + 1) * 0x10000ull / (2 * size); };
  auto show = [&](unsigned width, unsigned height) {
    b.mailbox.back().image.resize(width, height);
    b.mailbox.publish();
    b.window->pump(0);
    return b.values();
  };
  b.window_event(SDL_WINDOWEVENT_ENTER);
  b.move_to(100, 50);
  b.values();
  CHECK(show(640, 480).back() == point_event(0, at(100, 640), at(50, 480), 0).value);
  CHECK(show(640, 480).empty());
  b.window_event(SDL_WINDOWEVENT_LEAVE);
  CHECK(show(800, 600).empty());
}

TEST_CASE("window: a joystick of the host is one of the guest's") {
  SDL_SetHint(SDL_HINT_JOYSTICK_ALLOW_BACKGROUND_EVENTS, "1");  // this display gives nobody the focus
  Bench b;
  const int device = SDL_JoystickAttachVirtual(SDL_JOYSTICK_TYPE_GAMECONTROLLER, 4, 6, 0);
  REQUIRE(device >= 0);
  auto told = [&] {
    b.window->pump(0);
    REQUIRE_FALSE(b.events.empty());
    CHECK(b.events.back().kind == dev::OutsideEvent::Kind::Stick);
    return b.values().back();
  };
  CHECK(told() == stick_event(0, true, 0, 0x8000, 0x8000).value);
  SDL_Joystick* stick = SDL_JoystickOpen(device);
  SDL_JoystickSetVirtualAxis(stick, 0, -32768);
  SDL_JoystickSetVirtualAxis(stick, 1, 32767);
  SDL_JoystickSetVirtualButton(stick, 3, 1);
  SDL_JoystickSetVirtualButton(stick, 5, 1);  // the port has no such
  SDL_JoystickUpdate();
  CHECK(told() == stick_event(0, true, 8, 0, 0xFFFF).value);
  SDL_JoystickClose(stick);
  SDL_JoystickDetachVirtual(device);
  CHECK(told() == stick_event(0, false, 0, 0, 0).value);
}

TEST_CASE("window: the menu takes keys and mouse, Escape and Ctrl+Alt+M close it") {
  Bench b;
  b.hotkey(SDL_SCANCODE_M);
  b.values();
  b.key(SDL_SCANCODE_A, true), b.key(SDL_SCANCODE_A, false);
  CHECK(b.values().empty());
  b.key(SDL_SCANCODE_ESCAPE, true), b.key(SDL_SCANCODE_ESCAPE, false);
  CHECK(b.values().empty());
  b.key(SDL_SCANCODE_A, true), b.key(SDL_SCANCODE_A, false);
  CHECK(b.values() == std::vector<uint64_t>{4, 0x10004});
}

TEST_CASE("window: where the picture goes") {
  const SDL_Rect area{0, 0, 1500, 1000};
  auto same = [](const SDL_Rect& a, const SDL_Rect& b) { return SDL_RectEquals(&a, &b) == SDL_TRUE; };
  CHECK(same(place_picture(area, 720, 400, false, {}), {30, 100, 1440, 800}));
  CHECK(same(place_picture(area, 720, 400, false, {.integer = false}), {0, 83, 1500, 833}));
  CHECK(same(place_picture(area, 640, 400, false, {.aspect = true}), {110, 20, 1280, 960}));
  CHECK(same(place_picture(area, 640, 400, true, {.aspect = true}), {110, 100, 1280, 800}));
  CHECK(same(place_picture(area, 3000, 1000, true, {}), {0, 250, 1500, 500}));
}

TEST_CASE("window: screenshots go to a file that the title names") {
  Bench b;
  b.hotkey(SDL_SCANCODE_S);
  b.window->pump(0);
  CHECK(b.title_has("no picture"));
  b.mailbox.back().image.resize(10, 10);
  b.mailbox.publish();
  b.window->pump(0);
  b.hotkey(SDL_SCANCODE_S);
  b.window->pump(0);
  CHECK(b.title_has("shot-1.png"));
  CHECK(std::filesystem::exists(b.folder / "shot-1.png"));
}

TEST_CASE("window: without a display there is one line that says so") {
  ForeignLeaks ignored;
  FrameMailbox mailbox;
  auto message = [&] {
    auto made = Window::create(mailbox, {}, {});
    REQUIRE_FALSE(made);
    CHECK(made.error().message.starts_with("cannot open a window: "));
    CHECK(made.error().message.find('\n') == std::string::npos);
    return made.error().message;
  };
  auto value = [](const char* name) {
    const char* v = getenv(name);
    return std::string(v != nullptr ? v : "");
  };
  setenv("SDL_VIDEODRIVER", "no-such-driver", 1);
  message();
  unsetenv("SDL_VIDEODRIVER");
  std::string x = value("DISPLAY"), wayland = value("WAYLAND_DISPLAY");
  unsetenv("DISPLAY");
  unsetenv("WAYLAND_DISPLAY");
  CHECK(message().find("DISPLAY") != std::string::npos);
  setenv("DISPLAY", ":9999", 1);
  message();
  unsetenv("DISPLAY");
  if (!x.empty()) setenv("DISPLAY", x.c_str(), 1);
  if (!wayland.empty()) setenv("WAYLAND_DISPLAY", wayland.c_str(), 1);
  setenv("SDL_VIDEODRIVER", "dummy", 1);
}
