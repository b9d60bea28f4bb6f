#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>

#include "test/contract/temporary_directory.hpp"

namespace troupe::contract {

/// A nats-server on a free port, with JetStream and a store of its own or without. It ends with
/// this object, and with the test's process however that ends.
class nats_server {
 public:
  enum class keeps { streams, nothing };

  explicit nats_server(keeps what = keeps::streams) : keeps_(what) { start(); }
  nats_server(const nats_server&) = delete;
  nats_server& operator=(const nats_server&) = delete;
  ~nats_server() { kill(); }

  [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

  /// As when the power goes.
  void kill() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }

  /// Starts it again after `kill`, on the same port and the same store.
  void start() {
    const auto config = directory_ / "nats.conf";
    const auto store = "jetstream { store_dir: \"" + (directory_ / "store").string() +
                       "\", sync_interval: always }\n";
    std::ofstream(config) << "listen: \"127.0.0.1:" << (port_ == 0 ? -1 : port_) << "\"\n"
                          << "max_payload: 2MB\n"
                          << "ports_file_dir: \"" << directory_.path().string() << "\"\n"
                          << (keeps_ == keeps::streams ? store : "");
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const auto log = (directory_ / "nats.log").string();
      ::execlp("nats-server", "nats-server", "-c", config.c_str(), "-l", log.c_str(), nullptr);
      ::_exit(127);
    }
    await_port();
  }

  /// It no longer answers, without being gone.
  void pause() { ::kill(child_, SIGSTOP); }
  void resume() { ::kill(child_, SIGCONT); }

 private:
  /// The server says in a file where it listens, once it does.
  void await_port() {
    const auto file = directory_ / ("nats-server_" + std::to_string(child_) + ".ports");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      std::ifstream stream(file);
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      const std::string before = "nats://127.0.0.1:";
      const auto at = text.find(before);
      if (at != std::string::npos && text.find('}') != std::string::npos) {
        port_ = std::stoi(text.substr(at + before.size()));
        return;
      }
      if (::waitpid(child_, nullptr, WNOHANG) != 0 || std::chrono::steady_clock::now() > deadline) {
        throw std::runtime_error(
            "nats-server does not start; is version 2.10 or newer on the path?");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  const keeps keeps_;
  temporary_directory directory_;
  int port_ = 0;
  pid_t child_ = -1;
};

}  // namespace troupe::contract
