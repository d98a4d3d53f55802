#include "frontend/lockstep/lockstep.h"

#include <algorithm>
#include <array>
#include <map>

#include "cpu/block/block.h"
#include "frontend/debugger/translation_text.h"
#include "memory/state_visitor.h"

namespace ilse::ui {

namespace {

using mem::Error;
using mem::Result;

// Runs to that count, if nothing ends the guest before, and it does not sleep for good with a timer running.
MachineExit run_to(Machine& m, uint64_t count) {
  constexpr unsigned kPatience = 1000;
  MachineExit exit = MachineExit::None;
  for (unsigned still = 0; exit == MachineExit::None && m.instructions() < count && still < kPatience;) {
    const uint64_t before = m.instructions();
    exit = m.run(count - before);
    still = m.instructions() == before ? still + 1 : 0;
  }
  return exit;
}

std::string processors_text(Machine& m) {
  mem::PrintVisitor v;
  for (unsigned k = 0; k < m.processors(); ++k) m.cpu(k).visit_state(v);
  return v.text();
}

void for_each_line(const std::string& text, const std::function<void(const std::string&)>& f) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    f(text.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace

// What the translator made of the blocks that hold an address.
class Lockstep::Recorder final : public cpu::jit::Listener {
 public:
  explicit Recorder(uint64_t rip) : rip_(rip) {}
  void listen(const mem::PhysMap& memory) { memory_ = &memory; }
  void translated(const cpu::jit::Translation& t) override {
    if (memory_ != nullptr && rip_ - t.rip < t.block.bytes) texts_[t.rip] = text_of(t, *memory_, capstone_);
  }
  std::string text() const {
    std::string all;
    for (const auto& [rip, t] : texts_) all += t;
    return all;
  }

 private:
  const mem::PhysMap* memory_ = nullptr;
  uint64_t rip_;
  std::map<uint64_t, std::string> texts_;
  Disassembler capstone_;
};

bool Lockstep::same_processors() {
  mem::HashVisitor x, y;
  for (unsigned k = 0; k < a_.processors(); ++k) {
    a_.cpu(k).visit_state(x);
    b_->cpu(k).visit_state(y);
  }
  return a_.instructions() == b_->instructions() && x.digest() == y.digest();
}

bool Lockstep::same() { return same_processors() && a_.hash() == b_->hash(); }

void Lockstep::keep() {
  mem::SaveVisitor save;
  a_.visit_state(save);
  kept_ = save.take();
  kept_at_ = a_.instructions();
}

Result<MachineExit> Lockstep::run(const std::function<bool()>& interrupted) {
  auto made = maker_(job_.settings);
  if (!made) return made.error();
  b_ = std::move(*made);
  keep();
  for (uint64_t n = 1; !interrupted(); ++n) {
    const uint64_t from = a_.instructions();
    const uint64_t left = a_.options().max_instructions - std::min(from, a_.options().max_instructions);
    const MachineExit x = a_.run(std::min(job_.every, left)), y = b_->run(std::min(job_.every, left));
    const bool whole = n % job_.whole == 0 || x != MachineExit::None || left <= job_.every;
    const bool ok = x == y && (whole ? same() : same_processors());
    if (!ok) {
      const uint64_t bad = std::max(a_.instructions(), b_->instructions());
      job_.print("the engines differ after " + std::to_string(bad) + " instructions; they agreed after " +
                 std::to_string(whole ? kept_at_ : from) + "\n");
      if (auto found = search(whole ? kept_at_ : from, bad, interrupted); !found) return found.error();
      return Error{"lockstep: the engines differ"};
    }
    if (!whole) continue;
    std::array<char, 96> line{};
    std::snprintf(line.data(), line.size(), "same after %llu instructions: %016llx\n",
                  static_cast<unsigned long long>(a_.instructions()),
                  static_cast<unsigned long long>(a_.hash()));
    job_.print(line.data());
    if (x != MachineExit::None) return x;
    keep();
  }
  return MachineExit::None;
}

// Both from the kept state to `count` in one go: the translated blocks in between run as a whole.
Result<bool> Lockstep::differs_at(uint64_t count, Recorder* recorder) {
  cpu::jit::Settings settings = job_.settings;
  settings.hot = 1;
  settings.listener = recorder;
  auto made = maker_(settings);
  if (!made) return made.error();
  b_ = std::move(*made);
  if (recorder != nullptr) recorder->listen(b_->board().memory());
  for (Machine* m : {&a_, b_.get()}) {
    mem::LoadVisitor load(kept_);
    m->visit_state(load);
    if (!load.ok()) return Error{"lockstep: " + load.error()};
  }
  return run_to(a_, count) != run_to(*b_, count) || !same();
}

// A later start makes the search quicker, if the difference is still there from it.
Result<void> Lockstep::keep_at(uint64_t count, uint64_t bad) {
  constexpr uint64_t kWorthIt = 1'000'000;
  if (count - kept_at_ < kWorthIt) return {};
  auto before = std::move(kept_);
  const uint64_t before_at = kept_at_;
  keep();
  auto differs = differs_at(bad, nullptr);
  if (!differs) return differs.error();
  if (*differs) return {};
  kept_ = std::move(before);
  kept_at_ = before_at;
  return {};
}

// The first count at which the state differs. It need not be there again: a block that is translated earlier
// or later than it was may hide it.
Result<void> Lockstep::search(uint64_t guess, uint64_t bad, const std::function<bool()>& interrupted) {
  uint64_t good = kept_at_;
  auto again = differs_at(bad, nullptr);
  if (!again) return again.error();
  if (!*again) {
    job_.print("from the state after " + std::to_string(good) +
               " instructions, with every block translated, " +
               "they agree: the difference depends on when blocks are translated; try a smaller --every\n");
    return {};
  }
  while (bad - good > 1) {
    if (interrupted()) return {};
    const uint64_t middle = guess > good && guess < bad ? guess : good + (bad - good) / 2;
    auto differs = differs_at(middle, nullptr);
    if (!differs) return differs.error();
    (*differs ? bad : good) = middle;
    if (*differs) continue;
    if (auto ok = keep_at(good, bad); !ok) return ok;
  }
  // The last instruction before the difference, in the interpreter.
  if (auto ok = differs_at(good, nullptr); !ok) return ok.error();
  const std::string before = processors_text(a_);
  const uint64_t rip = a_.cpu().rip();
  const unsigned bits = code_bits(a_.cpu());
  std::array<uint8_t, 15> bytes{};
  if (auto phys = a_.cpu().translate_peek(code_linear(a_.cpu(), rip)))
    a_.board().memory().peek_bytes({*phys}, bytes, a_.now());
  Disassembler capstone;
  std::string text = "first difference behind instruction " + std::to_string(good) + ": ";
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), "%llx  ", static_cast<unsigned long long>(rip));
  text += number.data() + capstone.decode(bytes, rip, bits).text + "\nstate before it:\n" + before;

  Recorder recorder(rip);
  if (auto ok = differs_at(bad, &recorder); !ok) return ok.error();
  text += "differences behind it:\n";
  std::vector<std::string> theirs;
  for_each_line(processors_text(*b_), [&](const std::string& line) { theirs.push_back(line); });
  size_t k = 0;
  for_each_line(processors_text(a_), [&](const std::string& line) {
    if (k < theirs.size() && theirs[k] != line)
      text += "  interpreter " + line + "\n  translated  " + theirs[k] + "\n";
    ++k;
  });
  job_.print(text + recorder.text());
  // Before the recorder goes.
  b_.reset();
  return {};
}

}  // namespace ilse::ui
