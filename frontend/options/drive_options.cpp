// Options about drives.
#include "frontend/options/option_table.h"
#include "frontend/options/words.h"

namespace ilse::ui {

namespace {

using mem::Error;
using mem::Result;

Result<void> add(Draft& d, const char* option, const std::string& file, bool cdrom, unsigned index) {
  if (file.empty()) return Error{"the name is empty"};
  d.drives.push_back({{file, cdrom, index, cdrom, false, ""}, index, option});
  return {};
}

Result<void> hda(Draft& d, const std::string& v) { return add(d, "-hda", v, false, 0); }
Result<void> hdb(Draft& d, const std::string& v) { return add(d, "-hdb", v, false, 1); }
Result<void> hdc(Draft& d, const std::string& v) { return add(d, "-hdc", v, false, 2); }
Result<void> hdd(Draft& d, const std::string& v) { return add(d, "-hdd", v, false, 3); }
Result<void> cdrom(Draft& d, const std::string& v) { return add(d, "-cdrom", v, true, 2); }

Result<void> add_floppy(Draft& d, DriveOption drive) {
  for (const DriveOption& other : d.options.floppies) {
    if (other.index == drive.index)
      return Error{"diskette drive " + std::string(drive.index == 0 ? "A" : "B") + " is given twice"};
  }
  d.options.floppies.push_back(std::move(drive));
  return {};
}

template <unsigned index>
Result<void> floppy(Draft& d, const std::string& v) {
  if (v.empty()) return Error{"the name is empty"};
  return add_floppy(d, {v, false, index, false, false, ""});
}

Result<void> number_below(const std::string& key, const std::string& text, unsigned limit, unsigned* out) {
  auto n = parse_number(text);
  if (!n || *n >= limit) return Error{key + " is 0 to " + std::to_string(limit - 1) + ", not '" + text + "'"};
  *out = static_cast<unsigned>(*n);
  return {};
}

Result<void> drive(Draft& d, const std::string& value) {
  Draft::Drive out{{}, std::nullopt, "-drive " + value};
  std::optional<unsigned> bus, unit;
  bool floppy = false;
  for (const auto& [key, text] : split_suboptions(value)) {
    auto bad = [&k = key, &t = text](const std::string& what) {
      return Error{"'" + k + "=" + t + "': " + what};
    };
    if (key == "file") {
      out.drive.file = text;
    } else if (key == "format") {
      if (text != "raw") return bad("only raw images in this version (convert with qemu-img)");
    } else if (key == "if") {
      if (text != "ide" && text != "floppy")
        return bad("drives are on IDE in this version: if=ide, or floppy");
      floppy = text == "floppy";
    } else if (key == "index" || key == "bus" || key == "unit") {
      unsigned n = 0;
      auto ok = number_below(key, text, key == "index" ? 4 : 2, &n);
      if (!ok) return ok;
      (key == "index" ? out.index : key == "bus" ? bus : unit) = n;
    } else if (key == "media") {
      if (text != "disk" && text != "cdrom") return bad("media is disk or cdrom");
      out.drive.cdrom = text == "cdrom";
    } else if (key == "readonly" || key == "read-only") {
      auto on = parse_switch(text);
      if (!on) return bad("on or off");
      out.drive.read_only = *on;
    } else if (key == "snapshot") {
      auto on = parse_switch(text);
      if (!on) return bad("on or off");
      out.drive.snapshot = *on;
    } else if (key == "serial") {
      out.drive.serial = text;
    } else if (key != "id" && key != "cache" && key != "aio" && key != "discard" && key != "werror" &&
               key != "rerror" && key != "detect-zeroes" && key != "copy-on-read") {
      constexpr std::string_view kKeys[] = {"file",  "format",   "if",       "index",  "bus", "unit",
                                            "media", "readonly", "snapshot", "serial", "id",  "cache"};
      return Error{"there is no '" + key + "'" + nearest_hint(key, kKeys)};
    }
  }
  if (bus || unit) {
    if (out.index) return Error{"both index and bus or unit"};
    out.index = bus.value_or(0) * 2 + unit.value_or(0);
  }
  if (floppy) {
    if (out.index.value_or(0) > 1) return Error{"there are two diskette drives: index is 0 or 1"};
    out.drive.index = out.index.value_or(d.options.floppies.empty() ? 0 : 1);
    return add_floppy(d, std::move(out.drive));
  }
  if (out.drive.file.empty() && !out.drive.cdrom) return Error{"file= is missing"};
  if (out.drive.cdrom) out.drive.read_only = true;
  d.drives.push_back(std::move(out));
  return {};
}

Result<void> snapshot(Draft& d, const std::string&) {
  d.options.snapshot = true;
  return {};
}

constexpr OptionRow kRows[] = {
    {"hda", "FILE", "raw image of the first hard disk", hda},
    {"hdb", "FILE", "", hdb},
    {"hdc", "FILE", "", hdc},
    {"hdd", "FILE", "and of the others: -hdb, -hdc, -hdd", hdd},
    {"cdrom", "FILE", "ISO image in the CD-ROM drive (in the place of -hdc)", cdrom},
    {"fda", "FILE", "diskette in drive A, a raw image of 160K to 2.88M", floppy<0>},
    {"fdb", "FILE", "and in drive B", floppy<1>},
    {"drive", "file=F,...",
     "format=raw,if=ide|floppy,index=N,media=disk|cdrom,readonly=on,snapshot=on,serial=S", drive},
    {"snapshot", "", "what the guest writes goes to a temporary file, not to the images", snapshot},
};

}  // namespace

std::span<const OptionRow> drive_options() { return kRows; }

}  // namespace ilse::ui
