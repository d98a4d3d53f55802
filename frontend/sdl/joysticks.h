// The host's joysticks and game pads, the first two, as the game port's.
#pragma once

#include <SDL.h>

#include <array>

#include "frontend/input/keys.h"

namespace ilse::ui {

class Joysticks {
 public:
  // Without them on the host there are none in the guest.
  explicit Joysticks(Post post);
  ~Joysticks();
  Joysticks(const Joysticks&) = delete;
  Joysticks& operator=(const Joysticks&) = delete;

  void handle(const SDL_Event& e);

 private:
  struct Stick {
    SDL_Joystick* device = nullptr;
    SDL_JoystickID id = -1;
  };
  void tell(unsigned n);

  Post post_;
  bool ready_;
  std::array<Stick, 2> sticks_{};
};

}  // namespace ilse::ui
