// One run of a machine: its thread, the displays and the terminal on the calling thread, and the end.
//
// Threads: the machine's thread runs the guest in slices of a few milliseconds and draws frames; run()
// handles window, prompt and signals. They meet in RunControl, the door and the frame mailbox only.
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>

#include "frontend/audio/wav_file.h"
#include "frontend/char/char_wiring.h"
#include "frontend/display/frame_mailbox.h"
#include "frontend/display/frame_publisher.h"
#include "frontend/gdb/server.h"
#include "frontend/input/typist.h"
#include "frontend/interrupter.h"
#include "frontend/jit_report.h"
#include "frontend/machine.h"
#include "frontend/media_control.h"
#include "frontend/monitor.h"
#include "frontend/options/options.h"
#include "frontend/paced_clock.h"
#include "frontend/run_control.h"
#include "frontend/sdl/audio.h"
#include "frontend/sdl/window.h"
#include "frontend/terminal/line_prompt.h"
#include "frontend/terminal/terminal_display.h"
#include "memory/result.h"

namespace ilse::ui {

class Session {
 public:
  // Another way to run the machine than slice by slice until it ends. `interrupted` is to be asked now and
  // then. MachineExit::None: it is done.
  using Body = std::function<mem::Result<MachineExit>(Machine&, const std::function<bool()>& interrupted)>;

  // Blocks SIGINT, SIGTERM and SIGHUP in the calling thread: run() takes them.
  static mem::Result<std::unique_ptr<Session>> create(const Options& options);
  ~Session();

  Machine& machine() { return *machine_; }
  RunControl& control() { return control_; }

  // Until the guest or the user ends it; the process's exit status. A line on standard error says why where
  // it is not what the guest or the user wanted.
  int run(const Body& body = {});
  // The debugger's prompt on the terminal instead, on the calling thread alone.
  int run_debugger();

 private:
  explicit Session(Options options) : options_(std::move(options)) {}
  mem::Result<void> open();
  mem::Result<void> open_log();
  mem::Result<void> open_sound();
  std::string close_sound();

  // The machine's thread.
  void machine_loop();
  void run_body(const Body& body);
  MachineExit run_slice(uint64_t n);
  void act_on(MachineExit exit);
  void sleep_host();
  std::chrono::steady_clock::time_point wait_limit() const;
  bool halted_for_good();
  void asleep();
  bool limits_reached();
  uint64_t slice();
  void publish(bool now);
  void type_on();
  void hold_speed();

  // The calling thread.
  void ui_loop();
  void poll_events(int timeout_ms);
  void take_signals();
  void enter_prompt();
  void leave_prompt();
  void feed_prompt();
  void wake_ui();
  void show_status();
  mem::Result<void> open_window(const Post& post);
  bool interactive() const;
  void take_screenshot();
  int conclude();

  Options options_;
  std::unique_ptr<JitReport> jit_report_;
  std::unique_ptr<Machine> machine_;
  RunControl control_;
  Interrupter interrupter_;
  Monitor monitor_{control_, options_};
  MediaControl media_{control_};
  PacedClock clock_;
  std::FILE* log_ = nullptr;  // -d
  std::unique_ptr<CharWiring> chars_;

  std::unique_ptr<WavFile> wav_;
  std::unique_ptr<SdlAudio> audio_;

  FrameMailbox mailbox_;
  std::unique_ptr<FramePublisher> publisher_;
  std::unique_ptr<Window> window_;
  Typist typist_;
  // From the machine's thread to the window's.
  struct {
    std::atomic<uint64_t> instructions{0}, virtual_ns{0}, disk_commands{0}, loud_blocks{0};
    std::atomic<bool> absolute_pointer{false};
  } seen_;
  struct {
    uint64_t instructions = 0, virtual_ns = 0, disk_commands = 0, loud_blocks = 0;
    std::chrono::steady_clock::time_point at{};
  } shown_;
  std::atomic<unsigned> limit_mips_{0};
  uint64_t held_instructions_ = 0;  // the limit counts from here
  std::chrono::steady_clock::time_point held_at_{};
  std::unique_ptr<TerminalDisplay> terminal_display_;

  std::unique_ptr<RawTerminal> prompt_terminal_;  // while the prompt is shown
  LinePrompt prompt_;
  std::atomic<bool> prompt_shown_{false};
  std::atomic<bool> input_ended_{false};
  std::atomic<bool> switch_requested_{false};
  std::atomic<GuestState> guest_state_{GuestState::Running};

  std::unique_ptr<gdb::Server> gdb_;
  int signals_ = -1;  // signalfd
  sigset_t mask_before_{};
  int wake_ = -1;  // eventfd
  std::chrono::steady_clock::time_point started_{};
  static constexpr unsigned kTripleFaultReports = 5;
  unsigned triple_faults_ = 0;
  uint64_t halted_since_ = 0;  // virtual nanoseconds
};

}  // namespace ilse::ui
