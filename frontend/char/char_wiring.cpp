#include "frontend/char/char_wiring.h"

#include <unistd.h>

#include <algorithm>

namespace ilse::ui {

mem::Result<dev::CharSink*> CharWiring::sink(const CharTarget& target) {
  dev::CharSink* none = nullptr;
  if (target.kind == CharTarget::Kind::Stdio) return static_cast<dev::CharSink*>(stdio_.get());
  if (target.kind != CharTarget::Kind::File) return none;
  // Two ports may write to one file.
  auto found = files_.find(target.path);
  if (found == files_.end()) {
    auto file = FileChar::open(target.path);
    if (!file) return file.error();
    found = files_.emplace(target.path, std::move(*file)).first;
  }
  return static_cast<dev::CharSink*>(found->second.get());
}

mem::Result<std::unique_ptr<CharWiring>> CharWiring::connect(const Options& o, dev::Pc& board,
                                                             Callbacks callbacks) {
  std::unique_ptr<CharWiring> w(new CharWiring(board));
  auto is_stdio = [](const CharTarget& t) { return t.kind == CharTarget::Kind::Stdio; };
  auto input = std::find_if(o.serial.begin(), o.serial.end(), is_stdio);
  if (input != o.serial.end() || is_stdio(o.debugcon) || is_stdio(o.firmware_log)) {
    StdioChar::Callbacks c;
    if (input != o.serial.end())
      c.post = [&door = board.door()](const dev::OutsideEvent& e) { door.post(e); };
    c.on_quit = std::move(callbacks.on_quit);
    c.on_switch = std::move(callbacks.on_switch);
    unsigned unit = input != o.serial.end() ? static_cast<unsigned>(input - o.serial.begin()) : 0;
    auto stdio = StdioChar::open(STDIN_FILENO, STDOUT_FILENO, unit, std::move(c));
    if (!stdio) return stdio.error();
    w->stdio_ = std::move(*stdio);
  }
  for (unsigned i = 0; i < o.serial.size(); ++i) {
    auto s = w->sink(o.serial[i]);
    if (!s) return s.error();
    board.connect_serial(i, *s);
  }
  auto debugcon = w->sink(o.debugcon);
  if (!debugcon) return debugcon.error();
  board.connect_debugcon(*debugcon);
  auto log = w->sink(o.firmware_log);
  if (!log) return log.error();
  board.connect_firmware_log(*log);
  return w;
}

CharWiring::~CharWiring() {
  for (unsigned i = 0; i < dev::BoardConfig::kMaxSerialPorts; ++i) board_.connect_serial(i, nullptr);
  board_.connect_debugcon(nullptr);
  board_.connect_firmware_log(nullptr);
}

std::string CharWiring::failures() const {
  for (const auto& [path, file] : files_) {
    if (file->failed()) return path + ": could not be written completely";
  }
  return {};
}

}  // namespace ilse::ui
