// A wire from an output pin of one chip to an input pin of another. The driving chip sets a level; the
// board decides where the wire ends.
#pragma once

namespace ilse::dev {

// The chip at the receiving end: an interrupt controller, or a recorder on a test bench.
class LineSink {
 public:
  virtual ~LineSink() = default;
  virtual void set_line(int pin, bool level) = 0;
};

class IrqLine {
 public:
  IrqLine() = default;  // not connected
  IrqLine(LineSink& sink, int pin) : sink_(&sink), pin_(pin) {}

  bool connected() const { return sink_ != nullptr; }
  void set(bool level) {
    if (sink_ != nullptr) sink_->set_line(pin_, level);
  }
  void pulse() {
    set(true);
    set(false);
  }

 private:
  LineSink* sink_ = nullptr;
  int pin_ = 0;
};

}  // namespace ilse::dev
