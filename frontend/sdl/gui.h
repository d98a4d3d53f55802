// Dear ImGui on an SDL renderer: its input from SDL's events, its triangles to SDL's. The library is built
// without a backend for SDL's renderer on Debian 12, and this is all that a menu needs.
#pragma once

#include <SDL.h>

struct ImGuiContext;

namespace ilse::ui {

class Gui {
 public:
  Gui(SDL_Window* window, SDL_Renderer* renderer);
  ~Gui();
  Gui(const Gui&) = delete;
  Gui& operator=(const Gui&) = delete;

  void handle(const SDL_Event& e);
  // Around what is to be shown. begin() takes the mouse as it is at the moment.
  void begin();
  void end();
  // Whether the mouse is over it, or a text field has the keyboard: as of the last frame.
  bool wants_mouse() const;
  bool wants_text() const;
  // The renderer's textures are gone.
  void lost();

 private:
  void make_font_texture();
  void draw();

  SDL_Window* window_;
  SDL_Renderer* renderer_;
  ImGuiContext* context_;
  SDL_Texture* font_ = nullptr;
  bool down_ = false;      // the left button
  bool clicked_ = false;   // it was pressed since the last frame, and may be up again
  uint64_t frame_at_ = 0;  // SDL's performance counter
};

}  // namespace ilse::ui
