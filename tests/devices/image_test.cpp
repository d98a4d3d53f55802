// Image files: refusals with a one-line reason, locking between programs, copy-on-write, sparseness,
// truncation.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "devices/disk/image/overlay_image.h"
#include "devices/disk/image/raw_image.h"
#include "devices/disk/image/truncation.h"

using namespace ilse;
using namespace ilse::dev;
using Access = RawImage::Access;

namespace {

// A folder of the test's own, removed at the end.
struct Folder {
  Folder() {
    char name[] = "/tmp/ilse-image-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { (void)!::system(("rm -rf " + path).c_str()); }
  std::string file(const std::string& name, const std::vector<uint8_t>& content) const {
    std::string p = path + "/" + name;
    std::ofstream f(p, std::ios::binary);
    f.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    return p;
  }
  std::string path;
};

std::vector<uint8_t> numbered(size_t sectors) {
  std::vector<uint8_t> d(sectors * 512);
  for (size_t i = 0; i < d.size(); ++i) d[i] = static_cast<uint8_t>(i / 512 + i);
  return d;
}

std::vector<uint8_t> content_of(const std::string& path) {
  std::ifstream f(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(f), std::istreambuf_iterator<char>()};
}

std::string refusal(const std::string& path, Access access = Access::ReadWrite) {
  auto r = RawImage::open(path, access);
  REQUIRE_FALSE(r);
  const std::string& m = r.error().message;
  CHECK(m.find('\n') == std::string::npos);
  CHECK(m.find(path) != std::string::npos);
  return m;
}

void put32(std::vector<uint8_t>& d, size_t at, uint32_t v) {
  for (size_t i = 0; i < 4; ++i) d[at + i] = static_cast<uint8_t>(v >> (8 * i));
}

// A disk with one partition from sector 1 to `end`.
std::vector<uint8_t> partitioned(size_t sectors, uint32_t end) {
  std::vector<uint8_t> d(sectors * 512);
  d[446] = 0x80;
  d[450] = 0x83;
  put32(d, 454, 1);
  put32(d, 458, end - 1);
  d[510] = 0x55;
  d[511] = 0xAA;
  return d;
}

mem::Result<void> check_disk(const std::string& path) {
  auto image = RawImage::open(path, Access::ReadOnly);
  REQUIRE(image);
  return check_disk_complete(**image);
}

}  // namespace

TEST_CASE("raw image: what cannot be a disk is refused with the reason") {
  Folder f;
  CHECK(refusal(f.path + "/none").find("No such file") != std::string::npos);
  CHECK(refusal(f.path).find("directory") != std::string::npos);
  CHECK(refusal(f.path, Access::ReadOnly).find("directory") != std::string::npos);
  CHECK(refusal(f.file("empty", {})).find("empty") != std::string::npos);
  CHECK(refusal(f.file("short", std::vector<uint8_t>(100))).find("100 bytes") != std::string::npos);
  CHECK(refusal("/dev/null").find("neither") != std::string::npos);
  std::string pipe = f.path + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(refusal(pipe, Access::ReadOnly).find("neither") != std::string::npos);
}

TEST_CASE("raw image: without permission it is refused") {
  Folder f;
  std::string p = f.file("locked", numbered(4));
  REQUIRE(::chmod(p.c_str(), 0) == 0);
  if (::geteuid() != 0) {
    CHECK(refusal(p).find("Permission denied") != std::string::npos);
    return;
  }
  // Root may read everything: ask as somebody else.
  REQUIRE(::chmod(f.path.c_str(), 0755) == 0);
  pid_t child = ::fork();
  if (child == 0) {
    bool good = ::setuid(65534) == 0;
    auto r = RawImage::open(p, Access::ReadOnly);
    good = good && !r && r.error().message.find("Permission denied") != std::string::npos;
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("raw image: reads and writes its file in place") {
  Folder f;
  auto before = numbered(8);
  std::string p = f.file("disk", before);
  {
    auto image = RawImage::open(p, Access::ReadWrite);
    REQUIRE(image);
    CHECK((*image)->sectors() == 8);
    std::vector<uint8_t> two(1024);
    REQUIRE((*image)->read(3, two));
    CHECK(std::memcmp(two.data(), &before[3 * 512], 1024) == 0);
    std::fill(two.begin(), two.end(), uint8_t{0xEE});
    REQUIRE((*image)->write(6, two));
    REQUIRE((*image)->flush());
  }
  auto after = content_of(p);
  CHECK(after.size() == before.size());
  CHECK(std::equal(before.begin(), before.begin() + 6 * 512, after.begin()));
  CHECK(after[6 * 512] == 0xEE);
  CHECK(after[8 * 512 - 1] == 0xEE);
  auto image = RawImage::open(p, Access::ReadOnly);
  REQUIRE(image);
  CHECK((*image)->read_only());
  std::vector<uint8_t> one(512);
  CHECK_FALSE((*image)->write(0, one));
  CHECK_FALSE((*image)->discard(0, 1));
}

TEST_CASE("raw image: a last sector that is not whole is padded with zeros") {
  Folder f;
  std::vector<uint8_t> odd(1000, 0x77);
  std::string p = f.file("boot", odd);
  auto image = RawImage::open(p, Access::ReadWrite);
  REQUIRE(image);
  CHECK((*image)->sectors() == 2);
  CHECK((*image)->bytes() == 1000);
  std::vector<uint8_t> last(512, 1);
  REQUIRE((*image)->read(1, last));
  CHECK(last[487] == 0x77);
  CHECK(last[488] == 0);
  REQUIRE((*image)->write(1, last));
  CHECK(content_of(p).size() == 1024);
}

TEST_CASE("raw image: one writer, or readers") {
  Folder f;
  std::string p = f.file("disk", numbered(4));
  {
    auto writer = RawImage::open(p, Access::ReadWrite);
    REQUIRE(writer);
    CHECK(refusal(p, Access::ReadWrite).find("in use") != std::string::npos);
    CHECK(refusal(p, Access::ReadOnly).find("in use") != std::string::npos);
  }
  auto reader = RawImage::open(p, Access::ReadOnly);
  REQUIRE(reader);
  CHECK(RawImage::open(p, Access::ReadOnly));
  CHECK(refusal(p, Access::ReadWrite).find("in use") != std::string::npos);
  reader->reset();
  CHECK(RawImage::open(p, Access::ReadWrite));
}

TEST_CASE("raw image: another process that writes is seen") {
  Folder f;
  std::string p = f.file("disk", numbered(4));
  int to_child[2], to_parent[2];
  REQUIRE(::pipe(to_child) == 0);
  REQUIRE(::pipe(to_parent) == 0);
  pid_t child = ::fork();
  char c = 0;
  if (child == 0) {
    auto writer = RawImage::open(p, Access::ReadWrite);
    c = writer ? 'y' : 'n';
    (void)!::write(to_parent[1], &c, 1);
    (void)!::read(to_child[0], &c, 1);
    ::_exit(0);
  }
  REQUIRE(::read(to_parent[0], &c, 1) == 1);
  CHECK(c == 'y');
  CHECK(refusal(p).find("in use") != std::string::npos);
  (void)!::write(to_child[1], &c, 1);
  ::waitpid(child, nullptr, 0);
  CHECK(RawImage::open(p, Access::ReadWrite));
  for (int fd : {to_child[0], to_child[1], to_parent[0], to_parent[1]}) ::close(fd);
}

TEST_CASE("raw image: discard gives the host its space back") {
  Folder f;
  std::string p = f.file("disk", std::vector<uint8_t>(1 << 20, 0xAA));
  auto image = RawImage::open(p, Access::ReadWrite);
  REQUIRE(image);
  struct stat before {
  }, after{};
  REQUIRE(::stat(p.c_str(), &before) == 0);
  REQUIRE((*image)->discard(64, 1024));
  REQUIRE((*image)->flush());
  REQUIRE(::stat(p.c_str(), &after) == 0);
  CHECK(after.st_size == 1 << 20);
  CHECK(after.st_blocks < before.st_blocks);
  std::vector<uint8_t> s(1024);
  REQUIRE((*image)->read(63, s));
  CHECK(s[0] == 0xAA);
  CHECK(s[512] == 0);
}

TEST_CASE("raw image: a write that the host refuses is an error with the sector") {
  Folder f;
  std::string p = f.path + "/sparse";
  REQUIRE(std::ofstream(p).good());
  REQUIRE(::truncate(p.c_str(), 1 << 20) == 0);
  auto image = RawImage::open(p, Access::ReadWrite);
  REQUIRE(image);
  // A file size limit makes the kernel fail writes as a full disk would.
  struct rlimit old {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = old;
  small.rlim_cur = 64 * 1024;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::vector<uint8_t> data(512, 1);
  auto good = (*image)->write(10, data);
  auto bad = (*image)->write(1000, data);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK(good);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message.find("sector 1000") != std::string::npos);
}

TEST_CASE("overlay: the image below stays untouched") {
  Folder f;
  auto before = numbered(300);
  std::string p = f.file("disk", before);
  auto base = RawImage::open(p, Access::ReadOnly);
  REQUIRE(base);
  auto overlay = OverlayImage::create(std::move(*base));
  REQUIRE(overlay);
  OverlayImage& o = **overlay;
  CHECK_FALSE(o.read_only());
  CHECK(o.sectors() == 300);
  std::vector<uint8_t> expected = before, data(70 * 512, 0x5C);
  REQUIRE(o.write(60, data));
  std::fill_n(expected.begin() + 60 * 512, data.size(), uint8_t{0x5C});
  REQUIRE(o.write(0, std::span(data).first(512)));
  std::fill_n(expected.begin(), 512, uint8_t{0x5C});
  REQUIRE(o.discard(100, 100));
  std::fill_n(expected.begin() + 100 * 512, 100 * 512, uint8_t{0});
  REQUIRE(o.flush());
  std::vector<uint8_t> all(300 * 512);
  REQUIRE(o.read(0, all));
  CHECK(all == expected);
  CHECK(content_of(p) == before);

  // Its difference is state: another overlay over the same image takes it over.
  mem::SaveVisitor save;
  o.visit_state(save);
  auto state = save.take();
  auto base2 = RawImage::open(p, Access::ReadOnly);
  REQUIRE(base2);
  auto other = OverlayImage::create(std::move(*base2));
  REQUIRE(other);
  REQUIRE((*other)->write(299, std::span(data).first(512)));  // forgotten by the load
  mem::LoadVisitor load(state);
  (*other)->visit_state(load);
  CHECK(load.ok());
  CHECK(load.at_end());
  REQUIRE((*other)->read(0, all));
  CHECK(all == expected);
  CHECK_FALSE((*other)->take_state_error());
  mem::HashVisitor h1, h2;
  o.visit_state(h1);
  (*other)->visit_state(h2);
  CHECK(h1.digest() == h2.digest());
}

TEST_CASE("overlay: a damaged saved state does no harm") {
  Folder f;
  auto base = RawImage::open(f.file("disk", numbered(100)), Access::ReadOnly);
  REQUIRE(base);
  auto overlay = OverlayImage::create(std::move(*base));
  REQUIRE(overlay);
  mem::SaveVisitor save;
  std::vector<uint8_t> data(512, 3);
  REQUIRE((*overlay)->write(99, data));
  (*overlay)->visit_state(save);
  auto state = save.take();
  for (size_t i = 0; i < state.size(); i += i < 64 ? 1 : 37) {
    for (uint8_t v : {0x00, 0x7F, 0xFF}) {
      auto damaged = state;
      damaged[i] = v;
      mem::LoadVisitor load(damaged);
      (*overlay)->visit_state(load);
    }
  }
}

TEST_CASE("overlay: no temporary folder is an error") {
  Folder f;
  auto base = RawImage::open(f.file("disk", numbered(4)), Access::ReadOnly);
  REQUIRE(base);
  const char* old = ::getenv("TMPDIR");
  std::string keep = old != nullptr ? old : "";
  ::setenv("TMPDIR", (f.path + "/none").c_str(), 1);
  auto overlay = OverlayImage::create(std::move(*base));
  old != nullptr ? ::setenv("TMPDIR", keep.c_str(), 1) : ::unsetenv("TMPDIR");
  REQUIRE_FALSE(overlay);
  CHECK(overlay.error().message.find("none") != std::string::npos);
}

TEST_CASE("truncation: hard disks by their partition table") {
  Folder f;
  CHECK(check_disk(f.file("whole", partitioned(100, 100))));
  auto cut = check_disk(f.file("cut", partitioned(50, 100)));
  REQUIRE_FALSE(cut);
  CHECK(cut.error().message.find("truncated") != std::string::npos);
  CHECK(cut.error().message.find("partition 1 ends at sector 100") != std::string::npos);
  auto odd = partitioned(100, 90);
  odd.resize(odd.size() - 100);
  CHECK_FALSE(check_disk(f.file("odd", odd)));

  // Not tables: a boot sector full of code, a blank disk, a protective GPT entry.
  auto code = partitioned(50, 100);
  for (size_t i = 446; i < 510; ++i) code[i] = static_cast<uint8_t>(i * 31 + 5);
  CHECK(check_disk(f.file("code", code)));
  code.resize(1000);
  CHECK(check_disk(f.file("odd-code", code)));
  CHECK(check_disk(f.file("blank", std::vector<uint8_t>(5120))));
  auto gpt = partitioned(50, 0xFFFFFFFF);
  gpt[450] = 0xEE;
  CHECK(check_disk(f.file("gpt", gpt)));
}

TEST_CASE("truncation: CDs by their ISO 9660 volume") {
  Folder f;
  std::vector<uint8_t> iso(40 * 2048);
  iso[16 * 2048] = 1;
  std::memcpy(&iso[16 * 2048 + 1], "CD001", 5);
  put32(iso, 16 * 2048 + 80, 40);
  auto check = [&](const std::string& name, const std::vector<uint8_t>& content) {
    auto image = RawImage::open(f.file(name, content), Access::ReadOnly);
    REQUIRE(image);
    return static_cast<bool>(check_cd_complete(**image));
  };
  CHECK(check("whole", iso));
  iso.resize(39 * 2048);
  CHECK_FALSE(check("cut", iso));
  CHECK(check("other", std::vector<uint8_t>(10240)));
}
