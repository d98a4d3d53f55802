#include "frontend/sdl/joysticks.h"

#include <algorithm>
#include <utility>

namespace ilse::ui {

namespace {
constexpr int kButtons = 4;
}  // namespace

Joysticks::Joysticks(Post post) : post_(std::move(post)), ready_(SDL_InitSubSystem(SDL_INIT_JOYSTICK) == 0) {}

Joysticks::~Joysticks() {
  for (Stick& s : sticks_)
    if (s.device != nullptr) SDL_JoystickClose(s.device);
  if (ready_) SDL_QuitSubSystem(SDL_INIT_JOYSTICK);
}

void Joysticks::handle(const SDL_Event& e) {
  auto of = [this](SDL_JoystickID id) {
    return std::find_if(sticks_.begin(), sticks_.end(),
                        [id](const Stick& s) { return s.device != nullptr && s.id == id; });
  };
  auto changed = sticks_.end();
  switch (e.type) {
    case SDL_JOYDEVICEADDED: {
      const SDL_JoystickID id = SDL_JoystickGetDeviceInstanceID(e.jdevice.which);
      auto free =
          std::find_if(sticks_.begin(), sticks_.end(), [](const Stick& s) { return s.device == nullptr; });
      if (of(id) != sticks_.end() || free == sticks_.end()) return;
      *free = {SDL_JoystickOpen(e.jdevice.which), id};
      if (free->device != nullptr) changed = free;
      break;
    }
    case SDL_JOYDEVICEREMOVED:
      changed = of(e.jdevice.which);
      if (changed != sticks_.end()) SDL_JoystickClose(std::exchange(changed->device, nullptr));
      break;
    case SDL_JOYAXISMOTION:
      if (e.jaxis.axis < 2) changed = of(e.jaxis.which);
      break;
    case SDL_JOYBUTTONDOWN:
    case SDL_JOYBUTTONUP:
      if (e.jbutton.button < kButtons) changed = of(e.jbutton.which);
      break;
    default: break;
  }
  if (changed != sticks_.end()) tell(static_cast<unsigned>(changed - sticks_.begin()));
}

void Joysticks::tell(unsigned n) {
  SDL_Joystick* device = sticks_[n].device;
  unsigned buttons = 0;
  for (int i = 0; device != nullptr && i < kButtons; ++i)
    buttons |= SDL_JoystickGetButton(device, i) != 0 ? 1u << i : 0;
  auto axis = [device](int i) {
    return static_cast<uint16_t>(device != nullptr ? SDL_JoystickGetAxis(device, i) + 0x8000 : 0);
  };
  post_(stick_event(n, device != nullptr, buttons, axis(0), axis(1)));
}

}  // namespace ilse::ui
