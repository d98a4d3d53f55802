#include "devices/disk/image/overlay_image.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace ilse::dev {

namespace {

mem::Result<File> temporary_file() {
  const char* variable = ::getenv("TMPDIR");
  std::string folder = variable != nullptr && *variable != '\0' ? variable : "/var/tmp";
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    std::string name = folder + "/ilse-snapshot-XXXXXX";
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) ::unlink(name.c_str());
  }
  if (fd < 0) return mem::Error{folder + ": cannot make a temporary file: " + std::strerror(errno)};
  return File(fd);
}

constexpr uint64_t bits(uint64_t first, uint64_t n) { return (n == 64 ? ~0ull : (1ull << n) - 1) << first; }

}  // namespace

OverlayImage::OverlayImage(std::unique_ptr<BlockDevice> below, File file)
    : below_(std::move(below)), file_(std::move(file)) {}

mem::Result<std::unique_ptr<OverlayImage>> OverlayImage::create(std::unique_ptr<BlockDevice> below) {
  auto file = temporary_file();
  if (!file) return file.error();
  return std::unique_ptr<OverlayImage>(new OverlayImage(std::move(below), std::move(*file)));
}

bool OverlayImage::written(uint64_t lba) const {
  auto it = clusters_.find(lba / kCluster);
  return it != clusters_.end() && (it->second >> lba % kCluster & 1) != 0;
}

void OverlayImage::mark(uint64_t lba, uint64_t count) {
  while (count != 0) {
    uint64_t first = lba % kCluster, n = std::min(count, kCluster - first);
    clusters_[lba / kCluster] |= bits(first, n);
    lba += n;
    count -= n;
  }
}

mem::Result<void> OverlayImage::read(uint64_t lba, std::span<uint8_t> to) {
  while (!to.empty()) {
    bool here = written(lba);
    uint64_t n = 1;
    while (n < to.size() / kSectorSize && written(lba + n) == here) ++n;
    auto part = to.first(n * kSectorSize);
    if (!here) {
      auto got = below_->read(lba, part);
      if (!got) return got;
    } else if (int e = file_.read(lba * kSectorSize, part)) {
      return mem::Error{std::string("snapshot: cannot read: ") + std::strerror(e)};
    }
    to = to.subspan(part.size());
    lba += n;
  }
  return {};
}

mem::Result<void> OverlayImage::write(uint64_t lba, std::span<const uint8_t> from) {
  if (int e = file_.write(lba * kSectorSize, from))
    return mem::Error{std::string("snapshot: cannot write: ") + std::strerror(e)};
  mark(lba, from.size() / kSectorSize);
  return {};
}

mem::Result<void> OverlayImage::discard(uint64_t lba, uint64_t count) {
  int e = file_.punch_hole(lba * kSectorSize, count * kSectorSize);
  if (e == 0) {
    mark(lba, count);
    return {};
  }
  if (e != EOPNOTSUPP) return mem::Error{std::string("snapshot: cannot discard: ") + std::strerror(e)};
  std::vector<uint8_t> zeros(std::min<uint64_t>(count, 128) * kSectorSize);
  while (count != 0) {
    uint64_t n = std::min<uint64_t>(count, 128);
    auto put = write(lba, std::span(zeros).first(n * kSectorSize));
    if (!put) return put;
    lba += n;
    count -= n;
  }
  return {};
}

void OverlayImage::visit_state(mem::StateVisitor& v) {
  v.begin("overlay", 1);
  uint64_t count = clusters_.size();
  v("clusters", count);
  if (v.loading()) {
    clusters_.clear();
    (void)file_.punch_hole(0, sectors() * kSectorSize);
  }
  auto it = clusters_.begin();
  std::vector<uint8_t> content;
  for (uint64_t i = 0; i < count; ++i) {
    constexpr uint64_t kUnset = UINT64_MAX;
    uint64_t index = kUnset, mask = 0;
    if (!v.loading()) {
      index = it->first;
      mask = it->second;
      ++it;
    }
    v("index", index);
    v("mask", mask);
    // A loader that has failed leaves the fields alone.
    if (index == kUnset) break;
    for (uint64_t s = 0; s < kCluster; ++s) {
      if ((mask >> s & 1) == 0) continue;
      uint64_t lba = index * kCluster + s;
      content.assign(kSectorSize, 0);
      if (!v.loading()) {
        auto got = read(lba, content);
        if (!got) state_error_ = got.error();
      }
      v.bytes("sector", content);
      if (v.loading() && index < sectors() / kCluster + 1 && lba < sectors()) {
        auto put = write(lba, content);
        if (!put) state_error_ = put.error();
      }
    }
  }
  v.end();
}

}  // namespace ilse::dev
