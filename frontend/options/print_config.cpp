// Options back into words.
#include <array>
#include <cstdio>

#include "frontend/options/options.h"
#include "frontend/options/words.h"

namespace ilse::ui {

namespace {

std::string hex(uint64_t v) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(v));
  return text.data();
}

// Inside a list of suboptions a comma is doubled.
std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) out.append(c == ',' ? 2 : 1, c);
  return out;
}

std::string target_text(const CharTarget& t) {
  switch (t.kind) {
    case CharTarget::Kind::None: return "none";
    case CharTarget::Kind::Null: return "null";
    case CharTarget::Kind::Stdio: return "stdio";
    case CharTarget::Kind::File: return "file:" + t.path;
  }
  return {};
}

using Line = std::vector<std::string>;

std::vector<Line> lines(const Options& o) {
  std::vector<Line> out;
  auto add = [&](Line l) { out.push_back(std::move(l)); };
  auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) add({name, value});
  };
  auto flag = [&](const char* name, bool on) {
    if (on) add({name});
  };
  add({o.command == Command::Trace      ? "trace"
       : o.command == Command::Debug    ? "debug"
       : o.command == Command::Lockstep ? "lockstep"
                                        : "run"});
  add({"-machine", std::string("pc,smm=") + (o.smm ? "on" : "off")});
  add({"-cpu", o.cpu});
  add({"-seed", std::to_string(o.seed)});
  add({"-smp", std::to_string(o.cpus)});
  add({"-m", std::to_string(o.ram_mib)});
  add({"-boot", "order=" + o.boot_order + ",menu=" + (o.boot_menu ? "on" : "off")});
  text("-L", o.firmware_dir);
  text("-bios", o.bios);
  text("-kernel", o.kernel);
  text("-initrd", o.initrd);
  text("-append", o.append);
  add({"-rtc", "base=" + o.rtc});
  for (const DriveOption& d : o.drives) {
    std::string v;
    if (!d.file.empty()) v.append("file=").append(escaped(d.file)).append(",");
    v += "format=raw,if=ide,index=" + std::to_string(d.index) + ",media=" + (d.cdrom ? "cdrom" : "disk");
    if (d.read_only && !d.cdrom) v += ",readonly=on";
    if (d.snapshot) v += ",snapshot=on";
    if (!d.serial.empty()) v += ",serial=" + escaped(d.serial);
    add({"-drive", v});
  }
  for (const DriveOption& d : o.floppies) {
    std::string v;
    if (!d.file.empty()) v.append("file=").append(escaped(d.file)).append(",");
    v += "format=raw,if=floppy,index=" + std::to_string(d.index);
    if (d.read_only) v += ",readonly=on";
    if (d.snapshot) v += ",snapshot=on";
    add({"-drive", v});
  }
  flag("-nodefaults", !o.defaults);
  flag("-snapshot", o.snapshot);
  for (const CharTarget& t : o.serial) add({"-serial", target_text(t)});
  if (o.firmware_log.kind == CharTarget::Kind::Null) {
    add({"-debugcon", target_text(o.debugcon)});
  } else {
    // Two consoles need names to be told apart.
    auto chardev = [&](const char* id, const CharTarget& t, const char* port) {
      if (t.kind == CharTarget::Kind::Null || t.kind == CharTarget::Kind::None) return;
      std::string kind = t.kind == CharTarget::Kind::Stdio ? "stdio" : "file,path=" + escaped(t.path);
      add({"-chardev", kind + ",id=" + id});
      add({"-device", "isa-debugcon,iobase=" + std::string(port) + ",chardev=" + id});
    };
    chardev("console", o.debugcon, "0xe9");
    chardev("firmware", o.firmware_log, "0x402");
  }
  if (o.debug_exit.present) {
    add({"-device",
         "isa-debug-exit,iobase=" + hex(o.debug_exit.iobase) + ",iosize=" + hex(o.debug_exit.iosize)});
  }
  if (o.pvpanic) add({"-device", "pvpanic"});
  if (o.pci_testdev) add({"-device", "pci-testdev"});
  if (o.sb16) add({"-device", "sb16"});
  if (o.ac97) add({"-device", "AC97"});
  add({"-audiodev", o.sound.kind == SoundTarget::Kind::Wav    ? "wav,path=" + escaped(o.sound.path)
                    : o.sound.kind == SoundTarget::Kind::None ? "none"
                                                              : "sdl"});
  add({"-vga", o.vga ? "std" : "none"});
  add({"-g", std::to_string(o.screen_width) + "x" + std::to_string(o.screen_height)});
  add({"-nic", "none"});
  constexpr std::array kDisplays{"sdl", "sdl", "terminal", "none"};
  add({"-display", kDisplays[static_cast<size_t>(o.display)]});
  add({"-monitor", o.monitor_stdio ? "stdio" : "none"});
  text("-name", escaped(o.name));
  flag("-full-screen", o.full_screen);
  flag("-no-reboot", o.no_reboot);
  flag("-no-shutdown", o.no_shutdown);
  // Without it the host may choose.
  if (o.engine_given) add({"--engine", o.translate ? "jit" : "interp"});
  add({"--jit-cache", std::to_string(o.jit_cache_mib)});
  add({"--jit-hot", std::to_string(o.jit_hot)});
  text("--jit-dump", o.jit_dump);
  text("-loadvm", o.loadvm);
  flag("--perf-map", o.perf_map);
  add({"--clock", o.clock == ClockMode::Host ? "host" : "instructions"});
  if (o.max_instructions != UINT64_MAX) add({"--max-instructions", std::to_string(o.max_instructions)});
  if (o.max_seconds > 0) {
    std::array<char, 64> s{};
    std::snprintf(s.data(), s.size(), "%.17g", o.max_seconds);
    add({"--max-seconds", s.data()});
  }
  if (o.hash_every != 0) add({"--hash-every", std::to_string(o.hash_every)});
  text("--screenshot", o.screenshot);
  if (!o.gdb.empty()) add({"-gdb", std::string("tcp:").append(o.gdb)});
  flag("-S", o.start_stopped);
  std::string items;
  for (const std::string& i : o.log_items) items.append(items.empty() ? "" : ",").append(i);
  text("-d", items);
  text("-D", o.log_file);
  text("-o", o.trace.output);
  if (o.command == Command::Lockstep) add({"--every", std::to_string(o.every)});
  if (o.trace.start != 0) add({"--start", std::to_string(o.trace.start)});
  if (o.trace.stop != UINT64_MAX) add({"--stop", std::to_string(o.trace.stop)});
  if (o.trace.range_first) add({"--range", hex(*o.trace.range_first) + "-" + hex(*o.trace.range_last)});
  return out;
}

}  // namespace

std::vector<std::string> to_arguments(const Options& options) {
  std::vector<std::string> out;
  for (Line& l : lines(options)) out.insert(out.end(), l.begin(), l.end());
  return out;
}

std::string print_config(const Options& options) {
  std::string out = "ilse";
  bool first = true;
  for (const Line& l : lines(options)) {
    out += first ? " " : " \\\n    ";
    first = false;
    for (size_t i = 0; i < l.size(); ++i) out.append(i == 0 ? "" : " ").append(shell_quoted(l[i]));
  }
  return out + "\n";
}

}  // namespace ilse::ui
