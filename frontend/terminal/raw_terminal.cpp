#include "frontend/terminal/raw_terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace ilse::ui {

namespace {

// Signal handlers get no argument of ours, so what they restore is the one thing here that is global.
struct Saved {
  std::atomic<bool> active{false};
  std::atomic<bool> resumed{false};
  int in = -1;
  int out = -1;
  termios cooked{};
  termios raw{};
  std::array<char, 64> farewell{};
  size_t farewell_size = 0;
};
Saved saved;

constexpr std::array kFatal{SIGHUP, SIGINT,  SIGQUIT, SIGTERM, SIGPIPE, SIGALRM,
                            SIGILL, SIGABRT, SIGBUS,  SIGFPE,  SIGSEGV};

// Only calls that POSIX allows in a signal handler.
void give_back() {
  if (!saved.active) return;
  if (saved.farewell_size != 0) {
    [[maybe_unused]] ssize_t ignored = write(saved.out, saved.farewell.data(), saved.farewell_size);
  }
  tcsetattr(saved.in, TCSANOW, &saved.cooked);
}

extern "C" void ilse_terminal_fatal(int signal) {
  int error = errno;
  give_back();
  saved.active = false;
  // SA_RESETHAND has put the default action back: this ends the program as the signal would have.
  raise(signal);
  errno = error;
}

extern "C" void ilse_terminal_stop(int) {
  int error = errno;
  give_back();
  raise(SIGSTOP);
  if (saved.active) tcsetattr(saved.in, TCSANOW, &saved.raw);
  saved.resumed = true;
  errno = error;
}

void restore_at_exit() {
  give_back();
  saved.active = false;
}

// Takes a signal that nobody handles yet.
void take(int signal, void (*handler)(int), int flags) {
  struct sigaction old {};
  if (sigaction(signal, nullptr, &old) != 0) return;
  if ((old.sa_flags & SA_SIGINFO) != 0 || old.sa_handler != SIG_DFL) return;
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(signal, &action, nullptr);
}

void drop(int signal, void (*handler)(int)) {
  struct sigaction now {};
  if (sigaction(signal, nullptr, &now) != 0) return;
  if ((now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != handler) return;
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
}

}  // namespace

mem::Result<std::unique_ptr<RawTerminal>> RawTerminal::open(int in, int out, std::string_view on_restore) {
  if (isatty(in) == 0) return std::unique_ptr<RawTerminal>(new RawTerminal(in, out, false));
  if (saved.active) return mem::Error{"the terminal is already in use by another part of Ilse"};
  if (tcgetattr(in, &saved.cooked) != 0) {
    return mem::Error{std::string("cannot read the terminal's settings: ") + std::strerror(errno)};
  }
  saved.in = in;
  saved.out = out;
  saved.farewell_size = std::min(on_restore.size(), saved.farewell.size());
  std::memcpy(saved.farewell.data(), on_restore.data(), saved.farewell_size);
  saved.raw = saved.cooked;
  saved.raw.c_iflag &=
      ~static_cast<tcflag_t>(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
  saved.raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  saved.raw.c_cflag = (saved.raw.c_cflag & ~static_cast<tcflag_t>(CSIZE | PARENB)) | CS8;
  saved.raw.c_cc[VMIN] = 1;
  saved.raw.c_cc[VTIME] = 0;

  static const int registered = std::atexit(restore_at_exit);
  if (registered != 0) return mem::Error{"cannot arrange for the terminal to be restored at exit"};
  saved.active = true;
  for (int signal : kFatal) take(signal, ilse_terminal_fatal, SA_RESETHAND | SA_NODEFER);
  take(SIGTSTP, ilse_terminal_stop, SA_RESTART);
  if (tcsetattr(in, TCSANOW, &saved.raw) != 0) {
    std::string cause = std::strerror(errno);
    saved.active = false;
    return mem::Error{"cannot set the terminal's mode: " + cause};
  }
  return std::unique_ptr<RawTerminal>(new RawTerminal(in, out, true));
}

RawTerminal::~RawTerminal() {
  if (!terminal_) return;
  give_back();
  saved.active = false;
  for (int signal : kFatal) drop(signal, ilse_terminal_fatal);
  drop(SIGTSTP, ilse_terminal_stop);
}

void RawTerminal::size(unsigned& columns, unsigned& rows) const {
  winsize w{};
  columns = 80;
  rows = 25;
  if (ioctl(out_, TIOCGWINSZ, &w) == 0 && w.ws_col != 0 && w.ws_row != 0) {
    columns = w.ws_col;
    rows = w.ws_row;
  }
}

bool RawTerminal::take_resumed() { return saved.resumed.exchange(false); }

bool write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    ssize_t n = write(fd, data.data(), data.size());
    if (n >= 0) {
      data.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd p{fd, POLLOUT, 0};
      poll(&p, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace ilse::ui
