// The fuzzer that needs no other compiler: makes inputs of instructions with random prefixes, opcodes and
// operands, and runs them in both engines (pair.h). A seed names a run for ever.
//
// fuzz_cpu [--seconds N] [--executions N] [--seed N] [--keep FOLDER]; fuzz_cpu FILE... runs saved inputs.
// A finding (the engines differ, a crash, a hang) ends the run; its input is then in FOLDER, by default the
// working one.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/pair.h"
#include "oracle/values.h"

using ilse::oracle::Random;

namespace {

using Bytes = std::vector<uint8_t>;

void put_instruction(Bytes& out, Random& random, bool wide) {
  static constexpr uint8_t kPrefixes[] = {0x66, 0x67, 0xF2, 0xF3, 0xF0, 0x2E, 0x36, 0x3E, 0x26, 0x64, 0x65};
  auto byte = [&] { out.push_back(static_cast<uint8_t>(random.next())); };
  while (random.one_in(3)) out.push_back(random.pick(kPrefixes));
  if (wide && random.one_in(2)) out.push_back(static_cast<uint8_t>(0x40 | random.below(16)));
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2: out.push_back(0x0F); break;
    case 3:
      out.push_back(0x0F);
      out.push_back(random.one_in(2) ? 0x38 : 0x3A);
      break;
    case 4:  // VEX
      if (random.one_in(2)) {
        out.push_back(0xC5);
        byte();
      } else {
        out.push_back(0xC4);
        out.push_back(static_cast<uint8_t>((random.next() & 0xE0) | (1 + random.below(3))));
        byte();
      }
      break;
    case 5:  // instructions of the system, more often than their share
    {
      static constexpr uint8_t kSystem[] = {0x00, 0x01, 0x20, 0x22, 0x21, 0x23,
                                            0x30, 0x32, 0xAE, 0xC7, 0x02, 0x03};
      out.push_back(0x0F);
      out.push_back(random.pick(kSystem));
      byte();
      return;
    }
    default: break;
  }
  byte();
  // ModRM: half of them memory by a register, without displacement or with a short one.
  out.push_back(static_cast<uint8_t>(random.one_in(2) ? random.next() : random.next() & 0x7F));
  for (uint64_t n = random.below(6); n > 0; --n)
    out.push_back(random.one_in(3) ? 0 : static_cast<uint8_t>(random.next()));
}

Bytes random_input(uint64_t seed) {
  Random random(seed);
  Bytes out;
  for (size_t k = 0; k < ilse::test::kFuzzHeader; ++k) out.push_back(static_cast<uint8_t>(random.next()));
  // Most inputs with nothing odd about control bits.
  if (random.one_in(2)) out[2] = 0x03;
  if (random.one_in(2)) out[3] = 0xF8, out[4] = 0x03;
  if (!random.one_in(3)) out[5] = static_cast<uint8_t>(out[5] & ~1), out[6] = 0x30;
  if (!random.one_in(4)) out[7] = static_cast<uint8_t>(out[7] & ~1);
  const bool wide = out[0] % 6 == 5;
  const size_t length = ilse::test::kFuzzHeader + 8 + random.below(ilse::test::kFuzzCode - 8);
  while (out.size() < length) put_instruction(out, random, wide);
  return out;
}

uint64_t number(const char* text) { return std::strtoull(text, nullptr, 0); }

// What a signal handler can reach: the input that is running, and where it goes.
struct Running {
  const Bytes* input = nullptr;
  std::string path;
};
Running& running() {
  static Running r;
  return r;
}

void finding(int signal) {
  const Running& r = running();
  if (r.input != nullptr) {
    std::FILE* f = std::fopen(r.path.c_str(), "wb");
    if (f != nullptr) {
      std::fwrite(r.input->data(), 1, r.input->size(), f);
      std::fclose(f);
    }
    std::fprintf(stderr, "signal %d (%d: no end in time); its input is in %s\n", signal, SIGALRM,
                 r.path.c_str());
  }
  _exit(1);
}

constexpr unsigned kSecondsAnInput = 30;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  uint64_t seconds = 0, executions = 0, seed = 1;
  std::string folder = ".";
  std::vector<std::string> files;
  for (int k = 1; k < argc; ++k) {
    const std::string word = argv[k];
    const char* value = k + 1 < argc ? argv[k + 1] : "0";
    if (word == "--seconds") {
      seconds = number(value), ++k;
    } else if (word == "--executions") {
      executions = number(value), ++k;
    } else if (word == "--seed") {
      seed = number(value), ++k;
    } else if (word == "--keep") {
      folder = value, ++k;
    } else {
      files.push_back(word);
    }
  }
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM}) std::signal(signal, finding);
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    const Bytes input{std::istreambuf_iterator<char>(in), {}};
    alarm(kSecondsAnInput);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    std::printf("%s: no finding\n", file.c_str());
  }
  if (!files.empty()) return 0;
  if (seconds == 0 && executions == 0) executions = 2000;
  const auto begin = std::chrono::steady_clock::now();
  auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  uint64_t done = 0;
  while ((executions == 0 || done < executions) &&
         (seconds == 0 || elapsed() < static_cast<double>(seconds))) {
    const Bytes input = random_input(seed + done);
    running() = {&input, folder + "/fuzz-" + std::to_string(seed + done)};
    alarm(kSecondsAnInput);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    running().input = nullptr;
    ++done;
  }
  std::printf("%llu executions, %.0f s, seeds from %llu: no finding\n", static_cast<unsigned long long>(done),
              elapsed(), static_cast<unsigned long long>(seed));
  return 0;
}
