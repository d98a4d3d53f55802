// Sound into a WAV file: 48 kHz, 16 bits, stereo (RIFF, "Multimedia Programming Interface and Data
// Specifications"). Every frame of virtual time is in it, so that its length is that of the run.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "devices/sound/mixer.h"
#include "memory/result.h"

namespace ilse::ui {

class WavFile : public dev::SoundSink {
 public:
  // Fails with "PATH: cause".
  static mem::Result<std::unique_ptr<WavFile>> create(const std::string& path);
  ~WavFile() override;
  WavFile(const WavFile&) = delete;
  WavFile& operator=(const WavFile&) = delete;

  void write(std::span<const int16_t> samples) override;
  // Completes the header; empty, or what went wrong.
  std::string finish();

 private:
  WavFile(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  bool write_header();

  std::FILE* file_;
  std::string path_;
  uint64_t bytes_ = 0;
  bool failed_ = false;
};

}  // namespace ilse::ui
