// Instructions whose memory is chosen element by element: gathers and masked moves, with all, some and none
// of the elements, beside a page that is not there.
#include <catch2/catch.hpp>

#include "jit/guest.h"

using namespace ilse;
using namespace ilse::test;
using namespace Xbyak::util;
using Xbyak::Xmm;
using Xbyak::Ymm;

namespace {

// From kData on, which is in R13.
constexpr int kIndices = 0, kMasks = 0x100, kResults = 0x200, kTable = 0x800;

// `body` 40 times, with small indices, masks and a table in memory and RDX counting.
template <class Body>
void repeat(Body body) {
  Guest g;
  Xbyak::Label again;
  const std::array<int32_t, 8> indices{0, 5, -7, 90, 3, 3, -60, 11};
  g.mov(r13, kData);
  for (int k = 0; k < 8; ++k) {
    g.mov(dword[r13 + kIndices + 4 * k], static_cast<uint32_t>(indices[static_cast<size_t>(k)]));
    g.mov(qword[r13 + kIndices + 0x40 + 8 * k], indices[static_cast<size_t>(k)]);
    g.mov(dword[r13 + kMasks + 4 * k], (k & 1) != 0 ? 0x80000000 : 0x7FFFFFFF);
    g.mov(dword[r13 + kMasks + 0x20 + 4 * k], 0xFFFFFFFF);
    g.mov(dword[r13 + kMasks + 0x40 + 4 * k], k < 2 ? 0xFFFFFFFF : 0);
    g.mov(dword[r13 + kMasks + 0x60 + 4 * k], 0);
  }
  g.mov(rsi, kData + kTable);
  g.mov(rdi, kData + kResults);
  g.mov(edx, 40);
  g.L(again);
  body(g);
  g.dec(edx);
  g.jnz(again);
  g.mov(eax, 1);
  g.hlt();
  check(g, 1);
}

const Xbyak::Ymm kDestination(3), kChosen(4), kIndex(5);

}  // namespace

TEST_CASE("elements: gathers by each size of index and element") {
  for (int mask : {0, 0x20, 0x40, 0x60}) {
    repeat([&](Guest& g) {
      int at = 0;
      auto once = [&](auto gather, int indices) {
        g.vmovups(kDestination, ptr[rsi]);
        g.vmovups(kChosen, ptr[r13 + kMasks + mask]);
        g.vmovups(kIndex, ptr[r13 + kIndices + indices]);
        gather();
        g.vmovups(ptr[rdi + at], kDestination);
        g.vmovups(ptr[rdi + at + 32], kChosen);
        at += 64;
      };
      const Xmm x(3), xm(4), xi(5);
      const Ymm y(3), ym(4), yi(5);
      once([&] { g.vpgatherdd(y, ptr[rsi + yi * 4], ym); }, 0);
      once([&] { g.vpgatherdd(x, ptr[rsi + xi * 4 + 8], xm); }, 0);
      once([&] { g.vgatherdpd(y, ptr[rsi + xi * 8], ym); }, 0);
      once([&] { g.vgatherqps(x, ptr[rsi + yi * 2], xm); }, 0x40);
      once([&] { g.vgatherqps(x, ptr[rsi + xi * 1], xm); }, 0x40);
      once([&] { g.vpgatherqq(y, ptr[esi + yi * 8], ym); }, 0x40);
      once([&] { g.vpgatherdq(x, ptr[r13 + xi * 8 + kTable], xm); }, 0);
    });
  }
}

TEST_CASE("elements: a gather that reaches a page that is not there") {
  for (int32_t index : {0, 1000000}) {
    Guest g;
    Xbyak::Label again;
    g.mov(ecx, 40);
    g.mov(rsi, kData + kDataSize - 4);
    g.L(again);
    g.mov(eax, index);
    g.vmovd(Xmm(5), eax);
    g.vpcmpeqd(Xmm(4), Xmm(4), Xmm(4));
    g.cmp(ecx, 3);
    g.adc(rsi, 0);  // at last beyond the page
    g.vpgatherdd(Xmm(3), ptr[rsi + Xmm(5) * 4], Xmm(4));
    g.dec(ecx);
    g.jnz(again);
    g.hlt();
    const Program p = program_of(g);
    Bench plain(nullptr);
    const cpu::jit::Settings settings{.hot = 1};
    Bench b(&settings);
    run_to_halt(plain, p, 1000);
    run_to_halt(b, p, 1000);
    CHECK(difference(plain, b) == "");
  }
}

TEST_CASE("elements: masked moves, and those that end beside a page that is not there") {
  for (int mask : {0, 0x20, 0x40, 0x60}) {
    for (uint64_t at : {kData + kTable, kData + 0xFF8, kData + kDataSize - 32, kData + kDataSize - 8}) {
      if (at == kData + kDataSize - 8 && mask < 0x40) continue;
      repeat([&](Guest& g) {
        g.mov(rsi, at);
        g.vmovups(kChosen, ptr[r13 + kMasks + mask]);
        g.vmovups(kDestination, ptr[rdi]);
        g.vmaskmovps(ptr[rsi], kChosen, kDestination);
        g.vmaskmovpd(kDestination, kChosen, ptr[rsi]);
        g.vmovups(ptr[rdi], kDestination);
        g.vpmaskmovd(Xmm(3), Xmm(4), ptr[rsi]);
        g.vmovups(ptr[rdi + 32], kDestination);
        g.vpmaskmovq(ptr[rsi], kChosen, kIndex);
        g.vpmaskmovq(kIndex, kChosen, ptr[rsi]);
      });
    }
  }
}
