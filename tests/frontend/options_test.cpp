// The command line: defaults, spellings, errors with the nearest relative, and that --print-config gives the
// run back.
#include "frontend/options/options.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "frontend/options/words.h"

using namespace ilse;
using namespace ilse::ui;

namespace {

// Splits at spaces; ~ stands for a space inside a word.
std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> out;
  for (std::string w; in >> w;) {
    for (char& c : w) c = c == '~' ? ' ' : c;
    out.push_back(w);
  }
  return out;
}

constexpr Environment kHeadless{false, false};

Options parsed(const std::string& line, Environment e = kHeadless) {
  INFO(line);
  auto o = parse_options(words(line), e);
  INFO((o ? "" : o.error().message));
  REQUIRE(o);
  return *o;
}

std::string error_of(const std::string& line) {
  INFO(line);
  auto o = parse_options(words(line), kHeadless);
  REQUIRE_FALSE(o);
  CHECK(o.error().message.find('\n') == std::string::npos);
  return o.error().message;
}

}  // namespace

TEST_CASE("Options: one dash or two, the value apart or after =") {
  CHECK(parsed("run -m 64").ram_mib == 64);
  CHECK(parsed("run --m 64").ram_mib == 64);
  CHECK(parsed("run --m=64").ram_mib == 64);
  CHECK(parsed("run -max-instructions=5").max_instructions == 5);
}

TEST_CASE("Options: without a command it is run, and a lone file is the first disk") {
  CHECK(parsed("-m 64").command == Command::Run);
  Options o = parsed("run disk.img");
  REQUIRE(o.drives.size() == 1);
  CHECK(o.drives[0].file == "disk.img");
  CHECK(o.drives[0].index == 0);
}

TEST_CASE("Options: commands, help and version") {
  CHECK(parsed("").command == Command::Help);
  CHECK(parsed("--help").command == Command::Help);
  CHECK(parsed("run -m 64 -help").command == Command::Help);
  CHECK(parsed("--version").command == Command::Version);
  CHECK(parsed("trace -o -").command == Command::Trace);
  CHECK(parsed("debug").command == Command::Debug);
  CHECK(error_of("rum") == "rum: no such command; it is run, trace, debug or lockstep; did you mean run?");
  CHECK(error_of("trace") == "trace: -o FILE is missing (- is standard output)");
}

TEST_CASE("Options: memory sizes") {
  CHECK(parsed("run").ram_mib == 128);
  CHECK(parsed("run -m 512").ram_mib == 512);
  CHECK(parsed("run -m 512M").ram_mib == 512);
  CHECK(parsed("run -m 2G").ram_mib == 2048);
  CHECK(parsed("run -m size=1G").ram_mib == 1024);
  CHECK(error_of("run -m 0") == "-m 0: memory must be 1 MiB to 262144 MiB");
  CHECK(error_of("run -m 1000000") == "-m 1000000: memory must be 1 MiB to 262144 MiB");
  CHECK(error_of("run -m 99999999999999999999").starts_with("-m 99999999999999999999: not a size"));
  CHECK(error_of("run -m lots").starts_with("-m lots: not a size"));
  CHECK(error_of("run -m -5").starts_with("-m -5: not a size"));
  CHECK(error_of("run -m 1K").starts_with("-m 1K: memory must"));
  CHECK(error_of("run -m").starts_with("-m: needs a value"));
}

TEST_CASE("Options: an unknown one names its nearest relative") {
  CHECK(error_of("run -nograhpic") == "-nograhpic: no such option; did you mean -nographic?");
  CHECK(error_of("run --snapshots") == "--snapshots: no such option; did you mean -snapshot?");
  CHECK(error_of("run --kernal=x") == "--kernal=x: no such option; did you mean -kernel?");
  CHECK(error_of("run -screen x") == "-screen: no such option; did you mean -screenshot?");
  CHECK(error_of("run -zzzzzzzzzz") == "-zzzzzzzzzz: no such option");
}

TEST_CASE("Options: the number of processors") {
  CHECK(parsed("run").cpus == 1);
  CHECK(parsed("run -smp 4").cpus == 4);
  CHECK(parsed("run -smp cpus=2,maxcpus=8").cpus == 2);
  CHECK(parsed("run -smp sockets=2,cores=2,threads=2").cpus == 8);
  CHECK(parsed("run -smp 4,sockets=1,cores=4").cpus == 4);
  CHECK(error_of("run -smp 65") == "-smp 65: must be 1 to 64 processors");
  CHECK(error_of("run -smp cores=4294967296,threads=4294967296").find("must be 1 to 64") !=
        std::string::npos);
  CHECK(error_of("run -smp 0").starts_with("-smp 0: not a number"));
}

TEST_CASE("Options: processor models and features") {
  CHECK(parsed("run -cpu pentium3,-sse").cpu == "pentium3,-sse");
  CHECK(error_of("run -cpu pentum").starts_with("-cpu pentum: no such model"));
  CHECK(error_of("run -cpu pentum").ends_with("did you mean pentium?"));
  CHECK(error_of("run -cpu max,-rdran").ends_with("no feature 'rdran'; did you mean rdrand?"));
  CHECK(error_of("run -cpu max,lzcnd=off").ends_with("did you mean lzcnt?"));
  CHECK(parsed("run -cpu max,lahf_lm=off,+movbe").cpu == "max,lahf_lm=off,+movbe");
  CHECK(parsed("run -cpu help").command == Command::CpuHelp);
  for (const char* word : {"x86-64-v3", "rdrand", "abm"})
    CHECK(cpu_help_text().find(word) != std::string::npos);
  CHECK(parsed("run -seed 0x10").seed == 16);
  CHECK(error_of("run -seed dice") == "-seed dice: not a number");
  CHECK_FALSE(parsed("run -machine pc,smm=off").smm);
  CHECK(parsed("run").smm);
  CHECK(error_of("run -cpu max,+warp").starts_with("-cpu max,+warp: no feature 'warp'"));
}

TEST_CASE("Options: drives and their places") {
  Options o = parsed("run -hda a -hdb b -cdrom c -hdd d");
  REQUIRE(o.drives.size() == 4);
  CHECK(o.drives[2].cdrom);
  CHECK(o.drives[2].read_only);
  CHECK(o.drives[3].file == "d");
  CHECK(error_of("run -hdc a -cdrom b") == "-cdrom: IDE drive 2 is already taken by -hdc");

  o = parsed("run -drive file=x,,y,format=raw,if=ide,media=disk,serial=S1,snapshot=on -hda z");
  REQUIRE(o.drives.size() == 2);
  CHECK(o.drives[1].file == "x,y");
  CHECK(o.drives[1].index == 1);
  CHECK(o.drives[1].serial == "S1");
  CHECK(o.drives[1].snapshot);
  o = parsed("run -drive media=cdrom");
  REQUIRE(o.drives.size() == 1);
  CHECK(o.drives[0].index == 2);
  CHECK(o.drives[0].file.empty());
  CHECK(parsed("run -drive file=a,bus=1,unit=1").drives[0].index == 3);

  CHECK(error_of("run -drive format=raw").find("file= is missing") != std::string::npos);
  CHECK(error_of("run -drive file=a,format=qcow2").find("only raw images") != std::string::npos);
  CHECK(error_of("run -drive file=a,if=virtio").find("if=ide") != std::string::npos);
  CHECK(error_of("run -drive file=a,index=4").find("index is 0 to 3") != std::string::npos);
  CHECK(error_of("run -drive file=a,indx=1").find("did you mean index?") != std::string::npos);
  o = parsed("run");
  REQUIRE(o.floppies.size() == 1);  // an empty drive A
  CHECK(o.floppies[0].file.empty());
  CHECK(parsed("run -nodefaults").floppies.empty());
  o = parsed("run -drive file=b,if=floppy,index=1,readonly=on -fda a");
  REQUIRE(o.floppies.size() == 2);
  CHECK(o.floppies[0].file == "a");
  CHECK(o.floppies[1].read_only);
  CHECK(error_of("run -fda a -drive file=b,if=floppy,index=0").find("drive A is given twice") !=
        std::string::npos);
  CHECK(error_of("run -drive file=b,if=floppy,index=2").find("two diskette drives") != std::string::npos);
  CHECK(error_of("run a b").find("already taken") != std::string::npos);
}

TEST_CASE("Options: boot order") {
  CHECK(parsed("run -boot d").boot_order == "d");
  Options o = parsed("run -boot order=dc,menu=on");
  CHECK(o.boot_order == "dc");
  CHECK(o.boot_menu);
  CHECK(error_of("run -boot x").find("'x' is no boot device") != std::string::npos);
  CHECK(error_of("run -boot cc").find("given twice") != std::string::npos);
}

TEST_CASE("Options: -nographic puts the serial port on standard output") {
  Options o = parsed("run -nographic");
  CHECK(o.display == DisplayKind::None);
  CHECK(o.serial[0].kind == CharTarget::Kind::Stdio);
  o = parsed("run -nographic -serial null");
  CHECK(o.serial[0].kind == CharTarget::Kind::Null);
  o = parsed("run -serial mon:stdio -serial file:log");
  CHECK(o.serial[0].kind == CharTarget::Kind::Stdio);
  CHECK(o.serial[1].path == "log");
  CHECK(error_of("run -serial stdio -serial stdio").find("only one serial port") != std::string::npos);
  CHECK(error_of("run -serial stdoi").find("did you mean stdio?") != std::string::npos);
  CHECK(error_of("run -serial null -serial null -serial null").find("there are 2 serial ports") !=
        std::string::npos);
}

TEST_CASE("Options: the display follows what the host has") {
  CHECK(parsed("run", {true, true}).display == DisplayKind::Sdl);
  CHECK(parsed("run", {false, true}).display == DisplayKind::Terminal);
  CHECK(parsed("run", {false, false}).display == DisplayKind::None);
  CHECK(parsed("run -serial stdio", {false, true}).display == DisplayKind::None);
  CHECK(parsed("trace -o -", {true, true}).display == DisplayKind::None);
  CHECK(parsed("run -display none", {true, true}).display == DisplayKind::None);
  CHECK(error_of("run -display terminal -serial stdio").find("already used for stdio") != std::string::npos);
  CHECK(error_of("run -display gtk").starts_with("-display gtk: it is sdl, terminal or none"));
}

TEST_CASE("Options: clocks, limits and the clock chip") {
  Options o = parsed("run");
  CHECK(o.clock == ClockMode::Host);
  CHECK(o.rtc == "utc");
  o = parsed("run --clock instructions");
  CHECK(o.clock == ClockMode::Instructions);
  CHECK(parse_date(o.rtc));
  CHECK(parsed("debug").clock == ClockMode::Instructions);
  CHECK(parsed("run -rtc base=2026-06-17T16:01:21").rtc == "2026-06-17T16:01:21");
  CHECK(parsed("run -max-instructions 5M").max_instructions == 5'000'000);
  CHECK(parsed("run -max-seconds 2.5").max_seconds == 2.5);
  CHECK(error_of("run -rtc base=yesterday").find("base is utc") != std::string::npos);
  CHECK(error_of("run -max-instructions 0").find("not a number of instructions") != std::string::npos);
  CHECK(error_of("run -max-seconds nan").find("not a number of seconds") != std::string::npos);
  CHECK(error_of("run -max-seconds -1").find("not a number of seconds") != std::string::npos);
  CHECK(error_of("run --clock sun") == "--clock sun: it is host or instructions");
  CHECK(parsed("run --engine jit").translate);
  CHECK_FALSE(parsed("run --engine interp").translate);
  CHECK(parsed("run --engine jit").engine_given);
  CHECK(parsed("run").translate);
  CHECK_FALSE(parsed("run").engine_given);
  CHECK(error_of("run --engine fast") == "--engine fast: it is interp or jit");
}

TEST_CASE("Options: the translating engine and lockstep") {
  const Options o = parsed("lockstep -every 5k -jit-cache 4 -jit-hot 1 -jit-dump d.txt -perf-map");
  CHECK(o.command == Command::Lockstep);
  CHECK(o.clock == ClockMode::Instructions);
  CHECK(o.every == 5000);
  CHECK(o.jit_cache_mib == 4);
  CHECK(o.jit_hot == 1);
  const auto again = parse_options(to_arguments(o), kHeadless);
  REQUIRE(again);
  CHECK(to_arguments(*again) == to_arguments(o));
  CHECK(again->jit_dump == "d.txt");
  CHECK(again->perf_map);
  CHECK(error_of("lockstep -clock host").find("-clock instructions") != std::string::npos);
  CHECK(error_of("run -jit-cache 0").find("1 to 1024") != std::string::npos);
  CHECK(error_of("run -jit-hot x").find("1 to 10000") != std::string::npos);
}

TEST_CASE("Options: devices") {
  Options o =
      parsed("run -device isa-debug-exit,iobase=0xf4,iosize=0x04 -device pvpanic -device pci-testdev");
  CHECK(o.debug_exit.present);
  CHECK(o.debug_exit.iobase == 0xF4);
  CHECK(o.debug_exit.iosize == 4);
  CHECK(o.pvpanic);
  CHECK(o.pci_testdev);
  o = parsed("run -debugcon file:a");
  CHECK(o.debugcon.path == "a");
  o = parsed("run -debugcon file:a -global isa-debugcon.iobase=0x402");
  CHECK(o.firmware_log.path == "a");
  CHECK(o.debugcon.kind == CharTarget::Kind::Null);
  o = parsed("run -device isa-debugcon,iobase=0x402,chardev=x -chardev file,path=b,id=x -debugcon stdio");
  CHECK(o.firmware_log.path == "b");
  CHECK(o.debugcon.kind == CharTarget::Kind::Stdio);
  CHECK(error_of("run -device isa-debug-exit,iobase=0x10000").find("iobase is 0 to 65535") !=
        std::string::npos);
  CHECK(error_of("run -device isa-debug-exit,iobase=0xffff").find("end beyond") != std::string::npos);
  CHECK(error_of("run -device e1000").starts_with("-device e1000: no such device"));
  CHECK(error_of("run -nic user").find("no network card") != std::string::npos);
  CHECK(error_of("run -serial chardev:x").find("no -chardev has the id 'x'") != std::string::npos);
}

TEST_CASE("Options: what QEMU's users give by habit is accepted") {
  parsed(
      "run -machine pc -accel tcg -M pc-i440fx-7.2 -name g -no-fd-bootchk -nodefaults -net none -nic none "
      "-monitor none -no-reboot -no-shutdown -vga std -parallel none -rtc clock=host");
  CHECK(error_of("run -machine q35").find("the only machine is pc") != std::string::npos);
  CHECK(error_of("run -accel kvm").find("only accelerator is tcg") != std::string::npos);
  CHECK(error_of("run -enable-kvm").find("does not use the host's virtualization") != std::string::npos);
}

TEST_CASE("Options: gdb's port") {
  CHECK(parsed("run -s -S").gdb == ":1234");
  CHECK(parsed("run -s -S").start_stopped);
  CHECK(parsed("run -gdb tcp::5555").gdb == ":5555");
  CHECK(parsed("debug --gdb localhost:7").gdb == "localhost:7");
  CHECK(parsed("debug --gdb 7").gdb == ":7");
  CHECK(error_of("run -gdb tcp::0").find("not a port") != std::string::npos);
  CHECK(error_of("run -gdb tcp::65536").find("not a port") != std::string::npos);
}

TEST_CASE("Options: -initrd and -append need a kernel") {
  CHECK(error_of("run -initrd x") == "-initrd: needs -kernel");
  CHECK(error_of("run -append x") == "-append: needs -kernel");
}

TEST_CASE("Options: the printed configuration gives the same run again") {
  for (const char* line :
       {"run", "run -nographic", "debug -s -S -m 64 -cpu 486 -seed 7 -machine pc,smm=off",
        "trace -o out --start 5 --stop 10 --range 0x7c00-0x7dff",
        "run -hda it's.img -cdrom a,b.iso -snapshot -boot order=dc,menu=on -m 2G -name x,,y",
        "run -kernel k -initrd i -append console=ttyS0~quiet -no-reboot -display none -serial file:s "
        "-monitor stdio",
        "run -debugcon stdio -device isa-debugcon,iobase=0x402,chardev=c -chardev file,path=l,id=c -vga none",
        "run --clock instructions --max-instructions 7 --max-seconds 0.1 --hash-every 3 -d int,guest_errors "
        "-D log",
        "run -device isa-debug-exit,iobase=0xf4,iosize=4 -device pvpanic -device pci-testdev --screenshot "
        "s.png",
        "run -drive file=d,readonly=on,snapshot=on,serial=q -rtc base=2020-02-29 -bios b -L dir"}) {
    Options first = parsed(line);
    auto again = parse_options(to_arguments(first), {true, true});
    INFO(line);
    INFO((again ? "" : again.error().message));
    REQUIRE(again);
    CHECK(to_arguments(*again) == to_arguments(first));
    CHECK(print_config(*again) == print_config(first));
    CHECK(again->drives == first.drives);
    CHECK(again->serial == first.serial);
    CHECK(again->debugcon == first.debugcon);
    CHECK(again->firmware_log == first.firmware_log);
    CHECK(again->max_seconds == first.max_seconds);
    CHECK(again->trace == first.trace);
    CHECK(again->append == first.append);
    CHECK(again->clock == first.clock);
    CHECK(again->display == first.display);
  }
}

TEST_CASE("Options: help names every option that it knows and the exit statuses") {
  std::string help = help_text();
  for (const char* word :
       {"-kernel FILE", "-snapshot", "--max-instructions", "triple fault", "isa-debug-exit", "pentium3"}) {
    INFO(word);
    // Options are shown with one dash.
    std::string_view w = word;
    if (w.starts_with("--")) w.remove_prefix(1);
    CHECK(help.find(w) != std::string::npos);
  }
}

TEST_CASE("Words: edit distance counts swapped neighbours once") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("nograhpic", "nographic") == 1);
}

TEST_CASE("Words: dates") {
  CHECK(parse_date("1970-01-01") == 0);
  CHECK(parse_date("2000-03-01T00:00:01") == 951868801);
  CHECK(parse_date("2024-02-29T23:59:59") == 1709251199);
  CHECK_FALSE(parse_date("2023-02-29"));
  CHECK_FALSE(parse_date("2024-13-01"));
  CHECK_FALSE(parse_date("2024-1-1"));
  CHECK_FALSE(parse_date("1969-12-31"));
  CHECK_FALSE(parse_date("2024-02-29T24:00:00"));
}

TEST_CASE("Words: sizes and numbers take nothing that does not fit") {
  CHECK(parse_size("16", 1) == 16);
  CHECK(parse_size("2k", 1) == 2048);
  CHECK(parse_size("1T", 1) == uint64_t{1} << 40);
  CHECK_FALSE(parse_size("99999999T", 1));
  CHECK_FALSE(parse_size("M", 1));
  CHECK(parse_number("0xff") == 255);
  CHECK_FALSE(parse_number("0x"));
  CHECK_FALSE(parse_number("12a"));
  CHECK_FALSE(parse_number("18446744073709551616"));
}

TEST_CASE("Words: a shell takes the quoted word back") {
  CHECK(shell_quoted("plain-1.img") == "plain-1.img");
  CHECK(shell_quoted("a b") == "'a b'");
  CHECK(shell_quoted("it's") == "'it'\\''s'");
  CHECK(shell_quoted("") == "''");
}

TEST_CASE("Options: sound cards and where sound goes") {
  Options o = parsed("run", {true, true});
  CHECK(o.sb16);
  CHECK(o.ac97);
  CHECK(o.sound.kind == SoundTarget::Kind::Sdl);
  CHECK(parsed("run -display none").sound.kind == SoundTarget::Kind::None);
  o = parsed("run -device sb16,audiodev=a -audiodev wav,id=a,path=x,,y.wav");
  CHECK(o.sb16);
  CHECK_FALSE(o.ac97);
  CHECK(o.sound.kind == SoundTarget::Kind::Wav);
  CHECK(o.sound.path == "x,y.wav");
  CHECK(parsed("run --wav a.wav").sound.path == "a.wav");
  o = parsed("run -audio driver=none,model=AC97");
  CHECK(o.ac97);
  CHECK_FALSE(o.sb16);
  CHECK(o.sound.kind == SoundTarget::Kind::None);
  o = parsed("run -nodefaults");
  CHECK_FALSE(o.sb16);
  CHECK_FALSE(o.ac97);
  CHECK(error_of("run -audiodev wav").find("path= is missing") != std::string::npos);
  CHECK(error_of("run -audiodev alsa").find("it is sdl, wav,path=FILE or none") != std::string::npos);
  CHECK(error_of("run -audio none,model=hda").find("there are sb16 and AC97") != std::string::npos);
}
