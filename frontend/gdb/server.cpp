#include "frontend/gdb/server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ilse::gdb {

namespace {
// How long run() waits for the debugger while the guest is stopped, so that the caller's loop stays alive.
constexpr int kWaitMs = 20;
}  // namespace

mem::Result<std::unique_ptr<Server>> Server::listen(ui::Machine& machine, const std::string& host,
                                                    uint16_t port, bool start_stopped,
                                                    std::function<void()> on_input) {
  std::string name("--gdb ");
  name.append(host).append(":").append(std::to_string(port));
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int bad = getaddrinfo(host.empty() ? "127.0.0.1" : host.c_str(), nullptr, &hints, &found);
  if (bad != 0) return mem::Error{name + ": " + gai_strerror(bad)};
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, sizeof address);
  freeaddrinfo(found);
  address.sin_port = htons(port);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  socklen_t size = sizeof address;
  bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
            bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(fd, 1) == 0 &&
            getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!ok) {
    mem::Error e{name + ": " + std::strerror(errno)};
    if (fd >= 0) close(fd);
    return e;
  }
  std::unique_ptr<Server> server(new Server(machine, fd, ntohs(address.sin_port), start_stopped));
  if (on_input) {
    if (auto started = server->start_watching(std::move(on_input)); !started) return started.error();
  }
  return server;
}

Server::Server(ui::Machine& machine, int listener, uint16_t port, bool start_stopped)
    : machine_(machine),
      stub_(machine, start_stopped),
      link_([this](std::string_view bytes) { send(bytes); }),
      listener_(listener),
      port_(port) {}

Server::~Server() {
  if (watcher_.joinable()) {
    ending_ = true;
    wake_watcher();
    watcher_.join();
  }
  if (wake_ >= 0) close(wake_);
  if (client_ >= 0) close(client_);
  close(listener_);
}

mem::Result<void> Server::start_watching(std::function<void()> on_input) {
  wake_ = eventfd(0, EFD_CLOEXEC);
  if (wake_ < 0) return mem::Error{std::string("--gdb: ") + std::strerror(errno)};
  on_input_ = std::move(on_input);
  watcher_ = std::thread([this] { watch(); });
  return {};
}

void Server::wake_watcher() {
  const uint64_t one = 1;
  [[maybe_unused]] ssize_t n = write(wake_, &one, sizeof one);
}

// Tells of input once; run() asks for the next time when it has read all there was.
void Server::watch() {
  while (!ending_) {
    int fd = watched_;
    std::array<pollfd, 2> p{{{wake_, POLLIN, 0}, {fd, POLLIN, 0}}};
    if (poll(p.data(), p.size(), -1) < 0) continue;
    if (p[0].revents != 0) {
      uint64_t count = 0;
      [[maybe_unused]] ssize_t n = read(wake_, &count, sizeof count);
    } else if (p[1].revents != 0 && watched_.compare_exchange_strong(fd, -1)) {
      on_input_();
    }
  }
}

void Server::send(std::string_view bytes) {
  while (client_ >= 0 && !bytes.empty()) {
    ssize_t n = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      // Found and cleaned up by the next receive.
      shutdown(client_, SHUT_RDWR);
      return;
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void Server::drop() {
  close(client_);
  client_ = -1;
  stub_.connect(nullptr);
}

bool Server::serve(int timeout_ms) {
  pollfd p{client_ >= 0 ? client_ : listener_, POLLIN, 0};
  if (poll(&p, 1, timeout_ms) <= 0) return false;
  if (client_ < 0) {
    client_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client_ < 0) return false;
    int on = 1;
    setsockopt(client_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    link_.reset();
    stub_.connect(&link_);
    return true;
  }
  char bytes[4096];
  ssize_t n = recv(client_, bytes, sizeof bytes, 0);
  if (n < 0 && errno == EINTR) return true;
  if (n <= 0) {
    drop();
    return false;
  }
  link_.receive(
      {bytes, static_cast<size_t>(n)}, [this](std::string_view text) { stub_.packet(text); },
      [this] { stub_.interrupt(); });
  return true;
}

ui::MachineExit Server::run(uint64_t instructions) {
  const bool stood = stub_.stopped();
  while (serve(stub_.stopped() ? kWaitMs : 0)) {
    if (stub_.killed()) return ui::MachineExit::PowerOff;
  }
  const int fd = client_ >= 0 ? client_ : listener_;
  if (watcher_.joinable() && watched_.exchange(fd) != fd) wake_watcher();
  if (stood || stub_.stopped()) return ui::MachineExit::None;
  ui::MachineExit exit = machine_.run(stub_.slice(instructions));
  stub_.ran(exit);
  return exit == ui::MachineExit::Stopped ? ui::MachineExit::None : exit;
}

}  // namespace ilse::gdb
