#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/core/application.hpp"
#include "runtime/core/event_log.hpp"
#include "runtime/core/feature.hpp"
#include "runtime/host/engine.hpp"
#include "runtime/host/loaded_entity.hpp"
#include "runtime/node/access_policy.hpp"
#include "runtime/node/commands_under_way.hpp"
#include "runtime/node/metrics.hpp"
#include "runtime/node/schema_validator.hpp"

namespace troupe {

/// Of a category that no feature has.
error no_category(const std::string& category);

/// The way in: checks commands against their schemas, finds their entities and hands them to the
/// engine; answers queries from the views and the log.
///
/// An entity's id that a feature derives from a command's data (`entity_of`) is binding: a command
/// addressed to another entity is refused with `wrong-id`. A command on behalf of a caller must be
/// allowed by its feature's rules.
class gateway final : public application {
 public:
  /// `invalid` when a feature's schema is not usable, or two features claim one category or view.
  static result<std::unique_ptr<gateway>> make(
      const std::vector<feature>& features, const std::vector<host::bound_projection>& projections,
      event_log& log, host::engine& engine, const clock& time, metric_registry& metrics,
      std::size_t max_in_flight);

  void submit(command_request request, completion done) override;
  std::optional<command_outcome> take_in(command_request request) override;
  /// A command that another node has sent: checked again, since that may be of another version, and
  /// carried out here. It is counted where it came from.
  void submit_here(command_request request, completion done);
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

  /// What a command would do to its entity, now or as it was at a version, by the same checks and
  /// the same domain code. Nothing is stored. `not_found`: it has no such version.
  result<json> what_if(command_request request, std::optional<version_t> version,
                       host::use_snapshots snapshots);

  /// The aggregate of a category; nullptr if there is none.
  [[nodiscard]] const aggregate_kernel* aggregate_of(const std::string& category) const;

 private:
  struct known_aggregate {
    std::shared_ptr<const aggregate_kernel> kernel;
    schema_validator validator;
  };

  gateway(const std::vector<feature>& features, event_log& log, host::engine& engine,
          const clock& time, metric_registry& metrics, std::size_t max_in_flight);
  /// The command ready for its entity, or the outcome that refuses it.
  [[nodiscard]] std::variant<command, command_outcome> check(command_request request) const;
  [[nodiscard]] result<const host::bound_projection*> view(const std::string& name) const;
  /// Why a command under an id that the caller chose cannot be taken in: the id belongs to another
  /// command, or the log cannot be asked. `stored`: it was taken in before and is finished.
  std::optional<command_outcome> refusal_of_repeat(const command& one, bool& stored);
  completion counted(const std::string& category, completion done);

  /// The metrics of one category's commands, looked up by name once.
  struct tally {
    std::string category;
    metric_histogram& duration;
    std::array<std::atomic<metric_counter*>, 16> by_status{};
    tally(metric_registry& metrics, std::string of_category);
    metric_counter& counter(metric_registry& metrics, outcome_status status);
  };

  event_log& log_;
  host::engine& engine_;
  const clock& clock_;
  metric_registry& metrics_;
  const access_policy policy_;
  commands_under_way under_way_;
  std::map<std::string, known_aggregate> aggregates_;
  std::map<std::string, tally> tallies_;  ///< Of each category, and of "unknown" for all others.
  std::map<std::string, host::bound_projection> views_;
};

}  // namespace troupe
