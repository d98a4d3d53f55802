#include "memory/event_log.h"

namespace ilse::mem {

void EventLog::note(std::string_view source, const std::string& text) {
  if (!sink_) return;
  auto it = counts_.find(source);
  if (it == counts_.end()) it = counts_.emplace(std::string(source), 0).first;
  if (it->second > kPerSource) return;
  ++it->second;
  std::string line = std::string(source) + ": " + text;
  if (it->second > kPerSource) line = std::string(source) + ": more of these are not shown";
  sink_(line);
}

}  // namespace ilse::mem
