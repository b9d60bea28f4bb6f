#pragma once

#include "runtime/core/application.hpp"
#include "runtime/node/access_policy.hpp"

namespace troupe {

/// An application as one caller may use it: commands go in on their behalf, and of views, events
/// and outcomes they get what the features' rules let them see. Whoever serves a caller asks this
/// one, features' own routes included, so that no route can forget to. Thread-safe; what it refers
/// to outlives it.
///
///   - What a rule refuses fails with `errc::forbidden`, or `outcome_status::forbidden`.
///   - A list holds the visible rows. One that is hidden cannot be told from one that is not there:
///     both are forbidden to whoever does not see all.
///   - An outcome of a hidden entity's command is `not_found`, as an unknown command's is.
class guarded_application final : public application {
 public:
  guarded_application(application& behind, const access_policy& policy, caller who)
      : behind_(behind), policy_(policy), who_(std::move(who)) {}

  void submit(command_request request, completion done) override;
  std::optional<command_outcome> take_in(command_request request) override;
  result<std::optional<command_outcome>> outcome_of(const std::string& command_id) override;
  result<std::optional<json>> view_row(const std::string& view, const std::string& key) override;
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
  application& behind_;
  const access_policy& policy_;
  const caller who_;
};

}  // namespace troupe
