#pragma once

#include <memory>
#include <thread>

#include "runtime/core/application.hpp"

namespace troupe::http {

/// An application whose waits end: a command's at its deadline, and all of them on request, so that
/// a bridge can stop at once while commands are under way. Their callers are told that the outcome
/// is not known, and what becomes of them is the log's business. Thread-safe.
class interruptible_application final : public application {
 public:
  explicit interruptible_application(application& behind);
  ~interruptible_application() override;

  /// Ends all waits, present and future, until `resume`.
  void interrupt();
  void resume();

  void submit(command_request request, completion done) override;
  std::optional<command_outcome> take_in(command_request request) override;
  result<std::optional<command_outcome>> outcome_of(const std::string& command_id) override;
  bool await_view(const std::string& view, position_t position, monotonic_time deadline) override;
  result<std::optional<json>> view_row(const std::string& view, const std::string& key) override;
  result<view_page> view_rows(const std::string& view, const view_query& query) override;
  result<position_t> view_position(const std::string& view) override;
  result<std::string> view_category(const std::string& view) override;
  result<std::unique_ptr<watch>> watch_view(const std::string& view,
                                            std::function<void()> changed) override;
  result<std::unique_ptr<watch>> watch_events(const std::string& category,
                                              std::function<void()> changed) override;
  result<std::vector<recorded_event>> events(const std::string& category, position_t from,
                                             std::size_t limit) override;

 private:
  struct waiting;

  application& behind_;
  std::shared_ptr<waiting>
      waiting_;  ///< Shared with completions, which may come after the end of this.
  std::thread timekeeper_;
};

}  // namespace troupe::http
