// One channel of the DMA controllers as the chip on its DREQ and DACK pins sees it: which channel that is, is
// the board's affair.
#pragma once

#include "devices/dma/i8237.h"

namespace ilse::dev {

class DmaChannel {
 public:
  // `channel` 0..3 moves bytes, 5..7 words.
  DmaChannel(I8237& dma, int channel) : dma_(&dma), channel_(channel) {}

  int number() const { return channel_; }
  // As I8237 has them.
  bool ready() const { return dma_->ready(channel_); }
  size_t remaining() const { return dma_->remaining(channel_); }
  void set_dreq(bool level) { dma_->set_dreq(channel_, level); }
  I8237::Transfer to_device(std::span<uint8_t> to, VTime now) { return dma_->to_device(channel_, to, now); }
  I8237::Transfer from_device(std::span<const uint8_t> from, VTime now) {
    return dma_->from_device(channel_, from, now);
  }

 private:
  I8237* dma_;
  int channel_;
};

}  // namespace ilse::dev
