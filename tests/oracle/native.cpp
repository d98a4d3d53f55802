#include "oracle/native.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle/native_child.h"
#include "oracle/native_wire.h"

namespace ilse::oracle {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kFourGib = 1ULL << 32;
constexpr std::uint64_t kLowest = 0x10000;
constexpr std::size_t kMaxBatch = 1024;

bool is_prefix(std::uint8_t byte, Mode mode) {
  switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xf0:
    case 0xf2:
    case 0xf3: return true;
    default: return mode == Mode::k64 && (byte & 0xf0) == 0x40;
  }
}

std::size_t prefix_length(std::span<const std::uint8_t> code, Mode mode) {
  const auto other = [mode](std::uint8_t byte) { return !is_prefix(byte, mode); };
  return static_cast<std::size_t>(std::find_if(code.begin(), code.end(), other) - code.begin());
}

void check_layout(const Layout& layout) {
  std::size_t total = 0;
  for (const Window& w : layout) {
    const std::size_t size = w.background.size();
    total += size;
    if (w.address % kPage != 0 || size % kPage != 0 || size == 0) {
      throw std::runtime_error("native runner: a window is empty or not page-aligned");
    }
    if (w.address < kLowest || size > kMaxLayoutBytes || w.address + size > kFourGib) {
      throw std::runtime_error("native runner: a window is not between 64 KiB and 4 GiB");
    }
    for (const Window& other : layout) {
      if (&other != &w && w.address < other.address + other.background.size() &&
          other.address < w.address + size) {
        throw std::runtime_error("native runner: windows overlap");
      }
    }
  }
  if (total > kMaxLayoutBytes) throw std::runtime_error("native runner: more than 1 MiB of windows");
}

bool inside(const Layout& layout, std::uint64_t address, std::size_t size) {
  return std::any_of(layout.begin(), layout.end(), [&](const Window& w) {
    return address >= w.address && size <= w.background.size() &&
           address - w.address <= w.background.size() - size;
  });
}

}  // namespace

bool native_locks(std::span<const std::uint8_t> code, Mode mode) {
  const std::size_t i = prefix_length(code, mode);
  const auto prefixes = code.first(i);
  if (std::find(prefixes.begin(), prefixes.end(), 0xf0) != prefixes.end()) return true;
  return i + 1 < code.size() && (code[i] & 0xfe) == 0x86 && code[i + 1] < 0xc0;
}

bool native_rejects(std::span<const std::uint8_t> code, Mode mode) {
  const std::size_t i = prefix_length(code, mode);
  const auto at = [&](std::size_t n) -> unsigned { return i + n < code.size() ? code[i + n] : 0; };
  if (at(0) == 0xcd) return at(1) == 0x80;
  if (at(0) != 0x0f) return false;
  const unsigned extension = at(2) >> 3 & 7;
  if (at(1) == 0x05 || at(1) == 0x34) return true;
  if (at(1) == 0x00) return extension < 2;
  if (at(1) == 0x01) return extension == 4 || (extension < 2 && at(2) < 0xc0);
  return false;
}

class NativeRunner::Impl {
 public:
  Impl(Layout layout, int time_limit_ms) : layout_(std::move(layout)), time_limit_ms_(time_limit_ms) {
    check_layout(layout_);
    void* memory = mmap(nullptr, sizeof(Batch), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("native runner: no memory");
    batch_ = static_cast<Batch*>(memory);
    try {
      start();
    } catch (...) {
      munmap(memory, sizeof(Batch));
      throw;
    }
  }

  ~Impl() {
    stop();
    munmap(batch_, sizeof(Batch));
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::vector<Result> run(std::span<const Case> cases) {
    for (const Case& c : cases) check_case(c);
    std::vector<Result> results;
    results.reserve(cases.size());
    while (results.size() < cases.size()) {
      const Case& next = cases[results.size()];
      if (native_rejects(next.code, next.mode)) {
        results.emplace_back().outcome = Outcome::kRejected;
        continue;
      }
      send(cases.subspan(results.size()));
      const Wait how = wait();
      receive(results);
      if (how == Wait::kAnswer) continue;
      results.emplace_back().outcome = how == Wait::kDeath ? Outcome::kCrashed : Outcome::kTimeout;
      ++restarts_;
      stop();
      start();
    }
    return results;
  }

  unsigned restarts() const { return restarts_; }

 private:
  enum class Wait : std::uint8_t { kAnswer, kDeath, kTimeout };

  void check_case(const Case& c) const {
    const std::uint64_t start = (c.mode == Mode::k64 ? 0 : c.base[kCs]) + c.rip;
    const std::size_t size = c.code.size() + (c.end == End::kBreakpoint ? 1 : 0);
    bool good = c.code.empty() || inside(layout_, start, size);
    for (const MemoryRun& r : c.memory) good = good && inside(layout_, r.address, r.bytes.size());
    if (!good) throw std::runtime_error("native runner: a case's code or memory lies outside the windows");
  }

  // As many of the cases as fit, up to the next one that is rejected.
  void send(std::span<const Case> cases) {
    WireWriter out(batch_->cases);
    batch_->count = 0;
    batch_->done = 0;
    for (const Case& c : cases.first(std::min(cases.size(), kMaxBatch))) {
      if (batch_->count > 0 && native_rejects(c.code, c.mode)) break;
      out.value(static_cast<const CaseState&>(c));
      out.value(c.code.size());
      out.bytes(c.code.data(), c.code.size());
      out.runs(c.memory);
      if (out.full()) break;
      ++batch_->count;
    }
    if (batch_->count == 0) throw std::runtime_error("native runner: a case is too large");
    const std::uint8_t token = 0;
    // A dead child shows as end of file when waiting.
    (void)::send(channel_, &token, 1, MSG_NOSIGNAL);
  }

  Wait wait() {
    pollfd p{channel_, POLLIN, 0};
    for (std::uint32_t seen = 0; poll(&p, 1, time_limit_ms_) == 0;) {
      const std::uint32_t done = batch_->done;
      if (done == seen) return Wait::kTimeout;
      seen = done;
    }
    return recv(channel_, &token_, 1, 0) == 1 ? Wait::kAnswer : Wait::kDeath;
  }

  void receive(std::vector<Result>& results) const {
    WireReader in(batch_->results);
    const std::uint32_t done = std::min(batch_->done.load(), batch_->count);
    for (std::uint32_t i = 0; i < done; ++i) {
      Result& r = results.emplace_back();
      in.value(static_cast<ResultState&>(r));
      in.runs([&r](std::uint64_t address, std::span<const std::uint8_t> data) {
        r.changes.push_back({address, {data.begin(), data.end()}});
      });
    }
  }

  void start() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw std::runtime_error("native runner: no socket pair");
    }
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      native_child_main(layout_, *batch_, ends[1]);
    }
    close(ends[1]);
    channel_ = ends[0];
    if (pid_ < 0 || wait() != Wait::kAnswer || token_ == 0) {
      stop();
      throw std::runtime_error("native runner: this host or sandbox lacks FSGSBASE, modify_ldt or seccomp");
    }
  }

  void stop() {
    close(channel_);
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  Layout layout_;
  int time_limit_ms_;
  Batch* batch_ = nullptr;
  pid_t pid_ = -1;
  int channel_ = -1;
  std::uint8_t token_ = 0;
  unsigned restarts_ = 0;
};

NativeRunner::NativeRunner(Layout layout, int time_limit_ms)
    : impl_(std::make_unique<Impl>(std::move(layout), time_limit_ms)) {}
NativeRunner::~NativeRunner() = default;
std::vector<Result> NativeRunner::run(std::span<const Case> cases) { return impl_->run(cases); }
unsigned NativeRunner::restarts() const { return impl_->restarts(); }

}  // namespace ilse::oracle
