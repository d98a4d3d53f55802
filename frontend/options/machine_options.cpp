// Options about the computer itself: processor, memory, firmware, direct boot, clock chip.
#include <algorithm>

#include "cpu/cpuid.h"
#include "frontend/options/option_table.h"
#include "frontend/options/words.h"

namespace ilse::ui {

namespace {

using mem::Error;
using mem::Result;

std::string memory_range() {
  return "memory must be 1 MiB to " + std::to_string(dev::BoardConfig::kMaxRamMib) + " MiB";
}

Result<void> memory(Draft& d, const std::string& value) {
  std::string size;
  for (const auto& [key, text] : split_suboptions(value)) {
    if (text.empty() && size.empty()) {
      size = key;
    } else if (key == "size") {
      size = text;
    } else {
      return Error{"'" + key + "': memory cannot be added while the machine runs; only a size"};
    }
  }
  auto bytes = parse_size(size, 1 << 20);
  if (!bytes) return Error{"not a size (512, 512M, 2G): " + memory_range()};
  uint64_t mib = *bytes >> 20;
  if (mib == 0 || mib > dev::BoardConfig::kMaxRamMib) return Error{memory_range()};
  if (*bytes % (1 << 20) != 0) return Error{"memory comes in whole MiB"};
  d.options.ram_mib = mib;
  return {};
}

// CPUS, or the product of sockets, cores and threads; the guest sees cores of one package either way.
Result<void> smp(Draft& d, const std::string& value) {
  uint64_t cpus = 0, product = 1;
  for (const auto& [key, text] : split_suboptions(value)) {
    bool plain = text.empty();
    auto n = parse_number(plain ? key : text);
    if (!n || *n == 0) return Error{"not a number of processors: '" + (plain ? key : text) + "'"};
    if (!plain && key != "cpus" && key != "cores" && key != "threads" && key != "sockets" && key != "maxcpus")
      return Error{"there is no '" + key + "'"};
    if (plain || key == "cpus") {
      cpus = *n;
    } else if (key != "maxcpus") {
      constexpr uint64_t kTooMany = dev::BoardConfig::kMaxCpus + 1;
      product = std::min(product * std::min(*n, kTooMany), kTooMany);
    }
  }
  if (cpus == 0) cpus = product;
  if (cpus > dev::BoardConfig::kMaxCpus)
    return Error{"must be 1 to " + std::to_string(dev::BoardConfig::kMaxCpus) + " processors"};
  d.options.cpus = static_cast<unsigned>(cpus);
  return {};
}

// The model or feature that was meant by the first word of `value` that is none.
std::string cpu_hint(std::string_view value) {
  std::string_view name = value.substr(0, value.find(','));
  auto models = cpu::model_names();
  if (std::find(models.begin(), models.end(), name) == models.end()) return nearest_hint(name, models);
  std::vector<std::string_view> names;
  for (const cpu::FeatureInfo& f : cpu::feature_table()) {
    names.push_back(f.name);
    if (!f.alias.empty()) names.push_back(f.alias);
  }
  for (const auto& [item, setting] : split_suboptions(value.substr(name.size()))) {
    std::string_view word = cpu::feature_word(item);
    if (!word.empty() && !cpu::find_feature(word)) return nearest_hint(word, names);
  }
  return {};
}

Result<void> cpu_model(Draft& d, const std::string& value) {
  d.options.cpu = value;
  if (value == "help" || value == "?") {
    d.options.command = Command::CpuHelp;
    return {};
  }
  auto model = cpu::find_model(value);
  if (model) return {};
  // Its message names the option already.
  std::string_view text = model.error().message;
  if (auto colon = text.find(": "); colon != std::string_view::npos) text.remove_prefix(colon + 2);
  return Error{std::string(text) + cpu_hint(value)};
}

Result<void> seed(Draft& d, const std::string& value) {
  auto n = parse_number(value);
  if (!n) return Error{"not a number"};
  d.options.seed = *n;
  return {};
}

Result<void> machine(Draft& d, const std::string& value) {
  for (const auto& [key, text] : split_suboptions(value)) {
    std::string_view v = key == "type" ? std::string_view(text) : std::string_view(key);
    if (key == "accel" && text == "tcg") continue;
    if (key == "accel") return Error{"'" + text + "': Ilse emulates; there is no other accelerator than tcg"};
    if (key == "acpi" || key == "hpet" || key == "usb" || key == "graphics" || key == "smm" ||
        key == "vmport") {
      auto on = parse_switch(text);
      if (on && key == "smm") {
        d.options.smm = *on;
        continue;
      }
      bool built_in = key == "acpi" || key == "hpet" || key == "graphics";
      if (on && *on == built_in) continue;
      return Error{"'" + key + "=" + text + "': cannot be changed in this version"};
    }
    if (v != "pc" && !v.starts_with("pc-i440fx"))
      return Error{"'" + std::string(v) + "': the only machine is pc (i440FX + PIIX3)"};
  }
  return {};
}

Result<void> accel(Draft&, const std::string& value) {
  auto items = split_suboptions(value);
  if (items[0].first != "tcg")
    return Error{"'" + items[0].first + "': Ilse emulates the processor; the only accelerator is tcg"};
  return {};
}

Result<void> no_kvm(Draft&, const std::string&) {
  return Error{"Ilse emulates the processor and does not use the host's virtualization"};
}

Result<void> boot(Draft& d, const std::string& value) {
  std::string order = d.options.boot_order;
  for (const auto& [key, text] : split_suboptions(value)) {
    if (key == "menu") {
      auto on = parse_switch(text);
      if (!on) return Error{"menu is on or off, not '" + text + "'"};
      d.options.boot_menu = *on;
    } else if (key == "strict" || key == "splash-time" || key == "reboot-timeout") {
      continue;
    } else if (key == "order" || text.empty()) {
      order = text.empty() ? key : text;
      if (order.empty() || order == "order") return Error{"no boot devices given"};
    } else {
      return Error{"there is no '" + key + "'; it is order=LETTERS or menu=on|off"};
    }
  }
  for (char c : order) {
    if (std::string_view("acdn").find(c) == std::string_view::npos)
      return Error{std::string("'") + c +
                   "' is no boot device; they are a floppy, c hard disk, d CD-ROM, n network"};
    if (std::count(order.begin(), order.end(), c) > 1)
      return Error{std::string("'") + c + "' is given twice"};
  }
  d.options.boot_order = order;
  return {};
}

Result<void> rtc(Draft& d, const std::string& value) {
  for (const auto& [key, text] : split_suboptions(value)) {
    if (key == "base") {
      if (text != "utc" && text != "localtime" && !parse_date(text))
        return Error{"base is utc, localtime, or a date like 2026-06-17T16:01:21, not '" + text + "'"};
      d.options.rtc = text;
    } else if (key == "clock" || key == "driftfix") {
      continue;  // --clock decides for every clock at once
    } else {
      return Error{"there is no '" + key + "'; it is base=utc|localtime|DATE"};
    }
  }
  return {};
}

template <std::string Options::*member>
Result<void> set_text(Draft& d, const std::string& value) {
  if (value.empty()) return Error{"the name is empty"};
  d.options.*member = value;
  return {};
}

template <bool Options::*member, bool on = true>
Result<void> set_flag(Draft& d, const std::string&) {
  d.options.*member = on;
  return {};
}

Result<void> ignore(Draft&, const std::string&) { return {}; }

constexpr OptionRow kRows[] = {
    {"m", "SIZE", "memory: MiB, or with a suffix 512M, 2G (default 128)", memory},
    {"smp", "N", "number of processors (1)", smp},
    {"cpu", "NAME[,+F,-F]", "processor model and features (default max; -cpu help lists them)", cpu_model},
    {"seed", "N", "where RDRAND's and RDSEED's numbers start (default 1)", seed},
    {"machine", "pc[,smm=on|off]", "the only machine: i440FX + PIIX3", machine},
    {"M", "pc", "", machine},
    {"accel", "tcg", "", accel},
    {"enable-kvm", "", "", no_kvm},
    {"boot", "LETTERS", "boot order: a floppy, c disk, d CD-ROM, n network; also order=LETTERS,menu=on",
     boot},
    {"kernel", "FILE", "boots a Linux bzImage or a multiboot kernel directly", set_text<&Options::kernel>},
    {"initrd", "FILE", "its initial RAM disk, or FILE[ ARGS][,FILE...] multiboot modules",
     set_text<&Options::initrd>},
    {"append", "TEXT", "its command line",
     [](Draft& d, const std::string& v) -> Result<void> {
       d.options.append = v;
       return {};
     }},
    {"bios", "FILE", "firmware (default: SeaBIOS's bios-256k.bin)", set_text<&Options::bios>},
    {"L", "DIR", "the only folder to look for firmware in", set_text<&Options::firmware_dir>},
    {"rtc", "base=BASE", "clock chip at power-on: utc, localtime or YYYY-MM-DD[THH:MM:SS]", rtc},
    {"full-screen", "", "the window fills the screen", set_flag<&Options::full_screen>},
    {"no-reboot", "", "a reboot ends Ilse (status 0; after a triple fault, 4)",
     set_flag<&Options::no_reboot>},
    {"no-shutdown", "", "a power-off pauses the machine instead of ending Ilse",
     set_flag<&Options::no_shutdown>},
    {"no-fd-bootchk", "", "", ignore},
    {"nodefaults", "", "only the drives and sound cards that other options name",
     set_flag<&Options::defaults, false>},
    {"no-user-config", "", "", ignore},
};

}  // namespace

std::span<const OptionRow> machine_options() { return kRows; }

}  // namespace ilse::ui
