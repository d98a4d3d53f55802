#include "frontend/audio/wav_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace ilse::ui {

namespace {
constexpr uint32_t kHeader = 44, kFrame = 4;
}

mem::Result<std::unique_ptr<WavFile>> WavFile::create(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return mem::Error{path + ": " + std::strerror(errno)};
  std::unique_ptr<WavFile> wav(new WavFile(file, path));
  if (!wav->write_header()) return mem::Error{path + ": " + std::strerror(errno)};
  return wav;
}

WavFile::~WavFile() { finish(); }

bool WavFile::write_header() {
  std::array<uint8_t, kHeader> h{};
  auto text = [&h](size_t at, const char* t) { std::memcpy(&h[at], t, 4); };
  auto number = [&h](size_t at, uint64_t v, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) h[at + i] = static_cast<uint8_t>(v >> (8 * i));
  };
  // Longer than its fields can say: readers take such a file up to its end.
  auto data = static_cast<uint32_t>(std::min<uint64_t>(bytes_, UINT32_MAX - kHeader));
  text(0, "RIFF");
  number(4, data + kHeader - 8, 4);
  text(8, "WAVE");
  text(12, "fmt ");
  number(16, 16, 4);
  number(20, 1, 2);  // PCM
  number(22, 2, 2);
  number(24, dev::SoundMixer::kRate, 4);
  number(28, dev::SoundMixer::kRate * kFrame, 4);
  number(32, kFrame, 2);
  number(34, 16, 2);
  text(36, "data");
  number(40, data, 4);
  return std::fseek(file_, 0, SEEK_SET) == 0 && std::fwrite(h.data(), 1, h.size(), file_) == h.size();
}

void WavFile::write(std::span<const int16_t> samples) {
  if (file_ == nullptr) return;
  std::vector<uint8_t> bytes;
  bytes.reserve(samples.size() * 2);
  for (int16_t s : samples) {
    bytes.push_back(static_cast<uint8_t>(s));
    bytes.push_back(static_cast<uint8_t>(static_cast<uint16_t>(s) >> 8));
  }
  failed_ = std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size() || failed_;
  bytes_ += bytes.size();
}

std::string WavFile::finish() {
  if (file_ == nullptr) return {};
  failed_ = !write_header() || failed_;
  failed_ = std::fclose(std::exchange(file_, nullptr)) != 0 || failed_;
  return failed_ ? path_ + ": the sound is not completely written: " + std::strerror(errno) : "";
}

}  // namespace ilse::ui
