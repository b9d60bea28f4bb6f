#include "runtime/node/node.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <thread>
#include <utility>

#include "runtime/node/cli/operator_run.hpp"
#include "runtime/node/cli/terminal.hpp"
#include "runtime/node/cli/top.hpp"
#include "runtime/node/database_places.hpp"
#include "runtime/node/node_log.hpp"
#include "runtime/node/one_line.hpp"
#include "runtime/node/running_node.hpp"

namespace troupe {
namespace {

constexpr int clean_stop = 0;
constexpr int failure_while_running = 1;
constexpr int bad_configuration = 2;

/// The signals that end a node. Blocked in every thread, so that only `wait` takes them.
class stop_signals {
 public:
  stop_signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }

  [[nodiscard]] int wait() const {
    int number = 0;
    sigwait(&set_, &number);
    return number;
  }

  /// From now on another signal ends the process at once.
  void end_on_next() const {
    std::thread([set = set_] {
      int number = 0;
      sigwait(&set, &number);
      std::_Exit(failure_while_running);
    }).detach();
  }

 private:
  sigset_t set_{};
};

int refuse(const std::string& why) {
  std::cerr << "troupe: " << one_line(why) << '\n';
  return bad_configuration;
}

template <class Made>
std::string choices(const std::map<std::string, Made>& made) {
  std::string text;
  for (const auto& [name, one] : made) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void print_welcome(const settings& options, const std::vector<std::shared_ptr<bridge>>& bridges) {
  std::string http = options.http;
  std::cout << "troupe " << version_text << " is ready: node " << options.node << ", log "
            << options.log << ", views " << options.views << ", data " << options.data.string()
            << '\n';
  for (const auto& one : bridges) {
    const auto address = one->describe().value("address", std::string());
    if (one->name() == "http") http = address;
    if (address.empty()) continue;
    std::cout << "  " << one->name() << "  http://" << address << '\n';
  }
  std::cout
      << "\nTry:\n  curl -s http://" << http << "/v1/users -H 'Content-Type: application/json' -d '"
      << R"({"auth0Id":"auth0|zoe","email":"zoe@example.com","emailVerified":true,"firstName":"Zoë","lastName":"Washburne","picture":"","locale":"en"})"
      << "'\n"
      << std::flush;
}

}  // namespace

node::node(int argc, char** argv) : arguments_(argv + std::min(argc, 1), argv + argc) {}

node& node::with(feature one) {
  features_.push_back(std::move(one));
  return *this;
}

node& node::with_log(std::string name, log_factory make) {
  logs_[std::move(name)] = std::move(make);
  return *this;
}

node& node::with_views(std::string name, views_factory make) {
  views_[std::move(name)] = std::move(make);
  return *this;
}

node& node::with_bus(bus_factory make) {
  bus_ = std::move(make);
  return *this;
}

node& node::with_check(data_check open) {
  check_ = std::move(open);
  return *this;
}

node& node::with_log_place(std::string scheme, log_opener open) {
  log_places_[std::move(scheme)] = std::move(open);
  return *this;
}

node& node::with_migrations(std::string scheme, migration_opener open) {
  migrations_[std::move(scheme)] = std::move(open);
  return *this;
}

node& node::with_client(http_client ask) {
  client_ = std::move(ask);
  return *this;
}

node& node::with_examination(examination look) {
  examinations_.push_back(std::move(look));
  return *this;
}

node& node::with_bridge(bridge_factory make) {
  bridges_.push_back(std::move(make));
  return *this;
}

int node::run() {
  if (!arguments_.empty() && arguments_.front() == "migrate")
    return migrate_command({arguments_.begin() + 1, arguments_.end()}, migrations_,
                           {std::cin, std::cerr});
  const auto asks_for_help = [](const std::string& one) { return one == "--help" || one == "-h"; };
  if (!arguments_.empty() && arguments_.front() == "doctor" &&
      std::ranges::none_of(arguments_, asks_for_help))
    return examine();
  auto parsed = parse_settings(arguments_, from_environment, version_text);
  if (const auto* print = std::get_if<print_and_exit>(&parsed)) {
    (print->status == clean_stop ? std::cout : std::cerr) << print->text;
    return print->status;
  }
  const command_output terminal{std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1};
  if (const auto* check = std::get_if<check_command>(&parsed)) {
    return run_check(*check, audit_trail::beside(features_), check_, terminal, system_clock());
  }
  if (const auto* copy = std::get_if<copy_command>(&parsed)) {
    std::signal(SIGPIPE, SIG_IGN);
    return run_copy(*copy, log_places_, terminal, system_clock());
  }
  if (auto* command = std::get_if<operator_command>(&parsed)) return operate(std::move(*command));
  const auto& options = std::get<run_command>(parsed).options;
  if (!logs_.contains(options.log))
    return refuse("--log: '" + options.log + "' is not one of " + choices(logs_));
  if (!views_.contains(options.views))
    return refuse("--views: '" + options.views + "' is not one of " + choices(views_));
  return serve(options);
}

int node::operate(operator_command command) {
  if (!client_) return refuse("this program cannot reach other nodes");
  std::signal(SIGPIPE, SIG_IGN);
  const system_clock time;
  uuid_source ids(time);
  const operator_surroundings with{
      client_,
      std::cin,
      std::cout,
      std::cerr,
      terminal_columns(STDOUT_FILENO),
      ::isatty(STDERR_FILENO) == 1,
      time,
      ids,
      [](std::chrono::milliseconds wait) { std::this_thread::sleep_for(wait); }};
  try {
    return command.name == "top" ? run_top(command, with) : run_operator(std::move(command), with);
  } catch (const json::exception&) {  // What answers is of another shape than any node's answers.
    std::cerr << "troupe: what answers there is no node of a version that this program knows\n";
    return failure_while_running;
  }
}

int node::examine() {
  std::signal(SIGPIPE, SIG_IGN);
  const system_clock time;
  const environment env = from_environment;
  return run_doctor(
      {arguments_.begin() + 1, arguments_.end()},
      {features_, migrations_, examinations_, client_, env, time, version_text, std::cout});
}

bool node::stop_wanted() {
  sigset_t come{};
  sigpending(&come);
  return sigismember(&come, SIGTERM) == 1 || sigismember(&come, SIGINT) == 1;
}

int node::serve(const settings& options) {
  const stop_signals signals;
  const system_clock time;
  node_log told(options.log_format == "json" ? log_format::json_lines : log_format::for_people,
                options.log_level, options.node, time);
  const auto refuse = [&told](const std::string& why) {
    told.refusal(why);
    return bad_configuration;
  };

  auto log = logs_.at(options.log)(options);
  if (!log) return refuse(log.error().message);
  auto views = views_.at(options.views)(options);
  if (!views) return refuse(views.error().message);
  auto bus = bus_ ? bus_(options) : result<std::shared_ptr<message_bus>>(nullptr);
  if (!bus) return refuse(bus.error().message);
  // Before the node serves, a bridge that fails ends it, and is told of in that one line.
  std::atomic<bool> serving{false};
  auto made = running_node::make(
      options, features_, std::move(*log), std::move(*views), std::move(*bus),
      [&told, &serving](const std::string& path, const host::actor_failure& why) {
        if (serving || !path.starts_with("/bridges/"))
          told.warn("failed: " + why.what, {path, why.trace_id});
      });
  if (!made) return refuse(made.error().message);
  auto& running = **made;
  auto& actors = running.actors_of();
  actors.start();

  std::vector<std::shared_ptr<bridge>> bridges;
  for (const auto& make : bridges_) {
    auto one = make(running, options);
    if (!one) return refuse(one.error().message);
    if (*one) bridges.push_back(std::move(*one));
  }
  if (auto peers = running.cluster_bridge()) bridges.push_back(std::move(peers));
  running.set_bridges(bridges);
  running.set_audit(
      [&told](const std::string& what, const std::string& trace_id) {
        told.info("audit: " + what, {"", trace_id});
      },
      [&told](const std::string& what, const std::string& trace_id) {
        told.warn("audit: " + what, {"", trace_id});
      });
  running.set_log_leveler([&told](const std::string& level) { told.set_level(level); });
  if (auto started = actors.start_bridges(bridges); !started)
    return refuse(started.error().message);
  serving = true;
  running.set_started();
  print_welcome(options, bridges);

  const int signal = signals.wait();
  told.info("signal " + std::to_string(signal) + ": draining, at most " +
            std::to_string(options.drain_seconds) + " s");
  signals.end_on_next();
  running.set_draining();
  const auto deadline = running.time().monotonic() + std::chrono::seconds(options.drain_seconds);
  const bool finished = actors.drain(deadline);
  actors.stop();
  if (!finished) {
    told.error("not everything was finished within " + std::to_string(options.drain_seconds) +
               " s; unanswered commands are stored or not, as the log says");
    return failure_while_running;
  }
  told.info("stopped");
  return clean_stop;
}

}  // namespace troupe
