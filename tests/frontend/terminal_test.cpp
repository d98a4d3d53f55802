// Raw mode and its restoration, the terminal display and the serial port on a terminal, on a pseudo terminal.
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "frontend/char/char_backends.h"
#include "frontend/char/stdio_char.h"
#include "frontend/terminal/raw_terminal.h"
#include "frontend/terminal/terminal_display.h"
#include "tests/frontend/pty.h"

using namespace ilse;
using namespace ilse::ui;
using namespace ilse::ui::test;

namespace {
template <class F>
bool soon(F f) {
  for (int i = 0; i < 200; ++i) {
    if (f()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}
}  // namespace

TEST_CASE("raw terminal: raw while it lives, as before when it is gone") {
  Pty pty;
  {
    auto t = RawTerminal::open(pty.slave, pty.slave, "bye");
    REQUIRE(t);
    CHECK((*t)->is_terminal());
    CHECK((pty.now().c_lflag & (ICANON | ECHO | ISIG)) == 0);
    unsigned columns = 0, rows = 0;
    (*t)->size(columns, rows);
    CHECK((columns == 80 && rows == 25));
    CHECK_FALSE(RawTerminal::open(pty.slave, pty.slave));
  }
  CHECK(pty.cooked());
  CHECK(pty.output("bye") == "bye");
  CHECK(RawTerminal::open(pty.slave, pty.slave));
}

TEST_CASE("raw terminal: a pipe is left alone") {
  int p[2];
  REQUIRE(pipe(p) == 0);
  auto t = RawTerminal::open(p[0], p[1]);
  REQUIRE(t);
  CHECK_FALSE((*t)->is_terminal());
  close(p[0]);
  close(p[1]);
}

TEST_CASE("raw terminal: restored on every way out") {
  for (int way : {0, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGPIPE}) {
    Pty pty;
    pid_t child = fork();
    if (child == 0) {
      for (int s : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGPIPE}) signal(s, SIG_DFL);
      auto t = RawTerminal::open(pty.slave, pty.slave, "gone");
      if (!t) _exit(99);
      if (way == 0) std::exit(0);
      raise(way);
      _exit(97);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    INFO("signal " << way);
    if (way == 0) {
      CHECK(status == 0);
    } else {
      CHECK(WIFSIGNALED(status));
      CHECK(WTERMSIG(status) == way);
    }
    CHECK(pty.cooked());
    CHECK(pty.output("gone") == "gone");
  }
}

TEST_CASE("raw terminal: stopped and continued") {
  Pty pty;
  pid_t child = fork();
  if (child == 0) {
    signal(SIGTSTP, SIG_DFL);
    auto t = RawTerminal::open(pty.slave, pty.slave);
    if (!t) _exit(99);
    raise(SIGTSTP);
    termios now{};
    tcgetattr(pty.slave, &now);
    bool raw = (now.c_lflag & ICANON) == 0;
    _exit((*t)->take_resumed() && raw && !(*t)->take_resumed() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, WUNTRACED) == child);
  REQUIRE(WIFSTOPPED(status));
  CHECK(pty.cooked());
  kill(child, SIGCONT);
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("terminal display: shows the grid, types keys, obeys Ctrl-A") {
  Pty pty;
  FrameMailbox mailbox;
  std::vector<uint64_t> keys;
  int quits = 0;
  auto made = TerminalDisplay::create(
      pty.slave, pty.slave, mailbox,
      {[&](const dev::OutsideEvent& e) { keys.push_back(e.value); }, [&] { ++quits; }, [] {}});
  REQUIRE(made);
  auto& display = **made;
  auto& frame = mailbox.back();
  frame.text.columns = 80, frame.text.rows = 25;
  frame.text.cells.assign(2000, {' ', 7});
  for (int i = 0; i < 5; ++i) frame.text.cells[i].code = static_cast<uint8_t>("Hello"[i]);
  mailbox.publish();
  CHECK(display.pump(0));
  CHECK(pty.output("Hello").find("Hello") != std::string::npos);

  pty.type("aB\x01\x01");
  CHECK(soon([&] {
    display.pump(5);
    return keys.size() == 10;
  }));
  CHECK(keys == std::vector<uint64_t>{4, 0x10004, 0xE1, 5, 0x10005, 0x100E1, 0xE0, 4, 0x10004, 0x100E0});
  keys.clear();
  pty.type("\x1B");
  CHECK(soon([&] {
    display.pump(5);
    return keys.size() == 2;
  }));
  CHECK(keys[0] == 0x29);

  pty.type("\x01h");
  display.pump(100);
  CHECK(pty.output("Any key").find("Ctrl-A x") != std::string::npos);
  pty.type("\x01x");
  display.pump(100);
  CHECK(quits == 1);
  CHECK(pty.output("Hello").find("Hello") != std::string::npos);  // the screen is back

  mailbox.back().graphics = true;
  mailbox.back().image.resize(640, 480);
  mailbox.publish();
  display.pump(0);
  CHECK(pty.output("640x480").find("640x480") != std::string::npos);
  display.suspend();
  CHECK(pty.cooked());
  REQUIRE(display.resume());
  display.pump(0);
  CHECK(pty.output("640x480").find("640x480") != std::string::npos);
  made->reset();
  CHECK(pty.cooked());
}

TEST_CASE("stdio serial port: both ways, with commands, all output written") {
  Pty pty;
  std::mutex mutex;
  std::string got;
  std::atomic<int> quits{0}, breaks{0};
  auto made = StdioChar::open(pty.slave, pty.slave, 1,
                              {[&](const dev::OutsideEvent& e) {
                                 std::lock_guard lock(mutex);
                                 REQUIRE(e.unit == 1);
                                 got += static_cast<char>(e.value);
                               },
                               [&] { ++quits; },
                               {},
                               [&] { ++breaks; }});
  REQUIRE(made);
  auto& port = **made;
  for (char c : std::string_view("login: ")) port.put(static_cast<uint8_t>(c));
  CHECK(pty.output("login: ") == "login: ");
  pty.type(
      "ro\x03\x01"
      "bot\r\x01x");
  CHECK(soon([&] { return quits == 1; }));
  CHECK(breaks == 1);
  {
    std::lock_guard lock(mutex);
    CHECK(got ==
          "ro\x03"
          "ot\r");
  }
  port.suspend();
  CHECK(pty.cooked());
  REQUIRE(port.resume());
  CHECK_FALSE(pty.cooked());
  pty.type("z");
  CHECK(soon([&] {
    std::lock_guard lock(mutex);
    return got.ends_with('z');
  }));
  for (char c : std::string_view("last words")) port.put(static_cast<uint8_t>(c));
  made->reset();
  CHECK(pty.output("last words") == "last words");
  CHECK(pty.cooked());
}

TEST_CASE("stdio serial port: end of input leaves the output working") {
  int in[2], out[2];
  REQUIRE(pipe(in) == 0);
  REQUIRE(pipe(out) == 0);
  close(in[1]);
  {
    auto made = StdioChar::open(in[0], out[1], 0, {});
    REQUIRE(made);
    for (int i = 0; i < 10000; ++i) (*made)->put('x');
  }
  close(out[1]);
  size_t total = 0;
  char b[4096];
  for (ssize_t n; (n = read(out[0], b, sizeof b)) > 0;) total += static_cast<size_t>(n);
  CHECK(total == 10000);
  close(in[0]);
  close(out[0]);
}

TEST_CASE("file back end: line by line, the rest at the end, errors as results") {
  std::string name = (std::filesystem::temp_directory_path() / "ilse-char-XXXXXX").string();
  int fd = mkstemp(name.data());
  REQUIRE(fd >= 0);
  close(fd);
  auto contents = [&] {
    std::stringstream s;
    s << std::ifstream(name, std::ios::binary).rdbuf();
    return s.str();
  };
  {
    auto f = FileChar::open(name);
    REQUIRE(f);
    for (char c : std::string_view("one\ntwo")) (*f)->put(static_cast<uint8_t>(c));
    CHECK(contents() == "one\n");
  }
  CHECK(contents() == "one\ntwo");
  std::filesystem::remove(name);
  CHECK(FileChar::open("/nowhere/x").error().message == "/nowhere/x: No such file or directory");
  auto full = FileChar::open("/dev/full");
  REQUIRE(full);
  (*full)->put('\n');
  CHECK((*full)->failed());
  (*full)->put('\n');
}
