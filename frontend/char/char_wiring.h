// Connects the machine's serial ports and debug consoles to where the options say: one StdioChar for all that
// is on the terminal, a file each for the rest.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "devices/board/pc.h"
#include "frontend/char/char_backends.h"
#include "frontend/char/stdio_char.h"
#include "frontend/options/options.h"

namespace ilse::ui {

class CharWiring {
 public:
  struct Callbacks {
    std::function<void()> on_quit;
    std::function<void()> on_switch;
  };
  // Takes the terminal if anything is on it. `board` outlives this, or disconnect() is called before it goes.
  static mem::Result<std::unique_ptr<CharWiring>> connect(const Options& options, dev::Pc& board,
                                                          Callbacks callbacks);
  ~CharWiring();

  // Null when nothing is on the terminal.
  StdioChar* stdio() { return stdio_.get(); }
  // What files could not be written, one line, or nothing.
  std::string failures() const;

 private:
  explicit CharWiring(dev::Pc& board) : board_(board) {}
  mem::Result<dev::CharSink*> sink(const CharTarget& target);

  dev::Pc& board_;
  std::unique_ptr<StdioChar> stdio_;
  std::map<std::string, std::unique_ptr<FileChar>> files_;
};

}  // namespace ilse::ui
