#include "frontend/jit_report.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "cpu/jit/engine.h"
#include "frontend/debugger/translation_text.h"

namespace ilse::ui {

mem::Result<std::unique_ptr<JitReport>> JitReport::open(const std::string& dump, bool perf_map) {
  const std::string map = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  File files[2];
  for (int k = 0; k < 2; ++k) {
    if (k == 0 ? dump.empty() : !perf_map) continue;
    const std::string& name = k == 0 ? dump : map;
    files[k].reset(std::fopen(name.c_str(), "we"));
    if (!files[k]) return mem::Error{name + ": " + std::strerror(errno)};
  }
  return std::unique_ptr<JitReport>(new JitReport(std::move(files[0]), std::move(files[1])));
}

void JitReport::translated(const cpu::jit::Translation& t) {
  if (dump_ && memory_ != nullptr) {
    const std::string text = text_of(t, *memory_, capstone_) + "\n";
    std::fwrite(text.data(), 1, text.size(), dump_.get());
  }
  if (map_) {
    for (const auto& [part, name] : {std::pair{t.host, "guest"}, {t.ways_out, "ways_out"}}) {
      std::fprintf(map_.get(), "%llx %zx %s_%llx\n",
                   static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(part.data())), part.size(),
                   name, static_cast<unsigned long long>(t.rip));
    }
  }
}

std::string jit_text(Machine& machine) {
  const cpu::BlockCache& blocks = machine.cpu().blocks();
  std::string text;
  auto line = [&](const char* format, auto... values) {
    std::array<char, 160> out{};
    std::snprintf(out.data(), out.size(), format, static_cast<unsigned long long>(values)...);
    text += out.data();
    text += '\n';
  };
  line("blocks: %llu built, %llu thrown away by stores, %llu times all of them", blocks.built(),
       blocks.invalidated(), blocks.resets());
  const cpu::jit::Engine* engine = machine.cpu().blocks().engine();
  if (engine == nullptr) return text + "no translating engine (-engine jit)\n";
  const cpu::jit::Counters& k = engine->counters();
  line("translated: %llu blocks of %llu instructions, %llu of these through the interpreter's handlers",
       k.translated, k.instructions, k.handler_calls);
  line("host code: %llu bytes, and %llu for ways out; the cache holds %llu of %llu, emptied %llu times",
       k.host_bytes, k.host_bytes_seldom, engine->cache().used(), engine->cache().size(), k.resets);
  line("translated anew, with every access checked on its own: %llu blocks", k.apart);
  line("links: %llu between translated blocks", k.linked);
  line(
      "entered %llu times; left %llu times for the dispatcher, %llu at an edge, %llu to a block not "
      "translated, "
      "%llu for an instruction",
      k.entered, k.left[0], k.left[1], k.left[2], k.left[3]);
  return text;
}

}  // namespace ilse::ui
