// How long an IDE drive takes, in ns of virtual time. What matters to guests is that nothing is instant, that
// big transfers take longer, and that the numbers never change from run to run.
#pragma once

#include <cstdint>

namespace ilse::dev::ata {

inline constexpr uint64_t kCommandTime = 10'000;  // a command that does not touch the medium
inline constexpr uint64_t kAccessTime = 50'000;   // to the first sector
inline constexpr uint64_t kSectorTime = 4'000;    // 512 bytes at 128 MB/s
inline constexpr uint64_t kDrqTime = 2'000;    // until the first block of a PIO write, or a packet, is taken
inline constexpr uint64_t kBlockTime = 3'000;  // between PIO blocks
inline constexpr uint64_t kFlushTime = 200'000;

}  // namespace ilse::dev::ata
