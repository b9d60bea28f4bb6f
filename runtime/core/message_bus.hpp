#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/core/application.hpp"
#include "runtime/core/clock.hpp"
#include "runtime/core/result.hpp"

namespace troupe {

/// Messages between the nodes of one cluster. Nothing is stored and nothing is sent twice: what is
/// lost is lost, so no promise may rest on it. Thread-safe.
class message_bus {
 public:
  struct message {
    std::string body;
    /// Answers, where an answer was asked for; else null. Any thread, once.
    std::function<void(const std::string& body)> answer;
  };
  /// Called for one message at a time; must not block.
  using listener = std::function<void(message)>;

  /// What came of a question: the answer, or
  ///   `not_found`    nobody listens: it surely did not arrive;
  ///   `unavailable`  it was not sent;
  ///   `in_doubt`     no answer before the deadline: it may have arrived.
  /// Called exactly once, on any thread; must not block.
  using answered = std::function<void(result<std::string>)>;

  virtual ~message_bus() = default;

  /// Hears what is told or asked under this topic (letters, digits and '-', in parts joined by
  /// '.').
  virtual result<std::unique_ptr<watch>> listen(const std::string& topic, listener heard) = 0;

  /// Tells all who listen, this node too. `unavailable` when it was not sent.
  virtual result<void> tell(const std::string& topic, const std::string& body) = 0;

  /// Asks one who listens. What is open when the bus is destroyed is in doubt.
  virtual void ask(const std::string& topic, const std::string& body, monotonic_time deadline,
                   answered done) = 0;
};

}  // namespace troupe
