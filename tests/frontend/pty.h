// A terminal for tests: the master side is ours, the slave side is what the code under test believes in.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <string_view>

namespace ilse::ui::test {

struct Pty {
  int master = -1, slave = -1;
  termios before{};

  Pty() {
    winsize size{25, 80, 0, 0};
    REQUIRE(openpty(&master, &slave, nullptr, nullptr, &size) == 0);
    REQUIRE(tcgetattr(slave, &before) == 0);
  }
  ~Pty() {
    close(master);
    close(slave);
  }
  void type(std::string_view s) const {
    REQUIRE(write(master, s.data(), s.size()) == static_cast<ssize_t>(s.size()));
  }
  // What came out, until `wanted` is in it or two seconds have passed.
  std::string output(std::string_view wanted) const {
    std::string all;
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (all.find(wanted) == std::string::npos && std::chrono::steady_clock::now() < end) {
      pollfd p{master, POLLIN, 0};
      if (poll(&p, 1, 20) <= 0) continue;
      char b[4096];
      ssize_t n = read(master, b, sizeof b);
      if (n > 0) all.append(b, static_cast<size_t>(n));
    }
    return all;
  }
  termios now() const {
    termios t{};
    REQUIRE(tcgetattr(slave, &t) == 0);
    return t;
  }
  bool cooked() const {
    termios t = now();
    return t.c_lflag == before.c_lflag && t.c_iflag == before.c_iflag && t.c_cflag == before.c_cflag;
  }
};

}  // namespace ilse::ui::test
