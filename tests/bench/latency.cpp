// How long the machine's thread takes to do what another thread asks for, while a guest keeps it busy in each
// of the ways of tests/control/guest.S; and how late the guest's timer interrupts are by the host's clock.
// Prints microseconds, asserts nothing. Usage: bench_latency GUEST [REQUESTS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "frontend/exit_status.h"
#include "frontend/session.h"
#include "tests/control/ways.h"

using namespace ilse;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

double us(Clock::duration d) { return std::chrono::duration<double, std::micro>(d).count(); }

struct Sample {
  std::vector<double> values;

  double at(double part) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1,
                           static_cast<size_t>(part * static_cast<double>(values.size())))];
  }
};

// The timer's interrupts by the host's clock beside virtual time, which follows it at a distance of its own.
struct Ticks {
  Sample drift;

  void finish() {
    const double least = drift.at(0);
    for (double& d : drift.values) d -= least;
  }
};

void measure(const std::string& guest, const control::Way& way, const std::string& engine, int requests) {
  const std::string image = control::image(guest, way.number, way.timer);
  const std::vector<std::string> words{"run",      "-bios", image,    "-m",   "16",      "-vga", "none",
                                       "-display", "none",  "-clock", "host", "-engine", engine, "-S"};
  auto options = ui::parse_options(words, {});
  auto session = ui::Session::create(*options);
  std::remove(image.c_str());
  if (!session) {
    std::fprintf(stderr, "%s\n", session.error().message.c_str());
    return;
  }
  ui::Session& s = **session;
  Ticks ticks;
  s.machine().cpu().deliveries.listener = [&](const cpu::Delivery& d) {
    if (d.vector != 0x20) return;
    ticks.drift.values.push_back(us(Clock::now().time_since_epoch()) -
                                 static_cast<double>(s.machine().now().ns) / 1e3);
  };
  std::thread thread([&] { s.run(); });
  s.control().resume();
  std::this_thread::sleep_for(100ms);
  s.control().call([&](ui::Machine&) { ticks.drift.values.clear(); });
  uint64_t before = 0, after = 0;
  s.control().call([&](ui::Machine& m) { before = m.instructions(); });
  const auto from = Clock::now();
  Sample taken;
  for (int k = 0; k < requests; ++k) {
    // Not in step with slices or ticks.
    std::this_thread::sleep_for(1ms + std::chrono::microseconds(k * 377 % 5000));
    const auto asked = Clock::now();
    Clock::time_point done;
    s.control().call([&](ui::Machine&) { done = Clock::now(); });
    taken.values.push_back(us(done - asked));
  }
  s.control().call([&](ui::Machine& m) { after = m.instructions(); });
  const double mips = static_cast<double>(after - before) / us(Clock::now() - from);
  // Undisturbed by requests.
  s.control().call([&](ui::Machine&) { ticks.drift.values.clear(); });
  std::this_thread::sleep_for(1s);
  s.control().end({ui::kExitPowerOff, ""});
  thread.join();
  ticks.finish();
  std::printf("%-10s %-7s %6.0f   %6.0f %6.0f %6.0f", way.name, engine.c_str(), mips, taken.at(0.5),
              taken.at(0.99), taken.at(1));
  if (way.timer) {
    std::printf("   %6.0f %6.0f %6.0f  %5zu", ticks.drift.at(0.5), ticks.drift.at(0.99), ticks.drift.at(1),
                ticks.drift.values.size());
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 1;
  const int requests = argc > 2 ? std::stoi(argv[2]) : 200;
  std::printf("%-10s %-7s %6s   %-20s   %-20s  ticks\n", "", "", "MIPS", "request: 50 % 99 %  max",
              "timer: 50 %   99 %  max");
  for (const char* engine : {"jit", "interp"}) {
    for (const control::Way& way : control::kWays) {
      // Nothing can wake it: it ends by itself.
      if (way.name != std::string("dead")) measure(argv[1], way, engine, requests);
    }
  }
}
