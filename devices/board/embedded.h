// The bytes that the build makes from the sources in roms/ (roms/roms.cmake).
#pragma once

#include <cstdint>
#include <span>

namespace ilse::dev::embedded {

extern const std::span<const uint8_t> linuxboot;  // option ROMs
extern const std::span<const uint8_t> multiboot;
extern const std::span<const uint8_t> dsdt;  // ACPI table, whole

}  // namespace ilse::dev::embedded
