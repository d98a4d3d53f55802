// What CPUID says of several processors (Intel SDM vol. 2A, CPUID, leaves 1, 4 and 0Bh).
#include <catch2/catch.hpp>

#include "cpu/cpuid.h"

using namespace ilse::cpu;

TEST_CASE("topology: one processor") {
  Model m = *find_model("max");
  CHECK((m.cpuid(1, 0, 0, 1).ebx >> 16) == 1);
  CHECK((m.cpuid(1, 0, 0, 1).edx >> 28 & 1) == 0);
  CHECK(m.cpuid(4, 0, 0, 1).eax >> 26 == 0);
  CHECK(m.cpuid(0xB, 1, 0, 1).eax == 0);
  CHECK(m.cpuid(0xB, 1, 0, 1).ebx == 1);
}

TEST_CASE("topology: cores of one package") {
  Model m = *find_model("max");
  for (unsigned count : {2u, 4u, 6u, 8u, 64u}) {
    for (unsigned id = 0; id < count; ++id) {
      CpuidResult one = m.cpuid(1, 0, id, count);
      CHECK(one.ebx >> 24 == id);
      CHECK((one.ebx >> 16 & 0xFF) == count);
      CHECK((one.edx >> 28 & 1) == 1);
      // Room for the IDs of all cores: a power of two.
      const unsigned room = (m.cpuid(4, 0, id, count).eax >> 26) + 1;
      CHECK(room >= count);
      CHECK((room & (room - 1)) == 0);
      CHECK((m.cpuid(4, 2, id, count).eax >> 14 & 0xFFF) == 0);  // nobody shares a cache
      CpuidResult smt = m.cpuid(0xB, 0, id, count), core = m.cpuid(0xB, 1, id, count);
      CHECK(smt.eax == 0);
      CHECK(smt.ebx == 1);
      CHECK(smt.ecx == 0x100);
      CHECK(1u << core.eax == room);
      CHECK(core.ebx == count);
      CHECK(core.ecx == 0x201);
      CHECK(core.edx == id);
      CHECK(m.cpuid(0xB, 2, id, count).ecx == 2);
      CHECK(m.cpuid(0xB, 2, id, count).ebx == 0);
    }
  }
  CHECK(m.cpuid(4, 3, 0, 4).eax == 0);
}

TEST_CASE("topology: packages of one core before there were cores") {
  for (const char* name : {"pentium", "pentium3"}) {
    CpuidResult one = find_model(name)->cpuid(1, 0, 3, 4);
    CHECK(one.ebx >> 24 == 3);
    CHECK((one.edx >> 28 & 1) == 0);
  }
}
