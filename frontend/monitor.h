// The prompt's commands, in QEMU's words: text in, text out.
#pragma once

#include <string>
#include <string_view>

#include "frontend/media_control.h"
#include "frontend/options/options.h"
#include "frontend/run_control.h"

namespace ilse::ui {

class Monitor {
 public:
  // `options`: what the machine was made from, for snapshots.
  Monitor(RunControl& control, const Options& options)
      : control_(control), options_(options), media_(control) {}

  // Not on the machine's thread. What it returns is empty or ends with a newline.
  std::string execute(std::string_view line);

 private:
  std::string info(std::string_view what);
  std::string select(std::string_view number);
  std::string block();
  std::string change(std::string_view what);
  std::string eject(std::string_view what);
  std::string screendump(const std::string& path);
  std::string savevm(const std::string& path);
  std::string on_machine(const std::function<std::string(Machine&)>& job);

  RunControl& control_;
  const Options& options_;
  MediaControl media_;
  unsigned selected_ = 0;  // processor
};

}  // namespace ilse::ui
