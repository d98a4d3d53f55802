#include "frontend/terminal/terminal_display.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ilse::ui {

namespace {
using namespace std::chrono_literals;
// A lone ESC is the Escape key when nothing follows within this time.
constexpr auto kEscapeTime = 50ms;
constexpr auto kStrokeTime = 15ms;
}  // namespace

mem::Result<std::unique_ptr<TerminalDisplay>> TerminalDisplay::create(int in, int out, FrameMailbox& mailbox,
                                                                      Callbacks callbacks) {
  std::unique_ptr<TerminalDisplay> display(new TerminalDisplay(in, out, mailbox, std::move(callbacks)));
  auto started = display->resume();
  if (!started) return started.error();
  return display;
}

mem::Result<void> TerminalDisplay::resume() {
  auto terminal = RawTerminal::open(in_, out_, AnsiPainter::end());
  if (!terminal) return terminal.error();
  terminal_ = std::move(*terminal);
  write_all(out_, AnsiPainter::begin());
  painter_.forget();
  return {};
}

void TerminalDisplay::suspend() {
  if (terminal_ && !terminal_->is_terminal()) write_all(out_, AnsiPainter::end());
  terminal_.reset();
}

bool TerminalDisplay::pump(int timeout_ms) {
  if (!terminal_) return true;
  auto stroke_ms = static_cast<int>(kStrokeTime / 1ms);
  if (!strokes_.empty()) timeout_ms = std::min(timeout_ms, stroke_ms);
  bool open = read_keys(timeout_ms);
  send_due();
  if (terminal_) draw();
  return open || !strokes_.empty();
}

bool TerminalDisplay::read_keys(int timeout_ms) {
  pollfd p{in_, POLLIN, 0};
  int ready = poll(&p, 1, timeout_ms);
  auto now = std::chrono::steady_clock::now();
  std::vector<KeyStroke> strokes;
  bool open = true;
  if (ready > 0) {
    std::array<char, 512> buffer;
    ssize_t n = read(in_, buffer.data(), buffer.size());
    if (n > 0) {
      last_byte_ = now;
      if (help_) {
        help_ = false;
        painter_.forget();
      }
      std::string data;
      filter_.feed({buffer.data(), static_cast<size_t>(n)}, data, [&](TerminalCommand c) { command(c); });
      decoder_.feed(data, strokes);
    } else {
      open = n < 0 && (errno == EAGAIN || errno == EINTR);
    }
  }
  if (decoder_.waiting() && now - last_byte_ >= kEscapeTime) decoder_.flush(strokes);
  strokes_.insert(strokes_.end(), strokes.begin(), strokes.end());
  return open;
}

void TerminalDisplay::command(TerminalCommand c) {
  switch (c) {
    case TerminalCommand::Quit:
      if (callbacks_.on_quit) callbacks_.on_quit();
      break;
    case TerminalCommand::Switch:
      if (callbacks_.on_switch) callbacks_.on_switch();
      break;
    case TerminalCommand::Help:
      write_all(out_, "\x1B[0m\x1B[2J\x1B[H");
      write_all(out_, terminal_help());
      write_all(out_, "\r\nAny key goes back to the guest's screen.\r\n");
      help_ = true;
      break;
    case TerminalCommand::Break: strokes_.push_back({hid::kDelete, false, true, true}); break;
  }
}

void TerminalDisplay::send_due() {
  auto now = std::chrono::steady_clock::now();
  if (strokes_.empty() || now - last_stroke_ < kStrokeTime) return;
  last_stroke_ = now;
  for (const dev::OutsideEvent& e : stroke_events(strokes_.front())) callbacks_.post(e);
  strokes_.pop_front();
}

void TerminalDisplay::draw() {
  unsigned columns = 0, rows = 0;
  terminal_->size(columns, rows);
  painter_.set_size(columns, rows);
  if (terminal_->take_resumed()) {
    write_all(out_, AnsiPainter::begin());
    painter_.forget();
  }
  mailbox_.take();
  if (help_) return;
  // The painter knows what is on the terminal: an old frame on an unchanged terminal costs nothing.
  const DisplayFrame& frame = mailbox_.front();
  std::string out;
  if (frame.graphics) {
    out = painter_.note("The guest shows graphics, " + std::to_string(frame.image.width) + "x" +
                        std::to_string(frame.image.height) + " (-display sdl shows them). Ctrl-A h: help");
  } else {
    out = painter_.paint(frame.text);
  }
  if (!out.empty()) write_all(out_, out);
}

}  // namespace ilse::ui
