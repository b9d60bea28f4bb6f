#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "runtime/core/application.hpp"
#include "runtime/core/clock.hpp"
#include "runtime/core/command.hpp"
#include "runtime/core/span.hpp"

namespace troupe {

/// Begins spans, and keeps those that have ended until an exporter takes them. Never blocks those
/// who work: what does not fit is dropped, and counted. Thread-safe.
///
/// A node that exports nothing has no tracer; whoever traces holds a pointer to one, and a null
/// pointer is all that it costs.
class tracer {
 public:
  /// `ratio`: how many of the traces that begin here are sampled, 0 to 1. `most`: spans that wait
  /// to be exported; `dropped` is told of each one beyond, on any thread, and must not block.
  tracer(const clock& time, id_source& ids, double ratio, std::size_t most,
         std::function<void()> dropped);

  /// The first span here of a request from outside, with the `traceparent` that it brought ("" for
  /// none) and its trace id. Null where the trace is not sampled: whoever began it decides, and
  /// every node decides alike on a trace without `traceparent`.
  [[nodiscard]] std::unique_ptr<span> receive(const std::string& traceparent,
                                              const std::string& trace_id, std::string name,
                                              span_kind kind) const;

  /// A part of the work that `traceparent` names. Null unless that is sampled.
  [[nodiscard]] std::unique_ptr<span> begin(const std::string& traceparent, std::string name,
                                            span_kind kind = span_kind::internal) const;

  /// The work has ended, now.
  void end(std::unique_ptr<span> one);

  /// Takes at most so many spans, once there are that many or the first of them has waited for
  /// `patience`. None when a stop is asked for.
  [[nodiscard]] std::vector<span> take(std::size_t most, std::chrono::milliseconds patience,
                                       const std::stop_token& stopping);
  /// The same without waiting.
  [[nodiscard]] std::vector<span> take(std::size_t most);

  [[nodiscard]] std::size_t waiting() const;

 private:
  [[nodiscard]] std::unique_ptr<span> make(std::string trace_id, std::string parent,
                                           std::string name, span_kind kind) const;
  [[nodiscard]] bool samples(const std::string& w3c_id) const;
  std::vector<span> take_locked(std::size_t most);

  const clock& clock_;
  id_source& ids_;
  const double ratio_;
  const std::size_t most_;
  const std::function<void()> dropped_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<span> ended_;
  std::size_t wanted_ = 0;  ///< The exporter waits for so many.
};

/// The completion that also ends the command's span, as the outcome says; `done` itself where there
/// is none. The context is moved into the span: whatever the command brings about is a part of it.
completion traced(tracer& by, std::unique_ptr<span> one, command_context& context, completion done);

/// The same for a command from outside, before it is handed in; `done` itself without a tracer.
completion traced_request(tracer* by, command_request& request, const char* what, span_kind kind,
                          completion done);

/// Names the command, as far as it is known before it is decided.
void note_command(span& one, const std::string& category, const std::string& entity,
                  const std::string& type, const std::string& command_id);

}  // namespace troupe
