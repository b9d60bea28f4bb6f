#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/application.hpp"
#include "runtime/core/feature.hpp"
#include "runtime/core/notifier.hpp"

namespace troupe::testkit {

/// A node reduced to one feature and the calling thread, to test routes with: commands are decided
/// and views are projected before `submit` returns. Nothing is checked against the JSON Schema,
/// nothing is durable. Thread-safe.
class direct_application final : public application {
 public:
  explicit direct_application(feature served) : feature_(std::move(served)) {}

  // What a test sets up.

  /// The next command gets this outcome and has no effect.
  void answer_next(command_outcome outcome);
  /// While held, views do not move and `await_view` says that the deadline has passed.
  void hold_views(bool held);
  /// While set, reading views fails like this.
  void fail_views(std::optional<error> failure);

  // What a test looks at.

  /// Every command so far, as it was submitted.
  [[nodiscard]] std::vector<command_request> submitted() const;
  /// The views and positions that somebody waited for.
  [[nodiscard]] std::vector<std::pair<std::string, position_t>> awaited() const;

  void submit(command_request request, completion done) override;
  std::optional<command_outcome> take_in(command_request request) override;
  result<std::optional<command_outcome>> outcome_of(const std::string& command_id) override;
  result<std::optional<json>> view_row(const std::string& view, const std::string& key) override;
  /// Equality and `limit` only; rows by key.
  result<view_page> view_rows(const std::string& view, const view_query& query) override;
  result<position_t> view_position(const std::string& view) override;
  result<std::string> view_category(const std::string& view) override;
  bool await_view(const std::string& view, position_t position, monotonic_time deadline) override;
  result<std::unique_ptr<watch>> watch_view(const std::string& view,
                                            std::function<void()> changed) override;
  result<std::unique_ptr<watch>> watch_events(const std::string& category,
                                              std::function<void()> changed) override;
  result<std::vector<recorded_event>> events(const std::string& category, position_t from,
                                             std::size_t limit) override;

 private:
  command_outcome decide(const command_request& request);
  /// The kernel of a view that can be read now.
  result<const projector_kernel*> readable(const std::string& view) const;
  /// Brings the views up to the log's end, unless they are held.
  void catch_up();

  feature feature_;
  notifier changes_;
  mutable std::mutex mutex_;
  std::vector<recorded_event> log_;
  std::map<std::string, command_outcome> outcomes_;
  std::map<std::string, std::map<std::string, json>> views_;
  std::size_t shown_ = 0;  ///< Events that the views have applied.
  std::optional<command_outcome> next_answer_;
  bool held_ = false;
  std::optional<error> view_failure_;
  std::vector<command_request> submitted_;
  std::vector<std::pair<std::string, position_t>> awaited_;
};

}  // namespace troupe::testkit
