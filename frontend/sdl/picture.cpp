#include "frontend/sdl/picture.h"

#include <algorithm>
#include <utility>

namespace ilse::ui {

SDL_Rect place_picture(const SDL_Rect& area, unsigned width, unsigned height, bool square, Scaling scaling) {
  // Rows of a 4:3 monitor's picture are 3/4 of its width, however many lines it has.
  const double w = width, h = scaling.aspect && !square ? width * 0.75 : height;
  double scale = std::min(area.w / w, area.h / h);
  if (scaling.integer && scale >= 1) scale = static_cast<int>(scale);
  SDL_Rect to;
  to.w = std::max(1, static_cast<int>(w * scale + 0.5));
  to.h = std::max(1, static_cast<int>(h * scale + 0.5));
  to.x = area.x + (area.w - to.w) / 2;
  to.y = area.y + (area.h - to.h) / 2;
  return to;
}

void Picture::lost() {
  if (texture_ != nullptr) SDL_DestroyTexture(std::exchange(texture_, nullptr));
}

void Picture::update(const DisplayFrame& frame) {
  const dev::Frame& image = frame.image;
  if (image.width == 0 || image.height == 0) return;
  bool whole = frame.changed.size() != image.height;
  if (texture_ == nullptr || image.width != width_ || image.height != height_) {
    lost();
    texture_ = SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STREAMING,
                                 static_cast<int>(image.width), static_cast<int>(image.height));
    if (texture_ == nullptr) return;  // out of graphics memory: the next frame tries again
    width_ = image.width;
    height_ = image.height;
    whole = true;
  }
  square_ = frame.square_pixels;
  const int pitch = static_cast<int>(image.width) * 4;
  auto is_new = [&](unsigned y) { return whole || frame.changed[y] > look_; };
  for (unsigned y = 0; y < image.height;) {
    if (!is_new(y)) {
      ++y;
      continue;
    }
    unsigned end = y + 1;
    while (end < image.height && is_new(end)) ++end;
    const SDL_Rect band{0, static_cast<int>(y), static_cast<int>(image.width), static_cast<int>(end - y)};
    SDL_UpdateTexture(texture_, &band, image.row(y), pitch);
    y = end;
  }
  look_ = frame.look;
}

void Picture::draw(const SDL_Rect& area, Scaling scaling) {
  if (texture_ == nullptr) return;
  where_ = place_picture(area, width_, height_, square_, scaling);
  const bool smaller = where_.w < static_cast<int>(width_) || where_.h < static_cast<int>(height_);
  SDL_SetTextureScaleMode(texture_, smaller || scaling.linear ? SDL_ScaleModeLinear : SDL_ScaleModeNearest);
  SDL_RenderCopy(renderer_, texture_, nullptr, &where_);
}

}  // namespace ilse::ui
