#include "frontend/monitor.h"

#include <array>

#include "devices/display/vga.h"
#include "frontend/debugger/report.h"
#include "frontend/exit_status.h"
#include "frontend/jit_report.h"
#include "frontend/options/words.h"
#include "frontend/registers_text.h"
#include "frontend/screenshot.h"
#include "frontend/snapshot.h"

namespace ilse::ui {

namespace {

constexpr std::array<std::string_view, 15> kCommands{
    "help", "quit",       "q", "stop", "cont",   "c",     "system_reset", "system_powerdown",
    "info", "screendump", "?", "cpu",  "change", "eject", "savevm"};

constexpr std::string_view kHelp =
    "quit               ends Ilse\n"
    "stop, cont         pauses the machine, and goes on\n"
    "system_reset       presses the reset button\n"
    "system_powerdown   presses the power button\n"
    "cpu N              info registers is about processor N\n"
    "info block         drives with media to change\n"
    "change DRIVE FILE  puts a disc or diskette in; -r: write-protected\n"
    "eject DRIVE        takes it out; -f: also from a drive that the guest holds locked\n"
    "info registers     the processor; -a: all of them\n"
    "info cpus          the processors\n"
    "info status        running or paused, instructions, virtual time\n"
    "info jit           counters of the translating engine\n"
    "savevm FILE        the machine's state as a file, for -loadvm\n"
    "screendump FILE    the screen as a PNG file\n"
    "Ctrl-A c           back to the guest\n";

std::string_view trimmed(std::string_view s) {
  constexpr std::string_view kSpace = " \t\r\n";
  auto first = s.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

std::string Monitor::on_machine(const std::function<std::string(Machine&)>& job) {
  std::string out;
  if (!control_.call([&](Machine& m) { out = job(m); })) return "the session is at its end\n";
  return out;
}

std::string Monitor::execute(std::string_view line) {
  line = trimmed(line);
  auto space = line.find_first_of(" \t");
  std::string_view word = line.substr(0, space);
  std::string_view rest = space == std::string_view::npos ? std::string_view{} : trimmed(line.substr(space));
  auto post = [](dev::OutsideEvent::Kind kind) {
    return [kind](Machine& m) {
      m.board().door().post({kind, 0, 0});
      return std::string();
    };
  };
  if (word.empty()) return {};
  if (word == "help" || word == "?") return std::string(kHelp);
  if (word == "quit" || word == "q") {
    control_.end({kExitPowerOff, ""});
    return {};
  }
  if (word == "stop") {
    control_.pause();
    return {};
  }
  if (word == "cont" || word == "c") {
    control_.resume();
    return {};
  }
  if (word == "system_reset") return on_machine(post(dev::OutsideEvent::Kind::Reset));
  if (word == "system_powerdown") return on_machine(post(dev::OutsideEvent::Kind::PowerButton));
  if (word == "info") return info(rest);
  if (word == "cpu") return select(rest);
  if (word == "change") return change(rest);
  if (word == "eject") return eject(rest);
  if (word == "savevm") return savevm(std::string(rest));
  if (word == "screendump") return screendump(std::string(rest));
  return "no such command: " + std::string(word) + nearest_hint(word, kCommands) + " (help lists them)\n";
}

std::string Monitor::info(std::string_view what) {
  const unsigned n = selected_;
  if (what == "registers") return on_machine([n](Machine& m) { return registers_text(m.cpu(n)); });
  if (what == "registers -a") {
    return on_machine([](Machine& m) {
      std::string out;
      for (unsigned k = 0; k < m.processors(); ++k)
        out += "CPU#" + std::to_string(k) + "\n" + registers_text(m.cpu(k));
      return out;
    });
  }
  if (what == "block") return block();
  if (what == "jit") return on_machine([](Machine& m) { return jit_text(m); });
  if (what == "cpus") return on_machine([n](Machine& m) { return processors_text(m, n); });
  if (what == "status") {
    bool paused = control_.paused();
    return on_machine([paused](Machine& m) {
      return std::string(paused ? "paused" : "running") + ", " + std::to_string(m.instructions()) +
             " instructions, virtual time " + std::to_string(m.now().ns / 1'000'000) + " ms\n";
    });
  }
  return "info registers, info cpus, info status, info block, info jit\n";
}

std::string Monitor::select(std::string_view number) {
  auto n = parse_number(std::string(number));
  return on_machine([this, n](Machine& m) {
    if (!n || *n >= m.processors())
      return "there are processors 0 to " + std::to_string(m.processors() - 1) + "\n";
    selected_ = static_cast<unsigned>(*n);
    return std::string();
  });
}

std::string Monitor::block() {
  std::string out;
  for (const dev::MediaDrive& d : media_.drives()) {
    out += d.id + ": " + (d.medium.empty() ? "[not inserted]" : d.medium) +
           (d.tray_open ? ", tray open" : "") + (d.locked ? ", locked" : "") + "\n";
  }
  return out;
}

std::string Monitor::change(std::string_view what) {
  bool read_only = what.starts_with("-r ");
  if (read_only) what = trimmed(what.substr(3));
  auto space = what.find_first_of(" \t");
  if (space == std::string_view::npos)
    return "change: it is change DRIVE FILE (info block lists the drives)\n";
  std::string file(trimmed(what.substr(space)));
  std::string wrong = media_.change(std::string(what.substr(0, space)), file, read_only);
  return wrong.empty() ? wrong : wrong + "\n";
}

std::string Monitor::eject(std::string_view what) {
  bool force = what.starts_with("-f ");
  if (force) what = trimmed(what.substr(3));
  if (what.empty()) return "eject: it is eject DRIVE (info block lists the drives)\n";
  std::string wrong = media_.eject(std::string(what), force);
  return wrong.empty() ? wrong : wrong + "\n";
}

std::string Monitor::screendump(const std::string& path) {
  if (path.empty()) return "screendump: the file's name is missing\n";
  return on_machine([&path](Machine& m) {
    dev::Vga* vga = m.board().vga();
    if (vga == nullptr) return std::string("there is no display card\n");
    dev::Frame frame;
    vga->render(m.now(), frame);
    auto written = write_png(frame, path);
    return written ? std::string() : written.error().message + "\n";
  });
}

std::string Monitor::savevm(const std::string& path) {
  if (path.empty()) return "savevm: the file's name is missing\n";
  return on_machine([&](Machine& m) {
    auto saved = save_snapshot(m, options_, path);
    return saved ? std::string() : saved.error().message + "\n";
  });
}

}  // namespace ilse::ui
