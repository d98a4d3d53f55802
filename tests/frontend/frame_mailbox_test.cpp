// Frames between two threads, and frames in files.
#include "frontend/display/frame_mailbox.h"

#include <png.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "frontend/screenshot.h"

using namespace ilse;
using namespace ilse::ui;

TEST_CASE("frame mailbox: the newest frame, once") {
  FrameMailbox m;
  CHECK(m.take() == nullptr);
  for (unsigned i = 1; i <= 5; ++i) {
    m.back().image.resize(i, 1);
    m.publish();
  }
  const DisplayFrame* f = m.take();
  REQUIRE(f != nullptr);
  CHECK(f->image.width == 5);
  CHECK(m.take() == nullptr);
  CHECK(m.front().image.width == 5);
}

TEST_CASE("frame mailbox: frames are whole and in order under load") {
  FrameMailbox m;
  constexpr uint32_t kFrames = 20000;
  std::thread machine([&] {
    for (uint32_t i = 1; i <= kFrames; ++i) {
      auto& f = m.back();
      f.image.resize(16, 16);
      std::fill(f.image.pixels.begin(), f.image.pixels.end(), i);
      m.publish();
    }
  });
  uint32_t last = 0;
  while (last != kFrames) {
    const DisplayFrame* f = m.take();
    if (f == nullptr) {
      std::this_thread::yield();
      continue;
    }
    uint32_t v = f->image.pixels[0];
    REQUIRE(v > last);
    REQUIRE(std::count(f->image.pixels.begin(), f->image.pixels.end(), v) == 256);
    last = v;
  }
  machine.join();
}

namespace {
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ilse-test-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
};
}  // namespace

TEST_CASE("screenshot: the file holds the picture") {
  Folder folder;
  dev::Frame f;
  f.resize(3, 2);
  f.pixels = {0xFF112233, 0xFFFFFFFF, 0xFF000000, 0xFFFF0000, 0xFF00FF00, 0xFF0000FF};
  REQUIRE(write_png(f, folder.file("a.png")));
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&png, folder.file("a.png").c_str()) != 0);
  CHECK((png.width == 3 && png.height == 2));
  png.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> rgb(18);
  REQUIRE(png_image_finish_read(&png, nullptr, rgb.data(), 0, nullptr) != 0);
  CHECK(rgb ==
        std::vector<uint8_t>{0x11, 0x22, 0x33, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255});
}

TEST_CASE("screenshot: failures name file and cause and leave nothing") {
  Folder folder;
  dev::Frame f;
  CHECK(write_png(f, folder.file("a.png")).error().message.find("no picture") != std::string::npos);
  f.resize(600, 400);
  CHECK(write_png(f, folder.file("none/a.png")).error().message.find("No such file") != std::string::npos);
  CHECK_FALSE(write_png(f, folder.path.string()));
  auto full = write_png(f, "/dev/full");
  CHECK_FALSE(full);
  CHECK(full.error().message.starts_with("/dev/full: "));
  CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("screenshot: numbered files never overwrite") {
  Folder folder;
  dev::Frame f;
  f.resize(1, 1);
  auto a = write_numbered_png(f, folder.file("shot")), b = write_numbered_png(f, folder.file("shot"));
  REQUIRE((a && b));
  CHECK(*a == folder.file("shot-1.png"));
  CHECK(*b == folder.file("shot-2.png"));
}
