// Options about serial ports, the debug console, extra devices, network and display card.
#include "frontend/options/option_table.h"
#include "frontend/options/words.h"

namespace ilse::ui {

namespace {

using mem::Error;
using mem::Result;

Result<void> serial(Draft& d, const std::string& value) {
  if (d.serial.size() >= dev::BoardConfig::kMaxSerialPorts)
    return Error{"there are " + std::to_string(dev::BoardConfig::kMaxSerialPorts) + " serial ports"};
  d.serial.push_back({"-serial " + value, value});
  return {};
}

Result<void> debugcon(Draft& d, const std::string& value) {
  d.isa_debugcon = {"-debugcon " + value, value};
  return {};
}

Result<void> chardev(Draft& d, const std::string& value) {
  auto items = split_suboptions(value);
  std::string id;
  CharTarget target;
  const std::string& kind = items[0].first;
  target.kind = kind == "stdio"  ? CharTarget::Kind::Stdio
                : kind == "file" ? CharTarget::Kind::File
                                 : CharTarget::Kind::Null;
  if (kind != "stdio" && kind != "file" && kind != "null")
    return Error{"'" + kind + "': it is stdio, file or null"};
  for (size_t i = 1; i < items.size(); ++i) {
    const auto& [key, text] = items[i];
    if (key == "id") {
      id = text;
    } else if (key == "path" && target.kind == CharTarget::Kind::File) {
      target.path = text;
    } else if (key != "mux" && key != "signal" && key != "logfile") {
      return Error{"there is no '" + key + "'"};
    }
  }
  if (id.empty()) return Error{"id= is missing"};
  if (target.kind == CharTarget::Kind::File && target.path.empty()) return Error{"path= is missing"};
  if (!d.chardevs.emplace(id, target).second) return Error{"there are two with the id '" + id + "'"};
  return {};
}

Result<void> port_of(const std::string& key, const std::string& text, uint64_t low, uint64_t high,
                     uint64_t* out) {
  auto n = parse_number(text);
  if (!n || *n < low || *n > high)
    return Error{key + " is " + std::to_string(low) + " to " + std::to_string(high) + ", not '" + text + "'"};
  *out = *n;
  return {};
}

Result<void> debug_exit(Draft& d, const SubOptions& items) {
  auto& e = d.options.debug_exit;
  e.present = true;
  for (size_t i = 1; i < items.size(); ++i) {
    const auto& [key, text] = items[i];
    uint64_t n = 0;
    if (key != "iobase" && key != "iosize")
      return Error{"isa-debug-exit has iobase= and iosize=, no '" + key + "'"};
    auto ok = key == "iobase" ? port_of(key, text, 0, 0xFFFF, &n) : port_of(key, text, 1, 16, &n);
    if (!ok) return ok;
    (key == "iobase" ? e.iobase : e.iosize) = static_cast<uint16_t>(n);
  }
  if (e.iobase + e.iosize > 0x10000) return Error{"isa-debug-exit: its ports end beyond 0xffff"};
  return {};
}

Result<void> isa_debugcon(Draft& d, const SubOptions& items) {
  Draft::CharUse use{"-device isa-debugcon", ""};
  for (size_t i = 1; i < items.size(); ++i) {
    const auto& [key, text] = items[i];
    if (key == "chardev") {
      use.text = "chardev:" + text;
    } else if (key == "iobase") {
      uint64_t n = 0;
      auto ok = port_of(key, text, 0, 0xFFFF, &n);
      if (!ok) return ok;
      if (n != 0xE9 && n != 0x402)
        return Error{"isa-debugcon: iobase is 0xe9, or 0x402 for the firmware's log"};
      d.isa_debugcon_port = n;
    } else if (key != "id") {
      return Error{"isa-debugcon has iobase= and chardev=, no '" + key + "'"};
    }
  }
  if (use.text.empty()) return Error{"isa-debugcon: chardev= is missing (-debugcon stdio is shorter)"};
  (d.isa_debugcon_port == 0x402 ? d.firmware_log : d.debugcon) = use;
  d.isa_debugcon_port.reset();
  return {};
}

constexpr std::string_view kDevices[] = {"isa-debug-exit", "isa-debugcon", "pvpanic",
                                         "pci-testdev",    "sb16",         "AC97"};

Result<void> device(Draft& d, const std::string& value) {
  auto items = split_suboptions(value);
  const std::string& name = items[0].first;
  if (name == "isa-debug-exit") return debug_exit(d, items);
  if (name == "isa-debugcon") return isa_debugcon(d, items);
  for (size_t i = 1; i < items.size(); ++i) {
    bool plain = items[i].first == "id" || items[i].first == "addr" || items[i].first == "audiodev" ||
                 (name == "pvpanic" && items[i].second == "0x505");
    if (!plain)
      return Error{"'" + items[i].first + "=" + items[i].second + "': " + name + " takes no settings here"};
  }
  if (name == "pvpanic") {
    d.options.pvpanic = true;
  } else if (name == "pci-testdev") {
    d.options.pci_testdev = true;
  } else if (name == "sb16") {
    d.options.sb16 = true;
  } else if (name == "AC97") {
    d.options.ac97 = true;
  } else if (name == "VGA" || name == "piix3-ide" || name == "isa-serial") {
    return {};  // built in
  } else {
    std::string all;
    for (std::string_view k : kDevices) all += (all.empty() ? "" : ", ") + std::string(k);
    return Error{"no such device; there are " + all};
  }
  return {};
}

Result<void> global(Draft& d, const std::string& value) {
  constexpr std::string_view kPort = "isa-debugcon.iobase=";
  if (!value.starts_with(kPort)) return Error{"only isa-debugcon.iobase can be set"};
  uint64_t n = 0;
  auto ok = port_of("iobase", value.substr(kPort.size()), 0, 0xFFFF, &n);
  if (!ok) return ok;
  if (n != 0xE9 && n != 0x402) return Error{"iobase is 0xe9, or 0x402 for the firmware's log"};
  d.isa_debugcon_port = n;
  return {};
}

Result<void> audiodev(Draft& d, const std::string& value) {
  auto items = split_suboptions(value);
  const std::string& kind = items[0].first;
  SoundTarget t;
  t.kind = kind == "wav"    ? SoundTarget::Kind::Wav
           : kind == "none" ? SoundTarget::Kind::None
                            : SoundTarget::Kind::Sdl;
  constexpr std::string_view kKinds[] = {"sdl", "wav", "none"};
  if (kind != "wav" && kind != "none" && kind != "sdl")
    return Error{"it is sdl, wav,path=FILE or none" + nearest_hint(kind, kKinds)};
  for (size_t i = 1; i < items.size(); ++i) {
    const auto& [key, text] = items[i];
    if (key == "path" && t.kind == SoundTarget::Kind::Wav) {
      t.path = text;
    } else if (key != "id" && key != "driver" && key != "timer-period") {
      return Error{"there is no '" + key + "'"};
    }
  }
  if (t.kind == SoundTarget::Kind::Wav && t.path.empty()) return Error{"path= is missing"};
  d.options.sound = t;
  return {};
}

Result<void> wav(Draft& d, const std::string& value) {
  if (value.empty()) return Error{"the name is empty"};
  d.options.sound = {SoundTarget::Kind::Wav, value};
  return {};
}

// QEMU's -audio BACKEND,model=DEVICE.
Result<void> audio(Draft& d, const std::string& value) {
  std::string backend;
  for (const auto& [key, text] : split_suboptions(value)) {
    if (key != "model") {
      bool driver = key == "driver" || text.empty();
      backend += (backend.empty() ? "" : ",") + (driver ? (text.empty() ? key : text) : key + "=" + text);
    } else if (text == "sb16") {
      d.options.sb16 = true;
    } else if (text == "AC97" || text == "ac97") {
      d.options.ac97 = true;
    } else {
      return Error{"'model=" + text + "': there are sb16 and AC97"};
    }
  }
  return audiodev(d, backend);
}

Result<void> no_network(Draft&, const std::string& value) {
  if (value == "none") return {};
  return Error{"there is no network card in this version; only none"};
}

Result<void> vga(Draft& d, const std::string& value) {
  if (value != "std" && value != "none") return Error{"the display card is std or none"};
  d.options.vga = value == "std";
  return {};
}

Result<void> screen(Draft& d, const std::string& value) {
  const size_t x = value.find('x');
  const auto width = parse_number(value.substr(0, x));
  const auto height = x == std::string::npos ? std::nullopt : parse_number(value.substr(x + 1));
  if (!width || !height || *width < 320 || *width > 2560 || *width % 8 != 0 || *height < 200 ||
      *height > 1600)
    return Error{"the screen's size is WIDTHxHEIGHT, 320x200 to 2560x1600, the width a multiple of 8"};
  d.options.screen_width = static_cast<unsigned>(*width);
  d.options.screen_height = static_cast<unsigned>(*height);
  return {};
}

Result<void> only_none(Draft&, const std::string& value) {
  if (value == "none") return {};
  return Error{"there is none in this version; only none"};
}

constexpr OptionRow kRows[] = {
    {"serial", "TO", "serial port to stdio, mon:stdio, file:PATH, null or none; twice for COM2", serial},
    {"debugcon", "TO", "debug console, port 0xE9, to the same", debugcon},
    {"chardev", "KIND,id=ID", "stdio, file,path=PATH or null, for -serial chardev:ID", chardev},
    {"device", "NAME,...",
     "isa-debug-exit,iobase=P,iosize=N; pvpanic; pci-testdev; isa-debugcon,chardev=ID; sb16; AC97", device},
    {"global", "isa-debugcon.iobase=P", "0x402: the firmware's log comes out where -debugcon says", global},
    {"vga", "std|none", "display card (default std)", vga},
    {"g", "WIDTHxHEIGHT", "the size that the monitor asks for (default 1024x768)", screen},
    {"nic", "none", "no network in this version", no_network},
    {"net", "none", "", no_network},
    {"netdev", "", "", [](Draft& d, const std::string&) { return no_network(d, "netdev"); }},
    {"parallel", "none", "", only_none},
    {"audiodev", "sdl|wav|none", "where sound goes; wav,path=FILE (default: sdl with a window, else none)",
     audiodev},
    {"wav", "FILE", "the same as -audiodev wav,path=FILE", wav},
    {"audio", "KIND,model=NAME", "", audio},
};

}  // namespace

std::span<const OptionRow> device_options() { return kRows; }

mem::Result<CharTarget> parse_char_target(const Draft& draft, const std::string& text) {
  CharTarget t;
  if (text == "none") {
    t.kind = CharTarget::Kind::None;
  } else if (text == "null") {
    t.kind = CharTarget::Kind::Null;
  } else if (text == "stdio" || text == "mon:stdio") {
    t.kind = CharTarget::Kind::Stdio;
  } else if (text.starts_with("file:")) {
    t.kind = CharTarget::Kind::File;
    t.path = text.substr(5);
    if (t.path.empty()) return mem::Error{"the file's name is missing"};
  } else if (text.starts_with("chardev:")) {
    auto found = draft.chardevs.find(text.substr(8));
    if (found == draft.chardevs.end()) return mem::Error{"no -chardev has the id '" + text.substr(8) + "'"};
    t = found->second;
  } else {
    constexpr std::string_view kWords[] = {"stdio", "mon:stdio", "file:PATH", "null", "none"};
    return mem::Error{"it is stdio, mon:stdio, file:PATH, null or none" + nearest_hint(text, kWords)};
  }
  return t;
}

}  // namespace ilse::ui
