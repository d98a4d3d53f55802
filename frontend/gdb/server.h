// The GDB server's connection: listens on a TCP port and joins the stub to the loop of the machine's thread,
// which calls run() where it would call Machine::run(). One client at a time; a second waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "frontend/gdb/packet.h"
#include "frontend/gdb/stub.h"
#include "memory/result.h"

namespace ilse::gdb {

class Server {
 public:
  // Listens on HOST:PORT; an empty host is the loopback address, port 0 any free one. `start_stopped`:
  // nothing runs until a debugger says so. `on_input`, if there is one, is called on a thread of the server's
  // own when the debugger wants something of a running guest: then run() is to be called anew. The error is
  // one line, for a port in use too.
  static mem::Result<std::unique_ptr<Server>> listen(ui::Machine& machine, const std::string& host,
                                                     uint16_t port, bool start_stopped,
                                                     std::function<void()> on_input = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves the connection, then runs a slice of the guest. If it was stopped: waits a little for the debugger
  // and returns MachineExit::None with no instruction run. MachineExit::PowerOff when the debugger has ended
  // the machine.
  ui::MachineExit run(uint64_t instructions);
  // The guest stands still at the debugger's wish: the host's clock should too.
  bool stopped() const { return stub_.stopped(); }
  uint16_t port() const { return port_; }

 private:
  Server(ui::Machine& machine, int listener, uint16_t port, bool start_stopped);
  mem::Result<void> start_watching(std::function<void()> on_input);
  void watch();
  void wake_watcher();
  // True when something was received.
  bool serve(int timeout_ms);
  void drop();
  void send(std::string_view bytes);

  ui::Machine& machine_;
  Stub stub_;
  PacketLayer link_;
  int listener_;
  int client_ = -1;
  uint16_t port_;

  std::function<void()> on_input_;
  std::thread watcher_;
  std::atomic<int> watched_{-1};  // what the watcher waits for: client, listener, or nothing
  std::atomic<bool> ending_{false};
  int wake_ = -1;  // eventfd: one of these has changed
};

}  // namespace ilse::gdb
