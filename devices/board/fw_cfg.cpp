#include "devices/board/fw_cfg.h"

#include <algorithm>
#include <span>

#include "memory/check.h"

namespace ilse::dev {

using mem::VTime;

namespace {

constexpr uint16_t kWriteChannel = 0x4000;
constexpr uint8_t kTraditional = 1, kDma = 2;  // interfaces
constexpr size_t kFileNameSize = 56;

// Control word of a DMA transfer.
constexpr uint32_t kError = 1, kRead = 2, kSkip = 4, kSelect = 8, kWrite = 16;
constexpr uint64_t kDmaSignature = 0x51454D5520434647;  // "QEMU CFG"

template <class T>
void put_be(std::vector<uint8_t>& to, T value) {
  for (size_t i = sizeof(T); i-- > 0;) to.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
uint64_t get_be(std::span<const uint8_t> from) {
  uint64_t v = 0;
  for (uint8_t b : from) v = v << 8 | b;
  return v;
}

}  // namespace

FwCfg::FwCfg(mem::PhysMap& memory) : memory_(memory), ports_(*this), dma_ports_(*this) {
  add_item(kSignature, {'Q', 'E', 'M', 'U'});
  add_number(kInterfaceId, kTraditional | kDma, 4);
  rebuild_directory();
}

void FwCfg::add_item(uint16_t key, std::vector<uint8_t> bytes) { items_[key] = std::move(bytes); }

void FwCfg::add_number(uint16_t key, uint64_t value, unsigned width) {
  std::vector<uint8_t> bytes;
  for (unsigned i = 0; i < width; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  add_item(key, std::move(bytes));
}

void FwCfg::add_file(const std::string& name, std::vector<uint8_t> bytes) {
  ILSE_CHECK(!name.empty() && name.size() < kFileNameSize, "a file name's length");
  auto it = std::find(files_.begin(), files_.end(), name);
  auto key = static_cast<uint16_t>(kFirstFile + (it - files_.begin()));
  if (it == files_.end()) files_.push_back(name);
  add_item(key, std::move(bytes));
  rebuild_directory();
}

const std::vector<uint8_t>* FwCfg::file(const std::string& name) const {
  auto it = std::find(files_.begin(), files_.end(), name);
  return it == files_.end() ? nullptr : &items_.at(static_cast<uint16_t>(kFirstFile + (it - files_.begin())));
}

void FwCfg::rebuild_directory() {
  std::vector<uint8_t> d;
  put_be(d, static_cast<uint32_t>(files_.size()));
  for (size_t i = 0; i < files_.size(); ++i) {
    auto key = static_cast<uint16_t>(kFirstFile + i);
    put_be(d, static_cast<uint32_t>(items_[key].size()));
    put_be(d, key);
    put_be(d, uint16_t{0});
    d.insert(d.end(), files_[i].begin(), files_[i].end());
    d.resize(d.size() + kFileNameSize - files_[i].size());
  }
  items_[kFileDirectory] = std::move(d);
}

const std::vector<uint8_t>* FwCfg::current() const {
  auto it = items_.find(state_.key);
  return it == items_.end() ? nullptr : &it->second;
}

void FwCfg::select(uint16_t key) {
  state_.key = static_cast<uint16_t>(key & ~kWriteChannel);
  state_.offset = 0;
}

uint32_t FwCfg::Ports::port_peek(uint16_t offset, unsigned, VTime) const {
  const std::vector<uint8_t>* item = chip_.current();
  bool data = offset == 1 && item != nullptr && chip_.state_.offset < item->size();
  return data ? (*item)[chip_.state_.offset] : 0;
}
uint32_t FwCfg::Ports::port_read(uint16_t offset, unsigned width, VTime now) {
  uint32_t value = port_peek(offset, width, now);
  const std::vector<uint8_t>* item = chip_.current();
  if (offset == 1 && item != nullptr && chip_.state_.offset < item->size()) ++chip_.state_.offset;
  return value;
}
void FwCfg::Ports::port_write(uint16_t offset, unsigned width, uint32_t value, VTime) {
  if (offset == 0 && width == 2) chip_.select(static_cast<uint16_t>(value));
}

// The address register is big-endian: byte 0 is its most significant one. Reads give the signature.
uint32_t FwCfg::DmaPorts::port_peek(uint16_t offset, unsigned width, VTime) const {
  uint32_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value |= static_cast<uint32_t>(kDmaSignature >> (8 * (7 - (offset + i))) & 0xFF) << (8 * i);
  }
  return value;
}
uint32_t FwCfg::DmaPorts::port_read(uint16_t offset, unsigned width, VTime now) {
  return port_peek(offset, width, now);
}
void FwCfg::DmaPorts::port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) {
  uint64_t& address = chip_.state_.dma_address;
  for (unsigned i = 0; i < width; ++i) {
    unsigned shift = 8 * (7 - (offset + i));
    address = (address & ~(0xFFull << shift)) | static_cast<uint64_t>(value >> (8 * i) & 0xFF) << shift;
  }
  if (offset + width == 8) chip_.run_dma(now);
}

void FwCfg::run_dma(VTime now) {
  mem::PhysAddr request{state_.dma_address};
  state_.dma_address = 0;
  std::array<uint8_t, 16> raw{};
  memory_.dma_read(request, raw, now);
  auto control = static_cast<uint32_t>(get_be({raw.data(), 4}));
  auto length = static_cast<uint32_t>(get_be({raw.data() + 4, 4}));
  mem::PhysAddr address{get_be({raw.data() + 8, 8})};

  if ((control & kSelect) != 0) select(static_cast<uint16_t>(control >> 16));
  uint32_t result = (control & kWrite) != 0 && (control & kRead) == 0 ? kError : 0;  // items are read-only
  const std::vector<uint8_t>* item = current();
  size_t size = item != nullptr ? item->size() : 0;
  auto part = static_cast<uint32_t>(std::min<size_t>(length, size - std::min<size_t>(size, state_.offset)));
  if ((control & kRead) != 0) {
    if (part != 0) memory_.dma_write(address, {item->data() + state_.offset, part}, now);
    // Beyond the end an item reads as zeros.
    static constexpr std::array<uint8_t, 4096> kZeros{};
    for (uint64_t done = part; done < length;) {
      auto n = static_cast<size_t>(std::min<uint64_t>(length - done, kZeros.size()));
      memory_.dma_write(address + done, {kZeros.data(), n}, now);
      done += n;
    }
  }
  if ((control & (kRead | kSkip)) != 0) state_.offset += part;
  std::array<uint8_t, 4> answer{0, 0, 0, static_cast<uint8_t>(result)};
  memory_.dma_write(request, answer, now);
}

void FwCfg::reset(ResetKind) { state_ = {}; }
void FwCfg::visit_state(mem::StateVisitor& v) { v("fw-cfg", state_); }

}  // namespace ilse::dev
