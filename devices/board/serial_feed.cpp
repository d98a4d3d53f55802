#include "devices/board/serial_feed.h"

#include <algorithm>
#include <utility>

namespace ilse::dev {

SerialFeed::SerialFeed(std::string name, Uart16550& uart) : name_(std::move(name)), uart_(uart) {
  uart_.on_room([this](mem::VTime now) { pump(now); });
}

void SerialFeed::send(uint8_t byte, mem::VTime now) {
  if (state_.waiting.size() < kLimit) state_.waiting.push_back(byte);
  pump(now);
}

void SerialFeed::pump(mem::VTime now) {
  if (pumping_) return;
  pumping_ = true;
  size_t sent = 0;
  while (sent < state_.waiting.size() && uart_.room() > 0) uart_.receive(state_.waiting[sent++], now);
  state_.waiting.erase(state_.waiting.begin(), state_.waiting.begin() + static_cast<std::ptrdiff_t>(sent));
  pumping_ = false;
}

void SerialFeed::reset(ResetKind kind) {
  if (kind == ResetKind::PowerOn) state_ = {};
}
void SerialFeed::visit_state(mem::StateVisitor& v) { v(name_, state_); }

}  // namespace ilse::dev
