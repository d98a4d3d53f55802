// The packet layer of GDB's remote protocol (GDB manual, appendix "Remote Protocol", Overview):
// "$data#checksum" with escapes, acknowledgements, and the interrupt byte. Bytes in, events out; no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ilse::gdb {

// The longest packet that is taken in, as qSupported tells the other side; longer ones are dropped.
inline constexpr size_t kPacketSize = 0x4000;

class PacketLayer {
 public:
  // `send` gets raw bytes for the connection.
  explicit PacketLayer(std::function<void(std::string_view)> send) : send_(std::move(send)) {}

  // Takes in received bytes; calls on_packet with each good packet's contents, escapes removed, and
  // on_interrupt for the byte 03 between packets.
  void receive(std::string_view bytes, const std::function<void(std::string_view)>& on_packet,
               const std::function<void()>& on_interrupt);
  // Frames `data` and keeps it to be sent again when the other side asks.
  void send(std::string_view data);
  void no_acks() { acks_ = false; }
  void reset();

 private:
  enum class At : uint8_t { Idle, Data, Escape, Sum1, Sum2 };
  std::function<void(std::string_view)> send_;
  At at_ = At::Idle;
  std::string data_;
  std::string last_;
  uint8_t sum_ = 0, want_ = 0;
  bool acks_ = true;
  bool bad_ = false;
};

std::string escaped(std::string_view data);
std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);
// A hexadecimal number at the start of `text`, which is moved behind it. Empty when there is none, or it is
// too long.
std::optional<uint64_t> take_hex(std::string_view& text);
// Moves `text` behind `prefix` if it starts with it.
bool take(std::string_view& text, std::string_view prefix);

}  // namespace ilse::gdb
