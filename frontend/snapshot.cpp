#include "frontend/snapshot.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "devices/disk/image/file.h"
#include "memory/state_visitor.h"

namespace ilse::ui {

namespace {

constexpr std::string_view kMagic = "ilse snapshot 1\n";
constexpr size_t kNumbers = 3, kHeader = 16 + 8 * kNumbers;
static_assert(kMagic.size() == 16);

mem::Error error_of(const std::string& path, const std::string& what) {
  return mem::Error{path + ": " + what};
}
mem::Error error_of(const std::string& path, int e) { return error_of(path, std::strerror(e)); }

// What has to be the same for the state to fit.
std::string configuration(const Options& o) {
  std::string c = "-m " + std::to_string(o.ram_mib) + " -smp " + std::to_string(o.cpus) + " -cpu " + o.cpu +
                  " -machine smm=" + (o.smm ? "on" : "off") + " -vga " + (o.vga ? "std" : "none");
  if (o.debug_exit.present) c += " -device isa-debug-exit";
  if (o.pvpanic) c += " -device pvpanic";
  if (o.pci_testdev) c += " -device pci-testdev";
  if (o.sb16) c += " -device sb16";
  if (o.ac97) c += " -device AC97";
  auto drive = [&c](const DriveOption& d, const std::string& kind) {
    std::error_code none;
    const auto size = d.file.empty() ? 0 : std::filesystem::file_size(d.file, none);
    c += " -drive " + kind + ",index=" + std::to_string(d.index) + "," +
         (d.file.empty() ? "empty" : std::to_string(size) + " bytes");
  };
  for (const DriveOption& d : o.drives) drive(d, d.cdrom ? "media=cdrom" : "media=disk");
  for (const DriveOption& d : o.floppies) drive(d, "if=floppy");
  return c;
}

// Why the disks' contents would not be in the snapshot; empty: they are.
std::string not_in_it(Machine& machine, const Options& o) {
  auto direct = [&o](const DriveOption& d) {
    return !d.file.empty() && !d.cdrom && !d.read_only && !d.snapshot && !o.snapshot;
  };
  for (const auto* list : {&o.drives, &o.floppies}) {
    for (const DriveOption& d : *list) {
      if (direct(d)) return d.file + " is written to directly; savevm wants -snapshot";
    }
  }
  for (const dev::MediaDrive& m : machine.board().media_drives()) {
    bool as_given = m.medium.empty();
    for (const auto* list : {&o.drives, &o.floppies}) {
      for (const DriveOption& d : *list) as_given = as_given || d.file == m.medium;
    }
    if (!as_given) return m.id + " has " + m.medium + ", which no option names";
  }
  return {};
}

// Into a file, in large pieces: what SaveVisitor makes of a field goes on from here.
class FileSaver final : public mem::StateVisitor {
 public:
  FileSaver(const dev::File& file, uint64_t at)
      : file_(file), at_(at), hash_(XXH64_createState(), XXH64_freeState) {
    XXH64_reset(hash_.get(), 0);
    buffer_.reserve(kPiece);
  }
  void begin(std::string_view section, unsigned version) override {
    field_.begin(section, version);
    put(field_.take());
  }
  void end() override {
    field_.end();
    put(field_.take());
  }
  void number(std::string_view name, uint64_t& value, unsigned n) override {
    field_.number(name, value, n);
    put(field_.take());
  }
  void bytes(std::string_view, std::span<uint8_t> data) override { put(data); }
  void blob(std::string_view name, std::vector<uint8_t>& data, size_t limit) override {
    field_.blob(name, data, limit);
    put(field_.take());
  }
  void put(std::span<const uint8_t> data) {
    if (buffer_.size() + data.size() > kPiece) flush();
    buffer_.insert(buffer_.end(), data.begin(), data.end());
  }
  void flush() {
    XXH64_update(hash_.get(), buffer_.data(), buffer_.size());
    if (error_ == 0) error_ = file_.write(at_, buffer_);
    at_ += buffer_.size();
    buffer_.clear();
  }
  int error() const { return error_; }
  uint64_t at() const { return at_; }
  uint64_t digest() const { return XXH64_digest(hash_.get()); }

 private:
  static constexpr size_t kPiece = 1 << 20;
  mem::SaveVisitor field_;
  const dev::File& file_;
  uint64_t at_;
  std::vector<uint8_t> buffer_;
  int error_ = 0;
  std::unique_ptr<XXH64_state_t, XXH_errorcode (*)(XXH64_state_t*)> hash_;
};

void put_number(std::vector<uint8_t>& to, uint64_t v) {
  for (unsigned k = 0; k < 8; ++k) to.push_back(static_cast<uint8_t>(v >> (8 * k)));
}
uint64_t number_at(std::span<const uint8_t> from, size_t n) {
  uint64_t v = 0;
  for (unsigned k = 8; k-- > 0;) v = v << 8 | from[kMagic.size() + 8 * n + k];
  return v;
}

// 0, or an errno.
int write_to(const dev::File& file, Machine& machine, const std::string& config) {
  FileSaver save(file, kHeader);
  save.put({reinterpret_cast<const uint8_t*>(config.data()), config.size()});
  machine.visit_state(save);
  save.flush();
  if (save.error() != 0) return save.error();
  std::vector<uint8_t> header(kMagic.begin(), kMagic.end());
  put_number(header, config.size());
  put_number(header, save.at() - kHeader - config.size());
  put_number(header, save.digest());
  if (int e = file.write(0, header)) return e;
  return file.sync();
}

struct Mapping {
  std::span<uint8_t> bytes;
  ~Mapping() {
    if (!bytes.empty()) munmap(bytes.data(), bytes.size());
  }
};

}  // namespace

mem::Result<void> save_snapshot(Machine& machine, const Options& options, const std::string& path) {
  if (std::string why = not_in_it(machine, options); !why.empty()) return error_of(path, why);
  const std::string beside = path + ".new";
  dev::File file(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.fd() < 0) return error_of(beside, errno);
  int e = write_to(file, machine, configuration(options));
  if (e == 0 && std::rename(beside.c_str(), path.c_str()) != 0) e = errno;
  if (e != 0) {
    unlink(beside.c_str());
    return error_of(path, e);
  }
  // The name too is on the disk then.
  const std::string folder = std::filesystem::path(path).parent_path().string();
  dev::File directory(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd() >= 0) fsync(directory.fd());
  return {};
}

mem::Result<void> load_snapshot(Machine& machine, const Options& options, const std::string& path) {
  dev::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (file.fd() < 0 || fstat(file.fd(), &status) != 0) return error_of(path, errno);
  if (!S_ISREG(status.st_mode)) return error_of(path, "not a regular file");
  const auto size = static_cast<size_t>(status.st_size);
  if (size < kHeader) return error_of(path, "not a snapshot of Ilse's");
  void* at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd(), 0);
  if (at == MAP_FAILED) return error_of(path, errno);
  const Mapping mapping{{static_cast<uint8_t*>(at), size}};
  const std::span<const uint8_t> bytes = mapping.bytes;
  if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
    return error_of(path, "not a snapshot of Ilse's, or of another version");
  const uint64_t config_size = number_at(bytes, 0), state_size = number_at(bytes, 1);
  const std::span<const uint8_t> rest = bytes.subspan(kHeader);
  if (config_size > rest.size() || state_size != rest.size() - config_size)
    return error_of(path, "the snapshot is truncated");
  if (XXH64(rest.data(), rest.size(), 0) != number_at(bytes, 2))
    return error_of(path, "the snapshot is damaged");
  const std::string config(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(config_size));
  if (config != configuration(options))
    return error_of(path, "the snapshot is of another machine: " + config);
  mem::LoadVisitor load(rest.subspan(config_size));
  machine.visit_state(load);
  if (!load.ok()) return error_of(path, "the snapshot does not fit this machine: " + load.error());
  if (!load.at_end()) return error_of(path, "the snapshot has more than this machine");
  return {};
}

}  // namespace ilse::ui
