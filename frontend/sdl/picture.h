// The guest's picture on a renderer: a texture of which only the lines that changed are sent again, and where
// in the window it goes.
#pragma once

#include <SDL.h>

#include "frontend/display/frame_mailbox.h"

namespace ilse::ui {

struct Scaling {
  bool integer = true;  // sharp: whole multiples of a pixel where the window has room for one
  bool aspect = false;  // the VGA's own modes are as wide as a 4:3 monitor shows them
  bool linear = false;  // smooth where a pixel is not a whole number of the window's
  bool operator==(const Scaling&) const = default;
};

// Where a picture of `width` x `height` pixels goes in an area; `square`: its pixels are.
SDL_Rect place_picture(const SDL_Rect& area, unsigned width, unsigned height, bool square, Scaling scaling);

class Picture {
 public:
  explicit Picture(SDL_Renderer* renderer) : renderer_(renderer) {}
  ~Picture() { lost(); }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;

  // Takes over what has changed. The frames are of one painter.
  void update(const DisplayFrame& frame);
  // The renderer's textures are gone.
  void lost();
  bool empty() const { return texture_ == nullptr; }
  // Draws it within `area` and remembers where.
  void draw(const SDL_Rect& area, Scaling scaling);
  // Where it was drawn last, in the renderer's pixels.
  const SDL_Rect& where() const { return where_; }
  unsigned width() const { return width_; }
  unsigned height() const { return height_; }

 private:
  SDL_Renderer* renderer_;
  SDL_Texture* texture_ = nullptr;
  unsigned width_ = 0, height_ = 0;
  bool square_ = false;
  uint64_t look_ = 0;  // of the frame that the texture has
  SDL_Rect where_{};
};

}  // namespace ilse::ui
