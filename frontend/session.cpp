#include "frontend/session.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <thread>

#include "devices/display/vga.h"
#include "devices/sound/mixer.h"
#include "frontend/board_setup.h"
#include "frontend/debugger/prompt.h"
#include "frontend/exit_status.h"
#include "frontend/registers_text.h"
#include "frontend/screenshot.h"
#include "frontend/snapshot.h"

namespace ilse::ui {

using namespace std::chrono_literals;
using HostClock = std::chrono::steady_clock;

constexpr auto kSlice = 1ms;  // of the host's time that the guest runs on without a look at the outside
constexpr uint64_t kSliceNs = std::chrono::nanoseconds(kSlice).count();
constexpr auto kSoundPeriod = 16ms;  // what sound may wait for

mem::Result<std::unique_ptr<Session>> Session::create(const Options& options) {
  std::unique_ptr<Session> s(new Session(options));
  auto opened = s->open();
  if (!opened) return opened.error();
  return s;
}

mem::Result<void> Session::open() {
  auto board = set_up_board(options_, std::time(nullptr));
  if (!board) return board.error();
  auto machine_options = set_up_machine(options_);
  if (!machine_options) return machine_options.error();
  if (!options_.jit_dump.empty() || options_.perf_map) {
    auto report = JitReport::open(options_.jit_dump, options_.perf_map);
    if (!report) return report.error();
    jit_report_ = std::move(*report);
    machine_options->jit.listener = jit_report_.get();
  }
  auto machine = Machine::create(std::move(*board), *machine_options);
  if (!machine) {
    // The board knows the kernel's bytes, not their file.
    bool of_kernel = !options_.kernel.empty() && machine.error().message.find("kernel") != std::string::npos;
    return mem::Error{of_kernel ? options_.kernel + ": " + machine.error().message : machine.error().message};
  }
  machine_ = std::move(*machine);
  if (const std::string& why = machine_->options().not_translating; !why.empty())
    std::fprintf(stderr, "ilse: %s: interpreting, which is slower\n", why.c_str());
  if (jit_report_) jit_report_->listen(machine_->board().memory());

  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, s);
  pthread_sigmask(SIG_BLOCK, &set, &mask_before_);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signals_ < 0 || wake_ < 0)
    return mem::Error{std::string("cannot wait for signals: ") + std::strerror(errno)};

  if (auto ok = open_log(); !ok) return ok;
  Post post = [&door = machine_->board().door()](const dev::OutsideEvent& e) { door.post(e); };
  auto quit = [this] { control_.end({kExitPowerOff, ""}); };
  auto switch_over = [this] {
    switch_requested_ = true;
    wake_ui();
  };
  auto chars = CharWiring::connect(options_, machine_->board(), {quit, switch_over});
  if (!chars) return chars.error();
  chars_ = std::move(*chars);

  if (options_.display == DisplayKind::Sdl) {
    if (auto ok = open_window(post); !ok) return ok;
  } else if (options_.display == DisplayKind::Terminal) {
    auto display = TerminalDisplay::create(STDIN_FILENO, STDOUT_FILENO, mailbox_, {post, quit, switch_over});
    if (!display) return mem::Error{"-display terminal: " + display.error().message};
    terminal_display_ = std::move(*display);
  }
  if (auto ok = open_sound(); !ok) return ok;
  dev::Vga* vga = machine_->board().vga();
  if (vga != nullptr && (window_ || terminal_display_)) {
    publisher_ = std::make_unique<FramePublisher>(*vga, mailbox_, window_ != nullptr, true);
    if (window_) publisher_->on_frame([this] { window_->wake(); });
  }

  machine_->board().door().on_post([this] { control_.wake(); });
  machine_->on_hash([](uint64_t count, uint64_t hash) {
    std::fprintf(stderr, "hash %llu %016llx\n", static_cast<unsigned long long>(count),
                 static_cast<unsigned long long>(hash));
  });
  machine_->on_triple_fault([this](const cpu::Cpu& cpu) {
    // A guest may do this for ever.
    if (++triple_faults_ > kTripleFaultReports) return;
    std::string text = "ilse: " + triple_fault_text(cpu);
    if (triple_faults_ == kTripleFaultReports) text += "ilse: further triple faults are not reported\n";
    // The terminal is raw.
    for (char c : text) {
      if (c == '\n') std::fputc('\r', stderr);
      std::fputc(c, stderr);
    }
  });
  if (!options_.loadvm.empty()) {
    if (auto loaded = load_snapshot(*machine_, options_, options_.loadvm); !loaded) return loaded.error();
    clock_.set(machine_->host_time());
    halted_since_ = machine_->now().ns;
  }
  control_.on_state([this](bool running, MachineExit why) {
    running ? clock_.go() : clock_.stop();
    guest_state_ = running                        ? GuestState::Running
                   : why == MachineExit::PowerOff ? GuestState::PoweredOff
                                                  : GuestState::Paused;
    publish(true);
    wake_ui();
  });
  control_.on_request([this] { interrupter_.request(); });
  control_.on_end([this] { wake_ui(); });
  if (!options_.gdb.empty()) {
    auto target = parse_tcp(options_.gdb);
    if (!target) return target.error();
    // `debug` waits for the debugger at the first instruction, as -S does.
    bool stopped = options_.start_stopped || options_.command == Command::Debug;
    auto server =
        gdb::Server::listen(*machine_, target->host, target->port, stopped, [this] { control_.wake(); });
    if (!server) return server.error();
    gdb_ = std::move(*server);
  } else if (options_.start_stopped) {
    control_.pause();
  }
  return {};
}

mem::Result<void> Session::open_window(const Post& post) {
  Window::Options w;
  if (!options_.name.empty()) w.title = options_.name + " — Ilse";
  w.full_screen = options_.full_screen;
  Window::Callbacks c;
  c.post = post;
  c.on_pause = [this] { control_.paused() ? control_.resume() : control_.pause(); };
  c.type = [this](std::string_view text) {
    const size_t left_out = typist_.type(text);
    control_.wake();
    return left_out;
  };
  c.stop_typing = [this] { typist_.stop(); };
  c.drives = [this] {
    std::vector<std::string> names;
    for (const dev::MediaDrive& d : media_.drives()) names.push_back(d.id);
    return names;
  };
  c.change_medium = [this](const std::string& drive, const std::string& file) {
    return file.empty() ? media_.eject(drive, false) : media_.change(drive, file, false);
  };
  if (options_.sound.kind == SoundTarget::Kind::Sdl) {
    c.on_mute = [this](bool muted) {
      if (audio_) audio_->set_muted(muted);
    };
  }
  c.on_limit = [this](unsigned mips) { limit_mips_ = mips; };
  auto window = Window::create(mailbox_, std::move(c), w);
  if (!window) return mem::Error{"-display sdl: " + window.error().message};
  window_ = std::move(*window);
  return {};
}

mem::Result<void> Session::open_log() {
  auto wants = [this](const char* item) {
    return std::find(options_.log_items.begin(), options_.log_items.end(), item) != options_.log_items.end();
  };
  if (options_.log_items.empty()) return {};
  log_ = stderr;
  if (!options_.log_file.empty()) {
    log_ = std::fopen(options_.log_file.c_str(), "we");
    if (log_ == nullptr) return mem::Error{"-D " + options_.log_file + ": " + std::strerror(errno)};
  }
  const char* end = log_ == stderr ? "\r\n" : "\n";
  if (wants("guest_errors") || wants("unimp")) {
    machine_->board().log().set_sink([this, end](std::string_view line) {
      std::fprintf(log_, "%.*s%s", static_cast<int>(line.size()), line.data(), end);
    });
  }
  if (wants("int")) {
    for (unsigned k = 0; k < machine_->processors(); ++k) {
      std::string who = machine_->processors() > 1 ? "cpu" + std::to_string(k) + " " : "";
      machine_->cpu(k).deliveries.listener = [this, end, who](const cpu::Delivery& d) {
        std::fprintf(log_, "%llu %s%s%s", static_cast<unsigned long long>(d.count), who.c_str(),
                     delivery_text(d).c_str(), end);
      };
    }
  }
  if (wants("cpu_reset")) {
    machine_->on_reset([this, end](dev::ResetKind kind) {
      std::fprintf(log_, "%s reset%s", kind == dev::ResetKind::PowerOn ? "power-on" : "hard", end);
    });
  }
  return {};
}

mem::Result<void> Session::open_sound() {
  dev::SoundMixer& mixer = machine_->board().sound();
  if (options_.sound.kind == SoundTarget::Kind::Wav) {
    auto wav = WavFile::create(options_.sound.path);
    if (!wav) return wav.error();
    wav_ = std::move(*wav);
    mixer.connect(wav_.get());
  } else if (options_.sound.kind == SoundTarget::Kind::Sdl) {
    auto audio = SdlAudio::open();
    if (audio) {
      audio_ = std::move(*audio);
      mixer.connect(audio_.get());
    } else {
      // A machine without sound is still a machine.
      std::fprintf(stderr, "ilse: %s\n", audio.error().message.c_str());
    }
  }
  return {};
}

// What is on its way, and the end of a file; what went wrong with it.
std::string Session::close_sound() {
  if (!machine_) return {};
  dev::SoundMixer& mixer = machine_->board().sound();
  mixer.flush(machine_->now());
  mixer.connect(nullptr);
  audio_.reset();
  return wav_ ? wav_->finish() : std::string();
}

Session::~Session() {
  gdb_.reset();
  close_sound();
  window_.reset();
  terminal_display_.reset();
  prompt_terminal_.reset();
  if (machine_) machine_->board().door().on_post({});
  chars_.reset();
  machine_.reset();
  if (log_ != nullptr && log_ != stderr) std::fclose(log_);
  if (signals_ >= 0) {
    close(signals_);
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  if (wake_ >= 0) close(wake_);
}

// --- The machine's thread ---------------------------------------------------------------------------------

void Session::machine_loop() {
  const bool host = options_.clock == ClockMode::Host;
  interrupter_.attach(*machine_);
  while (control_.serve(*machine_)) {
    if (limits_reached()) break;
    if (host) machine_->clock_sample(clock_.now_ns());
    if (!gdb_ || !gdb_->stopped()) interrupter_.begin(kSlice);
    MachineExit exit = run_slice(host ? std::min(slice(), machine_->instructions_in(2 * kSliceNs)) : slice());
    interrupter_.end();
    publish(false);
    machine_->board().sound().run_to(machine_->now());
    type_on();
    hold_speed();
    if (exit != MachineExit::None) {
      act_on(exit);
    } else if (halted_for_good()) {
      asleep();
    } else if (host && machine_->idle()) {
      sleep_host();
    }
  }
  interrupter_.detach();
  control_.close();
}

MachineExit Session::run_slice(uint64_t n) {
  if (!gdb_) return machine_->run(n);
  MachineExit exit = gdb_->run(n);
  gdb_->stopped() ? clock_.stop() : clock_.go();
  return exit;
}

void Session::run_body(const Body& body) {
  auto interrupted = [this] { return !control_.serve(*machine_) || limits_reached(); };
  auto exit = body(*machine_, interrupted);
  if (!exit) {
    control_.end({kExitBadInput, exit.error().message});
  } else if (*exit != MachineExit::None) {
    act_on(*exit);
  }
  if (!limits_reached()) control_.end({kExitPowerOff, ""});
  control_.close();
}

// It ends earlier when its time is up.
uint64_t Session::slice() {
  const uint64_t limit = limit_mips_;
  uint64_t n = interrupter_.attached() ? 1'000'000'000 : 100'000;
  if (limit != 0) n = std::min(n, limit * 4000);
  return std::min(n, options_.max_instructions - machine_->instructions());
}

bool Session::limits_reached() {
  if (machine_->instructions() >= options_.max_instructions) {
    control_.end({kExitInstructions, "the limit of " + std::to_string(options_.max_instructions) +
                                         " instructions is reached (--max-instructions)"});
    return true;
  }
  if (options_.max_seconds > 0 &&
      HostClock::now() - started_ >= std::chrono::duration<double>(options_.max_seconds)) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%g", options_.max_seconds);
    control_.end(
        {kExitSeconds, std::string("the limit of ") + text.data() + " seconds is reached (--max-seconds)"});
    return true;
  }
  return false;
}

void Session::act_on(MachineExit exit) {
  switch (exit) {
    case MachineExit::None: break;
    case MachineExit::PowerOff:
      if (options_.no_shutdown) {
        control_.stopped(exit);
      } else {
        control_.end({kExitPowerOff, ""});
      }
      break;
    case MachineExit::DebugExit: control_.end({machine_->status() & 0xFF, ""}); break;
    case MachineExit::TripleFault: control_.end({kExitTripleFault, "triple fault (-no-reboot)"}); break;
    case MachineExit::Reboot: control_.end({kExitPowerOff, ""}); break;
    case MachineExit::Panic:
      if (options_.no_shutdown) {
        control_.stopped(exit);
      } else {
        control_.end({kExitPanic, "the guest's kernel panicked"});
      }
      break;
    case MachineExit::Stopped: control_.stopped(exit); break;
    case MachineExit::Asleep: asleep(); break;
  }
}

// Every processor is halted until a timer's deadline or something from outside.
void Session::sleep_host() {
  mem::VTime next = machine_->next_deadline();
  if (next == mem::kNever && !interactive()) {
    asleep();
    return;
  }
  auto until = wait_limit();
  if (typist_.busy()) until = std::min(until, HostClock::now() + 4ms);
  if (next != mem::kNever) until = std::min(until, clock_.host_time(next.ns));
  control_.wait(until);
}

// While the guest sleeps the cursor blinks and sound goes on.
HostClock::time_point Session::wait_limit() const {
  const auto now = HostClock::now();
  auto until = now + (audio_ ? std::chrono::nanoseconds(kSoundPeriod) : 1s);
  if (!publisher_) return until;
  if (auto held_back = publisher_->waits_until()) until = std::min(until, *held_back);
  // Virtual time that only instructions move on stands still.
  const mem::VTime change =
      options_.clock == ClockMode::Host ? publisher_->next_change(machine_->now()) : mem::kNever;
  if (change != mem::kNever) until = std::min(until, clock_.host_time(change.ns));
  return until;
}

// HLT with interrupts disabled: only an NMI could end it, and kDeadTime is long enough for any watchdog.
bool Session::halted_for_good() {
  constexpr uint64_t kDeadTime = 60'000'000'000;
  uint64_t now = machine_->now().ns;
  for (unsigned k = 0; k < machine_->processors(); ++k) {
    cpu::Cpu& cpu = machine_->cpu(k);
    const cpu::Activity a = cpu.pending.activity;
    const bool dead =
        a == cpu::Activity::WaitForSipi || (a == cpu::Activity::Halted && (cpu.eflags() & cpu::kIF) == 0);
    if (dead) continue;
    halted_since_ = now;
    return false;
  }
  return now - halted_since_ > kDeadTime && !interactive();
}

void Session::asleep() {
  if (interactive()) {
    control_.wait(wait_limit());
    return;
  }
  control_.end(
      {kExitAsleep, "the processor is halted, and without a timer or any input nothing can wake it"});
}

void Session::publish(bool now) {
  if (!publisher_) return;
  seen_.instructions = machine_->instructions();
  seen_.virtual_ns = machine_->now().ns;
  seen_.disk_commands = machine_->board().disk_commands();
  seen_.loud_blocks = machine_->board().sound().loud_blocks();
  seen_.absolute_pointer = machine_->board().absolute_pointer();
  if (now) {
    publisher_->update_now(machine_->now());
  } else {
    publisher_->update(machine_->now());
  }
}

void Session::type_on() {
  dev::Pc& board = machine_->board();
  if (!typist_.busy()) return;
  for (const dev::OutsideEvent& e : typist_.next(board.keyboard_idle(), machine_->now()))
    board.door().post(e);
}

// Not faster than the limit that the user has set: what is over it is slept away, a frame's time at most.
void Session::hold_speed() {
  const uint64_t limit = limit_mips_;
  const auto now = HostClock::now();
  if (limit == 0 || now - held_at_ > 100ms) {
    held_at_ = now;
    held_instructions_ = machine_->instructions();
    return;
  }
  const std::chrono::microseconds due((machine_->instructions() - held_instructions_) / limit);
  if (held_at_ + due > now) control_.wait(std::min(held_at_ + due, now + 16ms));
}

bool Session::interactive() const {
  if (window_ || terminal_display_) return true;
  if (prompt_shown_ && !input_ended_) return true;
  if (chars_->stdio() != nullptr && !chars_->stdio()->at_end()) return true;
  return gdb_ != nullptr;
}

// --- The calling thread -----------------------------------------------------------------------------------

int Session::run(const Body& body) {
  started_ = HostClock::now();
  if (options_.monitor_stdio) enter_prompt();
  std::thread thread([&] { body ? run_body(body) : machine_loop(); });
  ui_loop();
  thread.join();
  return conclude();
}

int Session::run_debugger() {
  // The prompt takes SIGINT itself; the others may end it.
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGTERM, SIGHUP}) sigaddset(&set, s);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  act_on(run_prompt(*machine_));
  control_.end({kExitPowerOff, ""});
  return conclude();
}

int Session::conclude() {
  gdb_.reset();
  take_screenshot();
  window_.reset();
  terminal_display_.reset();
  prompt_terminal_.reset();
  std::string failed = chars_->failures();
  chars_.reset();
  std::string sound = close_sound();
  if (!sound.empty()) std::fprintf(stderr, "ilse: %s\n", sound.c_str());
  std::fflush(log_ != nullptr ? log_ : stderr);
  Ending end = control_.ending().value_or(Ending{kExitInternal, "the session ended without a cause"});
  if (!failed.empty()) std::fprintf(stderr, "ilse: %s\n", failed.c_str());
  if (!end.message.empty()) std::fprintf(stderr, "ilse: %s\n", end.message.c_str());
  return end.status;
}

void Session::ui_loop() {
  // Frames and changes of state wake the window; signals and the prompt's terminal wait for it.
  constexpr int kPumpMs = 10, kWindowMs = 100;
  while (!control_.ending()) {
    if (switch_requested_.exchange(false)) prompt_shown_ ? leave_prompt() : enter_prompt();
    if (window_) {
      show_status();
      if (!window_->pump(prompt_shown_ ? kPumpMs : kWindowMs)) control_.end({kExitPowerOff, ""});
      poll_events(0);
    } else if (terminal_display_ && !prompt_shown_) {
      if (!terminal_display_->pump(kPumpMs)) control_.end({kExitPowerOff, ""});
      poll_events(0);
    } else {
      poll_events(-1);
    }
  }
}

void Session::show_status() {
  window_->set_state(guest_state_);
  window_->set_absolute(seen_.absolute_pointer);
  window_->set_typing(typist_.busy());
  const auto now = HostClock::now();
  const std::chrono::duration<double> passed = now - shown_.at;
  if (passed < 1s) return;
  const uint64_t instructions = seen_.instructions, virtual_ns = seen_.virtual_ns, disk = seen_.disk_commands,
                 loud = seen_.loud_blocks;
  MachineStatus s;
  // Rounded as they are shown, so that nothing is drawn while they stay the same.
  s.mips = std::round(static_cast<double>(instructions - shown_.instructions) / passed.count() / 1e6);
  s.real_time = std::round(static_cast<double>(virtual_ns - shown_.virtual_ns) / passed.count() / 1e7) / 100;
  s.disk = disk != shown_.disk_commands;
  s.sound = loud != shown_.loud_blocks;
  shown_ = {instructions, virtual_ns, disk, loud, now};
  window_->set_status(s);
}

void Session::poll_events(int timeout_ms) {
  bool listen = prompt_shown_ && !input_ended_;
  std::array<pollfd, 3> p{
      {{signals_, POLLIN, 0}, {wake_, POLLIN, 0}, {listen ? STDIN_FILENO : -1, POLLIN, 0}}};
  if (poll(p.data(), p.size(), timeout_ms) <= 0) return;
  if (p[0].revents != 0) take_signals();
  if (p[1].revents != 0) {
    uint64_t count = 0;
    [[maybe_unused]] ssize_t n = read(wake_, &count, sizeof count);
  }
  if (p[2].revents != 0) feed_prompt();
}

void Session::take_signals() {
  signalfd_siginfo info{};
  if (read(signals_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
  auto number = static_cast<int>(info.ssi_signo);
  control_.end({kExitSignal + number,
                std::string("ended by signal ") + std::to_string(number) + " (" + strsignal(number) + ")"});
}

void Session::wake_ui() {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t n = write(wake_, &one, sizeof one);
  if (window_) window_->wake();
}

void Session::enter_prompt() {
  if (chars_->stdio() != nullptr) chars_->stdio()->suspend();
  if (terminal_display_) terminal_display_->suspend();
  auto terminal = RawTerminal::open(STDIN_FILENO, STDOUT_FILENO);
  if (!terminal) {
    std::fprintf(stderr, "ilse: %s\r\n", terminal.error().message.c_str());
    leave_prompt();
    return;
  }
  prompt_terminal_ = std::move(*terminal);
  prompt_shown_ = true;
  write_all(STDOUT_FILENO, "\r\nIlse's prompt: help lists the commands, Ctrl-A c goes back\r\n");
  write_all(STDOUT_FILENO, LinePrompt::kPrompt);
}

void Session::leave_prompt() {
  if (prompt_shown_ && chars_->stdio() == nullptr && !terminal_display_) return;  // there is nothing else
  prompt_terminal_.reset();
  prompt_shown_ = false;
  write_all(STDOUT_FILENO, "\r\n");
  mem::Result<void> back;
  if (chars_->stdio() != nullptr) back = chars_->stdio()->resume();
  if (back && terminal_display_) back = terminal_display_->resume();
  if (!back) control_.end({kExitInternal, back.error().message});
}

void Session::feed_prompt() {
  std::array<char, 512> buffer;
  ssize_t n = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) {
    input_ended_ = true;
    return;
  }
  auto execute = [this](const std::string& line) { return monitor_.execute(line); };
  auto command = [this](TerminalCommand c) {
    if (c == TerminalCommand::Quit) control_.end({kExitPowerOff, ""});
    if (c == TerminalCommand::Switch) switch_requested_ = true;
    if (c == TerminalCommand::Help) write_all(STDOUT_FILENO, terminal_help());
  };
  write_all(STDOUT_FILENO, prompt_.feed({buffer.data(), static_cast<size_t>(n)}, execute, command));
}

void Session::take_screenshot() {
  if (options_.screenshot.empty()) return;
  dev::Vga* vga = machine_->board().vga();
  if (vga == nullptr) return;
  dev::Frame frame;
  vga->render(machine_->now(), frame);
  auto written = write_png(frame, options_.screenshot);
  if (!written) std::fprintf(stderr, "ilse: %s\n", written.error().message.c_str());
}

}  // namespace ilse::ui
