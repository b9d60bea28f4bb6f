#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "runtime/core/result.hpp"

namespace troupe::http {

/// A listening TCP socket. The only code that knows cpp-httplib, of which it uses address
/// resolution, binding, the accept loop and the task queue; README.md says why not more.
class listener {
 public:
  struct settings {
    std::string host;
    int port = 0;
    std::chrono::seconds read_timeout{1};
    std::chrono::seconds write_timeout{1};
  };

  /// Takes over an accepted socket; false: there is no place for it, and it is turned away. Called
  /// on the accepting thread; must not block.
  using take = std::function<bool(int socket)>;

  /// Binds and listens: connections are queued by the system until `run`. The error says what is
  /// wrong with the address, not how to choose another.
  static result<std::unique_ptr<listener>> open(const settings& wanted, take accepted);
  ~listener();

  [[nodiscard]] int port() const;

  /// Accepts until `close`. False if accepting broke down by itself. Call once.
  bool run();

  /// Accepts no more. Any thread; idempotent.
  void close();

 private:
  class implementation;
  explicit listener(std::unique_ptr<implementation> made);
  std::unique_ptr<implementation> implementation_;
};

}  // namespace troupe::http
