// Guest oddities (an unmapped port, an unknown register), for whoever debugs the guest. Never an
// error, never part of the guest's state, and limited so that a hostile guest cannot fill a disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace ilse::mem {

class EventLog {
 public:
  using Sink = std::function<void(std::string_view line)>;

  // Without a sink notes are dropped.
  void set_sink(Sink sink) { sink_ = std::move(sink); }
  bool wanted() const { return static_cast<bool>(sink_); }

  // At most kPerSource lines for each `source`; the last one says that more are dropped.
  void note(std::string_view source, const std::string& text);

  static constexpr unsigned kPerSource = 100;

 private:
  Sink sink_;
  std::map<std::string, unsigned, std::less<>> counts_;
};

}  // namespace ilse::mem
