#include "frontend/char/stdio_char.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ilse::ui {

mem::Result<std::unique_ptr<StdioChar>> StdioChar::open(int in, int out, unsigned unit, Callbacks callbacks) {
  std::unique_ptr<StdioChar> s(new StdioChar(in, out, unit, std::move(callbacks)));
  if (pipe2(s->wake_, O_CLOEXEC | O_NONBLOCK) != 0) {
    return mem::Error{std::string("cannot make a pipe: ") + std::strerror(errno)};
  }
  auto taken = s->resume();
  if (!taken) return taken.error();
  s->thread_ = std::thread([p = s.get()] { p->run(); });
  return s;
}

StdioChar::~StdioChar() {
  if (thread_.joinable()) {
    stopping_ = true;
    wake();
    thread_.join();
  }
  for (int fd : wake_) {
    if (fd >= 0) close(fd);
  }
}

mem::Result<void> StdioChar::resume() {
  auto terminal = RawTerminal::open(in_, out_);
  if (!terminal) return terminal.error();
  terminal_ = std::move(*terminal);
  reading_ = true;
  if (thread_.joinable()) wake();
  return {};
}

void StdioChar::suspend() {
  reading_ = false;
  wake();
  terminal_.reset();
}

void StdioChar::wake() {
  char c = 0;
  // A full pipe wakes the thread just as well.
  [[maybe_unused]] ssize_t ignored = write(wake_[1], &c, 1);
}

void StdioChar::put(uint8_t byte) {
  std::unique_lock lock(mutex_);
  written_.wait(lock, [this] { return pending_.size() < kBacklog; });
  if (pending_.empty()) wake();
  pending_ += static_cast<char>(byte);
}

void StdioChar::write_output() {
  std::string data;
  {
    std::lock_guard lock(mutex_);
    data.swap(pending_);
  }
  if (data.empty()) return;
  written_.notify_one();
  write_all(out_, data);  // a closed pipe: nobody is listening any more
}

void StdioChar::read_input() {
  std::array<char, 512> buffer;
  ssize_t n = read(in_, buffer.data(), buffer.size());
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) at_end_ = true;
  if (n <= 0) return;
  std::string data;
  filter_.feed({buffer.data(), static_cast<size_t>(n)}, data, [this](TerminalCommand c) {
    switch (c) {
      case TerminalCommand::Quit:
        if (callbacks_.on_quit) callbacks_.on_quit();
        break;
      case TerminalCommand::Switch:
        if (callbacks_.on_switch) callbacks_.on_switch();
        break;
      case TerminalCommand::Break:
        if (callbacks_.on_break) callbacks_.on_break();
        break;
      case TerminalCommand::Help: write_all(out_, terminal_help()); break;
    }
  });
  if (!callbacks_.post) return;
  for (char c : data) {
    callbacks_.post({dev::OutsideEvent::Kind::Serial, unit_, static_cast<uint8_t>(c)});
  }
}

void StdioChar::run() {
  while (!stopping_) {
    bool listen = reading_ && !at_end_;
    pollfd p[2] = {{wake_[0], POLLIN, 0}, {listen ? in_ : -1, POLLIN, 0}};
    poll(p, 2, -1);
    if (p[0].revents != 0) {
      std::array<char, 64> drain;
      while (read(wake_[0], drain.data(), drain.size()) > 0) {
      }
    }
    write_output();
    if (listen && reading_ && p[1].revents != 0) read_input();
  }
  write_output();
}

}  // namespace ilse::ui
