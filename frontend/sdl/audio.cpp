#include "frontend/sdl/audio.h"

#include <SDL.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

namespace ilse::ui {

namespace {

// Sound libraries complain at length where there is no card; one line of ours says it.
class QuietErrors {
 public:
  QuietErrors() : saved_(dup(STDERR_FILENO)) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) return;
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
  }
  ~QuietErrors() {
    if (saved_ < 0) return;
    dup2(saved_, STDERR_FILENO);
    close(saved_);
  }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;

 private:
  int saved_;
};

}  // namespace

mem::Result<std::unique_ptr<SdlAudio>> SdlAudio::open() {
  std::unique_ptr<SdlAudio> audio(new SdlAudio);
  const QuietErrors quiet;
  if (SDL_InitSubSystem(SDL_INIT_AUDIO) != 0) return mem::Error{std::string("no sound: ") + SDL_GetError()};
  audio->sdl_ready_ = true;
  SDL_AudioSpec want{};
  want.freq = static_cast<int>(dev::SoundMixer::kRate);
  want.format = AUDIO_S16SYS;
  want.channels = 2;
  want.samples = 512;
  want.userdata = &audio->ring_;
  want.callback = [](void* self, Uint8* to, int bytes) {
    static_cast<SoundRing*>(self)->take(
        {reinterpret_cast<int16_t*>(to), static_cast<size_t>(bytes) / sizeof(int16_t)});
  };
  audio->device_ = SDL_OpenAudioDevice(nullptr, 0, &want, nullptr, 0);
  if (audio->device_ == 0) return mem::Error{std::string("no sound: ") + SDL_GetError()};
  SDL_PauseAudioDevice(audio->device_, 0);
  return audio;
}

SdlAudio::~SdlAudio() {
  if (device_ != 0) SDL_CloseAudioDevice(device_);
  if (sdl_ready_) SDL_QuitSubSystem(SDL_INIT_AUDIO);
}

}  // namespace ilse::ui
