#include "oracle/native_child.h"

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>

#include <asm/ldt.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/memfd.h>
#include <linux/seccomp.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oracle/native_entry.h"
#include "oracle/native_wire.h"

namespace ilse::oracle {
namespace {

constexpr std::uint64_t kFourGib = 1ULL << 32;
constexpr std::uint8_t kInt3 = 0xcc;
constexpr unsigned kSegments = 6;

class Child {
 public:
  Child(const Layout& layout, Batch& batch) : layout_(layout), batch_(batch) {}

  bool set_up() {
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && (getauxval(AT_HWCAP2) & 2) != 0 && map_memory() &&
           install_handlers() && probe_descriptors() && stop_system_calls();
  }

  void run_batch() {
    WireReader in(batch_.cases);
    std::size_t used = 0;
    batch_.done = 0;
    for (std::uint32_t i = 0; i < batch_.count; ++i) {
      run_case(in);
      WireWriter out(std::span(batch_.results).subspan(used));
      write_result(out);
      restore_memory();
      if (out.full()) return;
      used += out.used();
      batch_.done = i + 1;
    }
  }

 private:
  struct Mapping {
    std::uint64_t address = 0;
    std::span<std::uint8_t> alias;         // the same memory at an ordinary address
    std::vector<std::uint8_t> background;  // what it holds between cases
    std::vector<std::uint8_t> before;      // what it held before the current case ran
  };

  bool map_memory() {
    // ASan's shadow of low memory lies there; nothing of ours is low.
    if (reinterpret_cast<std::uint64_t>(&ilse_native_enter) < kFourGib) return false;
    if (syscall(SYS_munmap, 0, kFourGib) != 0) return false;
    for (const Window& w : layout_) {
      if (!map_window(w)) return false;
    }
    void* control = mmap(reinterpret_cast<void*>(kControlAddress), kControlSize, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (control == MAP_FAILED) return false;
    control_ = static_cast<Control*>(control);
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    control_->component_mask = low & 7U;
    return true;
  }

  bool map_window(const Window& w) {
    const std::size_t size = w.background.size();
    const int fd = static_cast<int>(syscall(SYS_memfd_create, "window", MFD_CLOEXEC));
    if (fd < 0 || ftruncate(fd, static_cast<off_t>(size)) != 0) return false;
    void* alias = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    const int protection = PROT_READ | (w.writable ? PROT_WRITE : 0) | (w.executable ? PROT_EXEC : 0);
    void* guest = mmap(reinterpret_cast<void*>(w.address), size, protection,
                       MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
    close(fd);
    if (alias == MAP_FAILED || guest == MAP_FAILED) return false;
    Mapping m{w.address, {static_cast<std::uint8_t*>(alias), size}, w.background, w.background};
    std::memcpy(m.alias.data(), w.background.data(), size);
    mappings_.push_back(std::move(m));
    return true;
  }

  static bool install_handlers() {
    void* memory =
        mmap(nullptr, kSignalStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    stack_t stack{};
    stack.ss_sp = memory;
    stack.ss_size = kSignalStackSize;
    if (sigaltstack(&stack, nullptr) != 0) return false;
    struct sigaction action {};
    action.sa_sigaction = ilse_native_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (const int signal : {SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS, SIGSYS}) {
      if (sigaction(signal, &action, nullptr) != 0) return false;
    }
    return true;
  }

  bool probe_descriptors() {
    CaseState probe;
    probe.mode = Mode::k16;
    return load_descriptors(probe);
  }

  // System calls from below 4 GiB or by a 32-bit entry raise SIGSYS instead.
  static bool stop_system_calls() {
    constexpr std::uint32_t kArch = offsetof(seccomp_data, arch);
    constexpr std::uint32_t kIpHigh = offsetof(seccomp_data, instruction_pointer) + 4;
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kArch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kIpHigh),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{};
    program.len = std::size(code);
    program.filter = code;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  }

  // Entries 0 to 5 of the local descriptor table are the segments of 16-bit code by register
  // number, 8 to 13 those of 32-bit code.
  bool load_descriptors(const CaseState& c) {
    if (c.mode == Mode::k64) return true;
    const bool wide = c.mode == Mode::k32;
    auto& loaded = loaded_base_[wide ? 1 : 0];
    for (unsigned i = 0; i < kSegments; ++i) {
      const auto base = static_cast<std::uint32_t>(c.base[i]);
      if ((wide && base == 0) || loaded[i] == base) continue;
      user_desc d{};
      d.entry_number = i + (wide ? 8 : 0);
      d.base_addr = base;
      d.limit = wide ? 0xfffff : 0xffff;
      d.limit_in_pages = wide ? 1 : 0;
      d.seg_32bit = wide ? 1 : 0;
      d.contents = i == kCs ? MODIFY_LDT_CONTENTS_CODE : MODIFY_LDT_CONTENTS_DATA;
      d.useable = 1;
      if (syscall(SYS_modify_ldt, 0x11, &d, sizeof d) != 0) return false;
      loaded[i] = base;
    }
    return true;
  }

  void run_case(WireReader& in) {
    CaseState c;
    in.value(c);
    std::size_t code_size = 0;
    in.value(code_size);
    const auto code = in.bytes(code_size);
    const std::uint64_t start = (c.mode == Mode::k64 ? 0 : c.base[kCs]) + c.rip;
    in.runs([this](std::uint64_t address, std::span<const std::uint8_t> data) { patch(address, data); });
    patch(start, code);
    if (c.end == End::kBreakpoint) patch(start + code_size, std::span(&kInt3, 1));

    result_ = {};
    load_descriptors(c);
    fill_control(c);
    for (;;) {
      if (result_.steps++ == 0) {
        ilse_native_enter();
      } else {
        ilse_native_resume();
      }
      const auto& reg = control_->context->uc_mcontext.gregs;
      const auto trap = static_cast<std::uint8_t>(reg[REG_TRAPNO]);
      const std::uint64_t rip = width(c.mode, static_cast<std::uint64_t>(reg[REG_RIP]));
      if (control_->info->si_signo == SIGSYS) {
        result_.outcome = Outcome::kSyscall;
      } else if (c.end == End::kStep && trap == 1) {
        if (rip == c.rip && result_.steps < c.step_limit) continue;
        result_.outcome = rip == c.rip ? Outcome::kStepLimit : Outcome::kCompleted;
      } else if (c.end == End::kBreakpoint && trap == 3 && rip == c.rip + code_size + 1) {
        result_.outcome = Outcome::kCompleted;
      } else {
        result_.outcome = Outcome::kFault;
        result_.vector = trap;
      }
      break;
    }
    capture(c);
    if (c.end == End::kBreakpoint && result_.outcome == Outcome::kCompleted) --result_.rip;
  }

  static std::uint64_t width(Mode mode, std::uint64_t value) {
    return mode == Mode::k64 ? value : value & 0xffffffffU;
  }

  void fill_control(const CaseState& c) {
    const auto selector = initial_selectors(c);
    control_->selector_in = {selector[kEs], selector[kDs], selector[kFs], selector[kGs]};
    control_->load_bases = c.mode == Mode::k64 ? 1 : 0;
    control_->fs_base_in = c.base[kFs];
    control_->gs_base_in = c.base[kGs];
    for (unsigned i = 0; i < 16; ++i) control_->gpr[i] = width(c.mode, c.gpr[i]);
    control_->rip = c.rip;
    control_->cs = selector[kCs];
    control_->rflags = (c.flags & kUserFlags) | kIf | 2 | (c.end == End::kStep ? kTf : 0);
    control_->rsp = width(c.mode, c.gpr[kRsp]);
    control_->ss = selector[kSs];
    control_->fx = c.fx;
    control_->fx.mxcsr &= 0xffffU;
    control_->fx.xstate_bv = control_->component_mask;
    control_->fx.xcomp_bv = 0;
    control_->fx.reserved2 = {};
  }

  void capture(const CaseState& c) {
    constexpr std::array<int, 16> kOrder = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                            REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                            REG_R12, REG_R13, REG_R14, REG_R15};
    const auto& reg = control_->context->uc_mcontext.gregs;
    for (unsigned i = 0; i < (c.mode == Mode::k64 ? 16U : 8U); ++i) {
      result_.gpr[i] = width(c.mode, static_cast<std::uint64_t>(reg[kOrder[i]]));
    }
    result_.rip = width(c.mode, static_cast<std::uint64_t>(reg[REG_RIP]));
    result_.flags = static_cast<std::uint64_t>(reg[REG_EFL]) & ~(kTf | kIf | kRf);
    if (result_.outcome == Outcome::kFault) {
      result_.error_code = static_cast<std::uint32_t>(reg[REG_ERR]);
      if (result_.vector == 14) result_.cr2 = static_cast<std::uint64_t>(reg[REG_CR2]);
    }
    const auto packed = static_cast<std::uint64_t>(reg[REG_CSGSFS]);
    const auto& out = control_->selector_out;
    result_.selector = {
        out[0], static_cast<std::uint16_t>(packed), static_cast<std::uint16_t>(packed >> 48), out[1], out[2],
        out[3]};
    result_.fs_base = control_->fs_base_out;
    result_.gs_base = control_->gs_base_out;
    capture_fx();
  }

  // The kernel's frame is a standard-format XSAVE area with its own words in the reserved part; a
  // component whose XSTATE_BV bit is clear is in its initial state, whatever the area holds.
  void capture_fx() {
    constexpr std::uint32_t kMagic1 = 0x46505853;
    XsaveImage fx;
    const auto* area = reinterpret_cast<const std::uint8_t*>(control_->context->uc_mcontext.fpregs);
    if (area != nullptr) {
      std::uint32_t magic = 0;
      std::memcpy(&magic, area + 464, sizeof magic);
      std::memcpy(static_cast<void*>(&fx), area, magic == kMagic1 ? sizeof fx : 512);
      if (magic != kMagic1) fx.xstate_bv = 3;
    }
    const XsaveImage initial;
    if ((fx.xstate_bv & 1) == 0) {
      fx.fcw = initial.fcw;
      fx.fsw = initial.fsw;
      fx.ftw = initial.ftw;
      fx.fop = initial.fop;
      fx.fip = initial.fip;
      fx.fdp = initial.fdp;
      fx.st = initial.st;
    }
    if ((fx.xstate_bv & 2) == 0) fx.xmm = initial.xmm;
    if ((fx.xstate_bv & 4) == 0) fx.ymm_high = initial.ymm_high;
    fx.mxcsr_mask = 0;
    fx.reserved1 = {};
    fx.xstate_bv = initial.xstate_bv;
    fx.xcomp_bv = 0;
    fx.reserved2 = {};
    result_.fx = fx;
  }

  void patch(std::uint64_t address, std::span<const std::uint8_t> data) {
    for (Mapping& m : mappings_) {
      if (address < m.address || address + data.size() > m.address + m.alias.size()) continue;
      const std::size_t offset = address - m.address;
      std::memcpy(m.alias.data() + offset, data.data(), data.size());
      std::memcpy(m.before.data() + offset, data.data(), data.size());
      patches_.push_back({&m, offset, data.size()});
    }
  }

  void write_result(WireWriter& out) {
    changes_.clear();
    for (const Mapping& m : mappings_) {
      if (std::memcmp(m.before.data(), m.alias.data(), m.alias.size()) == 0) continue;
      append_changes(m.address, m.before.data(), m.alias.data(), m.alias.size(), changes_);
    }
    out.value(result_);
    out.runs(changes_);
  }

  void restore_memory() {
    for (const auto& p : patches_) {
      std::memcpy(p.mapping->alias.data() + p.offset, p.mapping->background.data() + p.offset, p.size);
      std::memcpy(p.mapping->before.data() + p.offset, p.mapping->background.data() + p.offset, p.size);
    }
    patches_.clear();
    for (const MemoryRun& r : changes_) {
      for (Mapping& m : mappings_) {
        if (r.address < m.address || r.address >= m.address + m.alias.size()) continue;
        const std::size_t offset = r.address - m.address;
        std::memcpy(m.alias.data() + offset, m.background.data() + offset, r.bytes.size());
      }
    }
  }

  struct Patch {
    Mapping* mapping;
    std::size_t offset;
    std::size_t size;
  };

  const Layout& layout_;
  Batch& batch_;
  Control* control_ = nullptr;
  std::vector<Mapping> mappings_;
  std::vector<Patch> patches_;
  std::vector<MemoryRun> changes_;
  std::array<std::array<std::optional<std::uint32_t>, kSegments>, 2> loaded_base_{};
  ResultState result_;
};

}  // namespace

void native_child_main(const Layout& layout, Batch& batch, int channel) {
  Child child(layout, batch);
  std::uint8_t token = child.set_up() ? 1 : 0;
  while (write(channel, &token, 1) == 1 && read(channel, &token, 1) == 1) child.run_batch();
  _exit(0);
}

}  // namespace ilse::oracle
