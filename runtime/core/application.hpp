#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/core/caller.hpp"
#include "runtime/core/command.hpp"
#include "runtime/core/view_store.hpp"

namespace troupe {

/// A command as a caller names it, before it is checked.
struct command_request {
  std::string category;
  std::string id;  ///< "" lets the feature name the entity.
  std::string type;
  json data = json::object();
  command_context context;
  bool id_given = false;
  std::optional<version_t> expected_version;
  monotonic_time deadline = monotonic_time::max();
  /// Whose rights count. Nothing: the command comes from within, and no rule applies. The
  /// application that features' routes get sets it, whatever they say.
  std::optional<caller> on_behalf_of;
};

/// Called exactly once, on any thread; must not block.
using completion = std::function<void(command_outcome)>;

/// A callback that stays registered as long as this lives. When the destructor returns, the
/// callback is not running and will not be called again.
class watch {
 public:
  virtual ~watch() = default;
};

/// What bridges and features' routes may ask of a node. Thread-safe.
class application {
 public:
  virtual ~application() = default;

  /// Checks the command against its schema, finds its entity, and hands it to the entity's actor.
  virtual void submit(command_request request, completion done) = 0;

  /// `submit`, waiting until the outcome is known or the deadline has passed (`in_doubt` then).
  command_outcome execute(command_request request);

  /// Checks the command and hands it to its entity's actor without waiting for the outcome, which
  /// `outcome_of` tells then. Nothing when it has been taken in; else why it was not. The deadline
  /// does not apply, and the command id counts as given. Taken in is not yet stored: a node that is
  /// killed forgets the command.
  virtual std::optional<command_outcome> take_in(command_request request) = 0;

  /// What became of a command: from the log, so that it is the same after a restart. Nothing while
  /// the command is under way on this node. `not_found`: nothing is known of it; `in_doubt`: its
  /// outcome could not be found out.
  virtual result<std::optional<command_outcome>> outcome_of(const std::string& command_id) = 0;

  /// One row of a view, with the position that the view had reached. `not_found`: there is no such
  /// view.
  virtual result<std::optional<json>> view_row(const std::string& view, const std::string& key) = 0;

  /// Rows of a view. `not_found`: there is no such view; `invalid`: an unknown column or a foreign
  /// cursor.
  virtual result<view_page> view_rows(const std::string& view, const view_query& query) = 0;

  /// How far a view has come. `not_found`: there is no such view.
  virtual result<position_t> view_position(const std::string& view) = 0;

  /// The category whose events a view shows. `not_found`: there is no such view.
  virtual result<std::string> view_category(const std::string& view) = 0;

  /// Waits until a view has applied everything up to `position`, at most until the deadline; false
  /// if it has not.
  virtual bool await_view(const std::string& view, position_t position,
                          monotonic_time deadline) = 0;

  /// Calls back whenever a view may have changed; any thread, must not block. `not_found`: there is
  /// no such view.
  virtual result<std::unique_ptr<watch>> watch_view(const std::string& view,
                                                    std::function<void()> changed) = 0;

  /// Calls back whenever a category may have new events; any thread, must not block. `not_found`:
  /// no feature has this category.
  virtual result<std::unique_ptr<watch>> watch_events(const std::string& category,
                                                      std::function<void()> changed) = 0;

  /// Whole commits of a category with positions >= `from`, decoded; about `limit` events.
  /// `not_found`: no feature has this category; `corrupt`: an event that cannot be read, with its
  /// position.
  virtual result<std::vector<recorded_event>> events(const std::string& category, position_t from,
                                                     std::size_t limit) = 0;
};

}  // namespace troupe
