#pragma once

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace troupe::host {

/// Why an actor failed.
struct actor_failure {
  std::string what;
  std::string trace_id;  ///< Of the command or event that it failed on; "" when that is unknown.
};

/// Told of failures, with the actor's path.
using failure_observer = std::function<void(const std::string& path, const actor_failure& why)>;

/// Ends an actor because of one command or event.
class traced_failure : public std::runtime_error {
 public:
  traced_failure(const std::string& what, std::string trace_id)
      : std::runtime_error(what), trace_id_(std::move(trace_id)) {}

  [[nodiscard]] const std::string& trace_id() const { return trace_id_; }

 private:
  std::string trace_id_;
};

/// What an exception says.
actor_failure failure_of(const std::exception_ptr& problem);

}  // namespace troupe::host
