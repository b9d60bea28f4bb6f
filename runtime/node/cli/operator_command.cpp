#include "runtime/node/cli/operator_command.hpp"

#include <algorithm>
#include <array>

#include <CLI/CLI.hpp>

#include "runtime/node/secret_file.hpp"

namespace troupe {
namespace {

constexpr std::uint64_t most_listed = 100'000;
constexpr std::uint64_t most_number = 9'223'372'036'854'775'807;

/// Declares the commands over one struct of values.
class declaration {
 public:
  explicit declaration(operator_command& command) : command_(command) {}

  void commands(CLI::App& app) {
    command(app);
    inspect(*group(app, "inspect", "Look into a running node"));
    projection(*group(app, "projection", "Stop, continue or rebuild a view"));
    dead_letter(*group(app, "dead-letter", "Decide what becomes of a parked event"));
    auto& top = *app.add_subcommand(
        "top", "Watch a node: health, throughput, lag and the busiest actors; q ends");
    admin_options(top);
    top.add_flag("--once", command_.once, "Show it once, as is done when this is no terminal");
  }

 private:
  static CLI::App* group(CLI::App& app, const char* name, const char* what) {
    return app.add_subcommand(name, what)->require_subcommand(1);
  }

  void command(CLI::App& app) {
    auto& made = *app.add_subcommand("command",
                                     "Send a command to an entity and wait until it is "
                                     "stored or refused");
    target(made, "CATEGORY[/ID]", "The entity; without an id, the feature names it");
    made.add_option("TYPE", command_.type, "The command, like LockAccount")->required();
    made.add_option("JSON", command_.data, "Its data; - reads them from standard input")
        ->required();
    made.add_option("--http", command_.http, "The node's address for applications")
        ->capture_default_str();
    made.add_option("--token", command_.token, "File with the bearer token")->check(secret_file());
    made.add_option("--command-id", command_.command_id,
                    "Names the command: sent again, it has no second effect (default: a new one)");
    made.add_option("--if-version", command_.if_version,
                    "Refuse unless the entity is at this version")
        ->check(CLI::Range(std::uint64_t{0}, most_number));
    made.add_option("--as", command_.as, "The caller's sub; believed by nodes without --auth only");
    json_flag(made);
  }

  void inspect(CLI::App& group) {
    auto& actors = leaf(group, "actors", "List actors, by path");
    actors.add_option("--kind", command_.kind, "Only this kind, like projector");
    actors.add_option("--path", command_.path, "Only below this path, like /features/identity");
    limit(actors);
    target(leaf(group, "actor", "One actor and what it holds"), "PATH",
           "Like /features/identity/projectors/users");
    auto& entity = leaf(group, "entity", "One entity, folded from its events");
    target(entity, "CATEGORY/ID", "The entity");
    entity.add_option("--version", command_.version, "As it was at this version")
        ->check(CLI::Range(std::uint64_t{0}, most_number));
    auto& stream = leaf(group, "stream", "The events of one entity");
    target(stream, "CATEGORY/ID", "The entity");
    stream.add_option("--from", command_.from, "The first version to list")
        ->capture_default_str()
        ->check(CLI::Range(std::uint64_t{1}, most_number));
    limit(stream);
    leaf(group, "projections", "Every view: where it is, how far behind, how fast");
    limit(leaf(group, "dead-letters", "What was parked, where and why"));
    leaf(group, "cluster", "The nodes");
  }

  void projection(CLI::App& group) {
    const auto add = [&](const char* name, const char* what) -> CLI::App& {
      auto& made = leaf(group, name, what);
      target(made, "NAME", "The projection, like users");
      return made;
    };
    add("pause", "Apply no more events until it is resumed, also after a restart of the node");
    add("resume", "Go on");
    add("rebuild", "Forget rows, checkpoint and parked events; start at the first event")
        .add_flag("--wait", command_.wait, "Wait until it has caught up, as is done on a terminal");
  }

  void dead_letter(CLI::App& group) {
    target(leaf(group, "retry", "Hand it, and those of its key behind it, to the projector again"),
           "ID", "As listed by 'troupe inspect dead-letters'");
    target(leaf(group, "discard", "Forget it: its row goes on as if it had not happened"), "ID",
           "As listed by 'troupe inspect dead-letters'");
  }

  /// A command that asks the admin endpoint.
  CLI::App& leaf(CLI::App& group, const char* name, const char* what) {
    auto& made = *group.add_subcommand(name, what);
    admin_options(made);
    json_flag(made);
    return made;
  }

  void admin_options(CLI::App& made) {
    made.add_option("--admin", command_.admin, "The node's admin endpoint")->capture_default_str();
    made.add_option("--admin-token", command_.admin_token, "File with its bearer token")
        ->check(secret_file());
  }

  void json_flag(CLI::App& made) {
    made.add_flag("--json", command_.json, "One JSON document, for programs");
  }

  void target(CLI::App& made, const char* name, const char* what) {
    made.add_option(name, command_.target, what)->required();
  }

  void limit(CLI::App& made) {
    made.add_option("--limit", command_.limit, "How many to list at most")
        ->capture_default_str()
        ->check(CLI::Range(std::uint64_t{1}, most_listed));
  }

  operator_command& command_;
};

}  // namespace

operator_commands::operator_commands(CLI::App& app, const environment& env) : app_(app) {
  command_.http = env("TROUPE_HTTP").value_or("127.0.0.1:8080");
  command_.admin = env("TROUPE_ADMIN").value_or("127.0.0.1:9090");
  command_.token = env("TROUPE_TOKEN").value_or("");
  command_.admin_token = env("TROUPE_ADMIN_TOKEN").value_or("");
  declaration(command_).commands(app);
}

std::optional<operator_command> operator_commands::parsed() const {
  constexpr std::array groups{"inspect", "projection", "dead-letter"};
  constexpr std::array single{"command", "top"};
  for (const auto* chosen : app_.get_subcommands()) {
    auto found = command_;
    found.name = chosen->get_name();
    if (std::ranges::find(groups, found.name) != groups.end()) {
      found.name += ' ' + chosen->get_subcommands().front()->get_name();
    } else if (std::ranges::find(single, found.name) == single.end()) {
      continue;
    }
    return found;
  }
  return std::nullopt;
}

}  // namespace troupe
