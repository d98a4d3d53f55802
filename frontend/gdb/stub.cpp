#include "frontend/gdb/stub.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "frontend/debugger/guest_memory.h"
#include "frontend/debugger/report.h"

namespace ilse::gdb {

using ui::Breakpoint;
using ui::Breakpoints;

namespace {

std::string hex(uint64_t v) {
  char text[20];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(v));
  return text;
}

std::span<uint8_t> bytes_of(std::string& s) { return {reinterpret_cast<uint8_t*>(s.data()), s.size()}; }

constexpr std::string_view kBadPacket = "E22", kBadAddress = "E14";

}  // namespace

Stub::Stub(ui::Machine& machine, bool stopped)
    : machine_(machine),
      breakpoints_(machine),
      target_(machine.cpu().model().has(cpu::Feature::Lm) ? Arch::X86_64 : Arch::I386),
      stopped_(stopped) {}

Arch Stub::automatic_arch() const {
  return machine_.cpu().model().has(cpu::Feature::Lm) ? Arch::X86_64 : Arch::I386;
}

void Stub::connect(PacketLayer* link) {
  link_ = link;
  waiting_ = false;
  physical_ = false;
  swbreak_ = hwbreak_ = false;
  breakpoints_.clear();
  breakpoints_.step(0);
  machine_.allow(~0ull);
  if (link == nullptr) {
    breakpoints_.release();
    return;
  }
  // A debugger expects to find the guest stopped.
  if (!stopped_) {
    signal_ = Signal::Int;
    why_ = {};
    stopped_ = true;
  }
  thread_ = machine_.cpu().id();
  breakpoints_.release();
}

void Stub::reply(std::string_view text) {
  if (link_ != nullptr) link_->send(text);
}

std::string Stub::stop_reply() const {
  std::string out(signal_ == Signal::Int ? "T02thread:" : "T05thread:");
  out += hex(machine_.cpu().id() + 1) + ";";
  if (why_.reason == Breakpoints::Stop::Reason::Watchpoint) {
    const char* name = why_.what.kind == Breakpoint::Kind::Write  ? "watch"
                       : why_.what.kind == Breakpoint::Kind::Read ? "rwatch"
                                                                  : "awatch";
    // GDB finds the watchpoint by an address inside it.
    out.append(name).append(":").append(hex(std::max(why_.address, why_.what.address))).append(";");
  } else if (why_.reason == Breakpoints::Stop::Reason::Breakpoint) {
    if (why_.what.tag == 0 && swbreak_) out += "swbreak:;";
    if (why_.what.tag == 1 && hwbreak_) out += "hwbreak:;";
  }
  return out;
}

void Stub::report(Signal signal) {
  stopped_ = true;
  signal_ = signal;
  thread_ = machine_.cpu().id();
  if (waiting_) reply(stop_reply());
  waiting_ = false;
}

void Stub::interrupt() {
  if (stopped_) return;
  breakpoints_.step(0);
  why_ = {};
  report(Signal::Int);
}

uint64_t Stub::slice(uint64_t instructions) const {
  uint64_t done = machine_.instructions();
  return stop_at_ > done ? std::min(instructions, stop_at_ - done) : instructions;
}

void Stub::ran(ui::MachineExit exit) {
  if (exit == ui::MachineExit::None && machine_.instructions() >= stop_at_) {
    stop_at_ = UINT64_MAX;
    interrupt();
    return;
  }
  if (exit != ui::MachineExit::Stopped) return;
  why_ = breakpoints_.stop();
  report(Signal::Trap);
}

void Stub::resume(std::optional<unsigned> stepped, uint64_t allowed) {
  breakpoints_.step(stepped ? 1 : 0, stepped.value_or(0));
  if (stepped && (sstep_ & 2) != 0) machine_.cpu(*stepped).pending.shadow = true;
  machine_.allow(allowed);
  breakpoints_.resume();
  stopped_ = false;
  waiting_ = true;
}

std::string Stub::move(std::string_view text, bool with_signal, bool step) {
  if (with_signal) {
    if (!take_hex(text)) return std::string(kBadPacket);
    take(text, ";");
  }
  if (auto address = take_hex(text)) {
    cpu().set_rip(cpu().code64() ? *address : (*address - cpu().seg[cpu::kCs].base) & 0xFFFFFFFF);
  }
  resume(step ? std::optional(thread_) : std::nullopt, ~0ull);
  return {};
}

std::optional<int> Stub::thread(std::string_view text) const {
  // With the process of the multiprocess extension, which has all threads.
  if (take(text, "p")) {
    if (!take_hex(text)) return std::nullopt;
    if (!take(text, ".")) return kAll;
  }
  if (text == "-1") return kAll;
  auto n = take_hex(text);
  if (!n || !text.empty() || *n > machine_.processors()) return std::nullopt;
  return static_cast<int>(*n) - 1;
}

// For each thread its first action counts.
std::string Stub::vcont(std::string_view text) {
  uint64_t allowed = 0;
  std::optional<unsigned> stepped;
  while (take(text, ";")) {
    size_t end = std::min(text.find(';'), text.size());
    std::string_view action = text.substr(0, end);
    text.remove_prefix(end);
    if (action.empty() || std::string_view("cCsS").find(action[0]) == std::string_view::npos)
      return std::string(kBadPacket);
    size_t colon = action.find(':');
    auto whose = colon == std::string_view::npos ? std::optional(kAll) : thread(action.substr(colon + 1));
    if (!whose) continue;
    if (*whose == kAny) whose = static_cast<int>(thread_);
    const bool step = action[0] == 's' || action[0] == 'S';
    // Of a step of all, that of the selected one is reported.
    const unsigned one = *whose == kAll ? thread_ : static_cast<unsigned>(*whose);
    if (step && !stepped && (allowed >> one & 1) == 0) stepped = one;
    allowed |= *whose == kAll ? ~0ull : 1ull << one;
  }
  if (allowed == 0) return std::string(kBadPacket);
  resume(stepped, allowed);
  return {};
}

// Hg, and Hc for debuggers without vCont.
std::string Stub::select(std::string_view text) {
  if (!take(text, "g") && !take(text, "c")) return std::string(kBadPacket);
  auto whose = thread(text);
  if (!whose) return std::string(kBadPacket);
  if (*whose >= 0) thread_ = static_cast<unsigned>(*whose);
  return "OK";
}

std::string Stub::threads() const {
  std::string out("m");
  for (unsigned k = 0; k < machine_.processors(); ++k) out.append(k == 0 ? "" : ",").append(hex(k + 1));
  return out;
}

std::string Stub::read_memory(std::string_view text) {
  auto address = take_hex(text);
  if (!address || !take(text, ",")) return std::string(kBadPacket);
  auto length = take_hex(text);
  if (!length) return std::string(kBadPacket);
  std::string data(std::min<uint64_t>(*length, kPacketSize / 2), '\0');
  size_t n = data.size();
  if (physical_) {
    ui::peek_physical(cpu(), *address, bytes_of(data));
  } else {
    n = ui::peek_linear(cpu(), *address, bytes_of(data));
  }
  if (n == 0 && *length != 0) return std::string(kBadAddress);
  return to_hex(std::string_view(data).substr(0, n));
}

std::string Stub::write_memory(std::string_view text, bool binary) {
  auto address = take_hex(text);
  if (!address || !take(text, ",")) return std::string(kBadPacket);
  auto length = take_hex(text);
  if (!length || !take(text, ":")) return std::string(kBadPacket);
  std::optional<std::string> data = binary ? std::string(text) : from_hex(text);
  if (!data || data->size() != *length) return std::string(kBadPacket);
  if (physical_) {
    ui::poke_physical(cpu(), *address, bytes_of(*data));
  } else if (ui::poke_linear(cpu(), *address, bytes_of(*data)) != data->size()) {
    return std::string(kBadAddress);
  }
  return "OK";
}

std::string Stub::breakpoint(std::string_view text, bool insert) {
  auto type = take_hex(text);
  if (!type || !take(text, ",")) return std::string(kBadPacket);
  auto address = take_hex(text);
  if (!address || !take(text, ",")) return std::string(kBadPacket);
  auto length = take_hex(text);
  if (!length) return std::string(kBadPacket);
  static constexpr Breakpoint::Kind kKinds[] = {Breakpoint::Kind::Linear, Breakpoint::Kind::Linear,
                                                Breakpoint::Kind::Write, Breakpoint::Kind::Read,
                                                Breakpoint::Kind::Access};
  if (*type >= std::size(kKinds)) return {};
  int tag = static_cast<int>(*type);
  uint64_t span = tag < 2 ? 1 : *length;
  // Inserting twice is inserting once.
  breakpoints_.remove(kKinds[tag], *address, span, tag);
  if (insert) {
    Breakpoint b;
    b.kind = kKinds[tag];
    b.address = *address;
    b.length = span;
    b.tag = tag;
    breakpoints_.add(b);
  }
  return "OK";
}

std::string Stub::xfer(std::string_view text) const {
  auto offset = take_hex(text);
  if (!offset || !take(text, ",")) return std::string(kBadPacket);
  auto length = take_hex(text);
  if (!length) return std::string(kBadPacket);
  std::string_view xml = target_.xml();
  if (*offset >= xml.size()) return "l";
  std::string_view piece = xml.substr(*offset, std::min<uint64_t>(*length, kPacketSize / 2));
  std::string out(1, *offset + piece.size() < xml.size() ? 'm' : 'l');
  return out.append(piece);
}

std::string Stub::query(std::string_view text) {
  if (take(text, "Supported")) {
    swbreak_ = text.find("swbreak+") != std::string_view::npos;
    hwbreak_ = text.find("hwbreak+") != std::string_view::npos;
    std::string out("PacketSize=");
    return out.append(hex(kPacketSize))
        .append(";qXfer:features:read+;vContSupported+;QStartNoAckMode+;swbreak+;hwbreak+");
  }
  if (take(text, "Xfer:features:read:target.xml:")) return xfer(text);
  if (take(text, "Xfer:features:read:")) return "E00";
  if (text == "C") return "QC" + hex(thread_ + 1);
  if (text == "fThreadInfo") return threads();
  if (text == "sThreadInfo") return "l";
  if (take(text, "ThreadExtraInfo,")) {
    auto whose = thread(text);
    if (!whose || *whose < 0) return std::string(kBadPacket);
    const auto n = static_cast<unsigned>(*whose);
    const bool running = machine_.cpu(n).pending.activity == cpu::Activity::Running;
    return to_hex("CPU#" + std::to_string(n) + (running ? " [running]" : " [halted ]"));
  }
  if (text.starts_with("Attached")) return "1";
  if (text.starts_with("Symbol:")) return "OK";
  if (text == "Offsets") return "Text=0;Data=0;Bss=0";
  if (text == "qemu.sstepbits") return "ENABLE=1,NOIRQ=2,NOTIMER=4";
  if (text == "qemu.sstep") return std::string("0x").append(hex(sstep_));
  if (text == "qemu.PhyMemMode") return physical_ ? "1" : "0";
  if (take(text, "Rcmd,")) {
    auto command = from_hex(text);
    return command ? monitor(*command) : std::string(kBadPacket);
  }
  return {};
}

std::string Stub::set(std::string_view text) {
  if (text == "StartNoAckMode") {
    reply("OK");
    if (link_ != nullptr) link_->no_acks();
    return {};
  }
  if (take(text, "qemu.sstep=") || take(text, "qemu.sstep:")) {
    take(text, "0x");
    auto v = take_hex(text);
    if (!v) return std::string(kBadPacket);
    sstep_ = static_cast<unsigned>(*v) & 7;
    return "OK";
  }
  if (take(text, "qemu.PhyMemMode:")) {
    physical_ = text == "1";
    return "OK";
  }
  return {};
}

void Stub::packet(std::string_view text) {
  if (text.empty()) {
    reply("");
    return;
  }
  const char command = text[0];
  text.remove_prefix(1);
  bool moving = false;
  std::string out;
  // While the guest runs nothing but its stop is expected; whatever comes stops it first, silently.
  if (!stopped_) {
    stopped_ = true;
    waiting_ = false;
  }
  switch (command) {
    case '?': out = stop_reply(); break;
    case '!': out = "OK"; break;
    case 'g': out = to_hex(target_.read_all(cpu())); break;
    case 'G': {
      auto data = from_hex(text);
      if (data) target_.write_all(cpu(), *data);
      out = data ? "OK" : kBadPacket;
      break;
    }
    case 'p': {
      auto n = take_hex(text);
      std::string value = n ? target_.read(cpu(), static_cast<unsigned>(std::min<uint64_t>(*n, 0xFFFF))) : "";
      out = value.empty() ? std::string(kBadPacket) : to_hex(value);
      break;
    }
    case 'P': {
      auto n = take_hex(text);
      auto data = take(text, "=") ? from_hex(text) : std::nullopt;
      bool ok =
          n && data && target_.write(cpu(), static_cast<unsigned>(std::min<uint64_t>(*n, 0xFFFF)), *data);
      out = ok ? "OK" : kBadPacket;
      break;
    }
    case 'm': out = read_memory(text); break;
    case 'M': out = write_memory(text, false); break;
    case 'X': out = write_memory(text, true); break;
    case 'Z':
    case 'z': out = breakpoint(text, command == 'Z'); break;
    case 'c':
    case 'C':
    case 's':
    case 'S':
      out = move(text, command < 'a', command == 's' || command == 'S');
      moving = out.empty();
      break;
    case 'v':
      if (text == "Cont?") {
        out = "vCont;c;C;s;S";
      } else if (take(text, "Cont")) {
        out = vcont(text);
        moving = out.empty();
      } else if (text.starts_with("Kill;")) {
        killed_ = true;
        out = "OK";
      }
      break;
    case 'H': out = select(text); break;
    case 'T': out = thread(text).value_or(kAny) >= 0 ? "OK" : kBadPacket; break;
    case 'k':
      killed_ = true;
      moving = true;
      break;
    case 'D':
      breakpoints_.clear();
      resume(std::nullopt, ~0ull);
      waiting_ = false;
      out = "OK";
      break;
    case 'q': out = query(text); break;
    case 'Q':
      out = set(text);
      moving = text == "StartNoAckMode";
      break;
    default: break;
  }
  if (!moving) reply(out);
}

std::string Stub::monitor(std::string_view text) {
  std::string out = ui::monitor_command(machine_, thread_, disassembler_, text);
  if (!out.empty()) return to_hex(out);
  if (text == "reset" || text == "system_reset") {
    machine_.reset(dev::ResetKind::Hard);
    return to_hex("reset; the registers that GDB knows are old: `maintenance flush register-cache`\n");
  }
  if (text == "quit" || text == "q") {
    killed_ = true;
    return "OK";
  }
  if (text == "phys on" || text == "phys off") {
    physical_ = text == "phys on";
    return to_hex(physical_ ? "memory is physical\n" : "memory is linear\n");
  }
  if (text == "phys") return to_hex(physical_ ? "on\n" : "off\n");
  if (take(text, "stop-at ")) {
    auto count = ui::parse_address(machine_.cpu(), text);
    if (!count || *count <= machine_.instructions()) return to_hex("stop-at COUNT, not in the past\n");
    stop_at_ = *count;
    return "OK";
  }
  if (text == "count") return to_hex(std::to_string(machine_.instructions()).append("\n"));
  if (take(text, "arch ")) {
    Arch arch = text == "i8086" ? Arch::I8086 : text == "i386" ? Arch::I386 : automatic_arch();
    target_ = Target(arch);
    return to_hex("for the next connection: disconnect, target remote\n");
  }
  if (text == "help" || text.empty()) {
    return to_hex(ui::monitor_help() +
                  "phys on|off           GDB's memory accesses are physical\n"
                  "arch auto|i386|i8086  target description of the next connection\n"
                  "count                 instructions so far\n"
                  "stop-at COUNT         the next continue stops there\n"
                  "reset                 reset the machine\n"
                  "quit                  end Ilse\n");
  }
  return to_hex("unknown command; try help\n");
}

}  // namespace ilse::gdb
