#include "frontend/screenshot.h"

#include <png.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

namespace ilse::ui {

mem::Result<void> write_png(const dev::Frame& frame, const std::string& path) {
  if (frame.width == 0 || frame.height == 0) return mem::Error{path + ": there is no picture to write"};
  std::vector<uint8_t> rgb;
  rgb.reserve(frame.pixels.size() * 3);
  for (uint32_t p : frame.pixels) {
    rgb.push_back(static_cast<uint8_t>(p >> 16));
    rgb.push_back(static_cast<uint8_t>(p >> 8));
    rgb.push_back(static_cast<uint8_t>(p));
  }
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return mem::Error{path + ": " + std::strerror(errno)};
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = frame.width;
  png.height = frame.height;
  png.format = PNG_FORMAT_RGB;
  bool good = png_image_write_to_stdio(&png, file, 0, rgb.data(), 0, nullptr) != 0;
  std::string cause = good ? "" : png.message;
  if (std::fclose(file) != 0 && good) {
    good = false;
    cause = std::strerror(errno);
  }
  if (good) return {};
  // A device or pipe is not ours to remove.
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) std::filesystem::remove(path, ignored);
  return mem::Error{path + ": " + cause};
}

mem::Result<std::string> write_numbered_png(const dev::Frame& frame, const std::string& prefix) {
  for (int n = 1; n < 10000; ++n) {
    std::string path = prefix + "-" + std::to_string(n) + ".png";
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) continue;
    auto written = write_png(frame, path);
    if (!written) return written.error();
    return path;
  }
  return mem::Error{prefix + "-*.png: too many screenshots"};
}

}  // namespace ilse::ui
