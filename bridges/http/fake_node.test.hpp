#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/notifier.hpp"
#include "runtime/node/audit_trail.hpp"
#include "runtime/node/model.hpp"

namespace troupe::http {

/// Feature code for tests: an account that can be opened.
struct OpenAccount {
  std::string owner;
};
struct AccountOpened {
  std::string owner;
};
constexpr std::string_view message_type(const OpenAccount*) { return "OpenAccount"; }
constexpr std::string_view message_type(const AccountOpened*) { return "AccountOpened"; }
inline void to_json(json& out, const OpenAccount& value) { out = {{"owner", value.owner}}; }
inline void from_json(const json& in, OpenAccount& value) { in.at("owner").get_to(value.owner); }
inline void to_json(json& out, const AccountOpened& value) { out = {{"owner", value.owner}}; }
inline void from_json(const json& in, AccountOpened& value) { in.at("owner").get_to(value.owner); }

struct account {
  static constexpr std::string_view category = "accounts";
  using command = std::variant<OpenAccount>;
  using event = std::variant<AccountOpened>;
  struct state {
    int opened = 0;
  };
  static decision<event> decide(const state&, const OpenAccount& command, const command_context&) {
    return AccountOpened{command.owner};
  }
  static state evolve(state before, const AccountOpened&) {
    ++before.opened;
    return before;
  }
};
inline void to_json(json& out, const account::state& value) { out = {{"opened", value.opened}}; }
inline void from_json(const json& in, account::state& value) {
  in.at("opened").get_to(value.opened);
}

/// Accepts every command of the category "accounts", unless told otherwise. Thread-safe.
class fake_application final : public application {
 public:
  /// Decides in place of the usual answer; may keep the completion.
  std::function<void(const command_request&, completion)> on_submit;
  /// Thrown text must not reach a caller.
  bool broken = false;
  std::atomic<position_t> reached = 7;
  /// What is known of commands by their ids; nothing: under way.
  std::map<std::string, std::optional<command_outcome>> outcomes;

  std::vector<command_request> submitted() {
    const std::lock_guard lock(mutex_);
    return submitted_;
  }
  std::vector<view_query> queries() {
    const std::lock_guard lock(mutex_);
    return queries_;
  }
  void wait_for_submissions(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return submitted_.size() >= count; });
  }

  void submit(command_request request, completion done) override {
    {
      const std::lock_guard lock(mutex_);
      submitted_.push_back(request);
      arrived_.notify_all();
    }
    if (on_submit) return on_submit(request, std::move(done));
    done(usual(request));
  }

  static command_outcome usual(const command_request& request) {
    command_outcome outcome;
    outcome.command_id = request.context.command_id;
    outcome.stream = {request.category, request.id.empty() ? "new" : request.id};
    if (request.category != "accounts") {
      outcome.status = outcome_status::not_found;
      outcome.detail = "there is no category " + request.category;
      return outcome;
    }
    outcome.status = outcome_status::accepted;
    outcome.version = 2;
    outcome.position = 17;
    outcome.events = {{"e1", "AccountOpened", 2}};
    return outcome;
  }

  std::optional<command_outcome> take_in(command_request request) override {
    std::optional<command_outcome> refused;
    submit(std::move(request), [&](command_outcome outcome) {
      if (outcome.status != outcome_status::accepted) refused = std::move(outcome);
    });
    return refused;
  }
  result<std::optional<command_outcome>> outcome_of(const std::string& command_id) override {
    const std::lock_guard lock(mutex_);
    const auto found = outcomes.find(command_id);
    if (found == outcomes.end()) return error{errc::not_found, "unknown"};
    return found->second;
  }

  result<std::optional<json>> view_row(const std::string& view, const std::string& key) override {
    if (broken) throw std::runtime_error("secret of the database");
    if (view != "owners") return error{errc::not_found, "there is no view " + view};
    if (key != "4711") return std::optional<json>();
    const std::lock_guard lock(mutex_);
    if (!owner_) return std::optional<json>();
    return std::optional<json>({{"id", key}, {"owner", *owner_}});
  }
  result<view_page> view_rows(const std::string& view, const view_query& query) override {
    if (view != "owners") return error{errc::not_found, "there is no view " + view};
    const std::lock_guard lock(mutex_);
    queries_.push_back(query);
    if (query.order_by == "nonsense") return error{errc::invalid, "there is no column nonsense"};
    return view_page{{{{"id", "4711"}}}, query.after.empty() ? "cursor" : ""};
  }
  result<position_t> view_position(const std::string&) override { return reached.load(); }
  result<std::string> view_category(const std::string& view) override {
    if (view != "owners") return error{errc::not_found, "there is no view " + view};
    return std::string("accounts");
  }
  bool await_view(const std::string&, position_t position, monotonic_time) override {
    return position <= reached;
  }
  result<std::vector<recorded_event>> events(const std::string& category, position_t from,
                                             std::size_t limit) override {
    if (category == "torn") return error{errc::corrupt, "commit 3 of torn cannot be read"};
    if (category != "accounts") return error{errc::not_found, "there is no category " + category};
    std::vector<recorded_event> found;
    if (from <= 4 && limit > 0) {
      found.push_back(
          {{"e1", "AccountOpened", {{"traceId", "t"}}, {{"owner", "a"}}}, {"accounts", "1"}, 1, 4});
      found.push_back(
          {{"e2", "AccountOpened", {{"traceId", "t"}}, {{"owner", "b"}}}, {"accounts", "1"}, 2, 4});
    }
    const std::lock_guard lock(mutex_);
    for (const auto& event : grown_) {
      const bool whole = found.size() < limit || found.back().position == event.position;
      if (event.position >= from && whole) found.push_back(event);
    }
    // As many as anybody can take.
    for (auto at = std::max<position_t>(from, 5); endless && found.size() < limit; ++at) {
      found.push_back({{"e", "AccountOpened", json::object(), {{"owner", std::string(4096, 'x')}}},
                       {"accounts", "1"},
                       at,
                       at});
    }
    return found;
  }

  result<std::unique_ptr<watch>> watch_view(const std::string& view,
                                            std::function<void()> changed) override {
    if (view != "owners") return error{errc::not_found, "there is no view " + view};
    return changes_.listen(std::move(changed));
  }
  result<std::unique_ptr<watch>> watch_events(const std::string& category,
                                              std::function<void()> changed) override {
    if (category != "accounts") return error{errc::not_found, "there is no category " + category};
    return changes_.listen(std::move(changed));
  }

  /// A commit of so many events is stored.
  void grow(position_t position, std::size_t count) {
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < count; ++i) {
        grown_.push_back({{"e" + std::to_string(position) + '-' + std::to_string(i),
                           "AccountOpened", json::object(), json::object()},
                          {"accounts", "1"},
                          i + 1,
                          position});
      }
    }
    changes_.notify();
  }

  /// The row 4711 changes, or goes, and the view has reached another position.
  void change_row(std::optional<std::string> owner, position_t position) {
    {
      const std::lock_guard lock(mutex_);
      owner_ = std::move(owner);
      reached = position;
    }
    changes_.notify();
  }

  std::atomic<bool> endless = false;

 private:
  std::optional<std::string> owner_ = "Zoë";
  std::vector<recorded_event> grown_;
  notifier changes_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<command_request> submitted_;
  std::vector<view_query> queries_;
};

/// A node of one feature, all in memory.
class fake_node : public node_model {
 public:
  fake_node() {
    features_.push_back(
        feature("accounts")
            .with_aggregate<account>("{}")
            .with_routes({{"GET", "/v1/accounts/me",
                           [](const http_request& request, application&) {
                             http_response response;
                             response.body = {{"caller", request.caller.subject},
                                              {"path", request.path},
                                              {"color", request.query.count("color")},
                                              {"agent", request.headers.count("x-agent")
                                                            ? request.headers.at("x-agent")
                                                            : ""}};
                             response.headers = {{"X-Note", "one\r\nSet-Cookie: two"}};
                             return response;
                           },
                           "Who asks"},
                          {"GET", "/v1/accounts/{id}",
                           [](const http_request& request, application&) {
                             http_response response;
                             response.body = {{"account", request.parameters.at("id")}};
                             return response;
                           },
                           "One account"},
                          {"POST", "/v1/accounts",
                           [](const http_request& request, application& app) {
                             command_request command;
                             command.category = "accounts";
                             command.type = "OpenAccount";
                             command.data = request.body;
                             command.context = request.context;
                             command.id_given = request.command_id_given;
                             command.deadline = request.deadline;
                             return reply_for(app.execute(std::move(command)));
                           },
                           "Opens one"}}));
  }

  fake_application fake;
  bool alive = true;
  bool ready = true;
  std::vector<std::string> changes;

  application& app() override { return fake; }
  [[nodiscard]] const std::vector<feature>& features() const override { return features_; }
  [[nodiscard]] const clock& time() const override { return clock_; }
  id_source& ids() override { return ids_; }
  metric_registry& metrics() override { return metrics_; }

  bool live() override { return alive; }
  std::vector<health_check> startup_checks() override { return {{"migrations", true, ""}}; }
  std::vector<health_check> readiness_checks() override {
    return {{"log", ready, ready ? "" : "is away"}};
  }

  result<json> actors(const actor_filter& filter) override {
    return json{{"items", json::array({{{"kind", filter.kind},
                                        {"path", filter.path_prefix},
                                        {"after", filter.after},
                                        {"limit", filter.limit}}})},
                {"total", 1},
                {"next", nullptr}};
  }
  result<json> actor(const std::string& path) override {
    if (path == "/bridges/nobody") return error{errc::not_found, "there is no actor " + path};
    if (path == "/bridges/busy") return error{errc::unavailable, "the actor is busy"};
    return json{{"path", path}};
  }
  result<void> restart_actor(const std::string& path) override { return note("restart " + path); }
  result<json> entity(const stream_id& stream, std::optional<version_t> version) override {
    return json{{"id", stream.id}, {"version", version ? json(*version) : json()}};
  }
  result<json> what_if(command_request command, std::optional<version_t> version) override {
    return json{{"id", command.id},
                {"type", command.type},
                {"commandId", command.context.command_id},
                {"version", version ? json(*version) : json()}};
  }
  result<json> stream(const stream_id& stream, version_t from, std::size_t limit) override {
    return json{
        {"items", json::array()}, {"stream", stream.name()}, {"from", from}, {"limit", limit}};
  }
  result<json> log(const std::string& category, position_t from, std::size_t limit) override {
    return json{{"items", json::array()}, {"category", category}, {"from", from}, {"limit", limit}};
  }
  result<json> projections() override { return json{{"items", json::array()}}; }
  result<void> pause_projection(const std::string& name) override { return note("pause " + name); }
  result<void> resume_projection(const std::string& name) override {
    return note("resume " + name);
  }
  result<void> rebuild_projection(const std::string& name) override {
    return note("rebuild " + name);
  }
  result<json> dead_letters(std::uint64_t after, std::size_t limit) override {
    if (limit == 13) return error{errc::corrupt, "letters are torn"};
    return json{{"items", json::array()}, {"after", after}};
  }
  result<json> retry_dead_letter(const std::string& id) override {
    if (id == "owners.2") return error{errc::conflict, "it failed again: planted"};
    changes.push_back("retry " + id);
    return json{{"applied", 1}};
  }
  result<json> discard_dead_letter(const std::string& id) override {
    if (id == "owners.9") return error{errc::not_found, "nothing is parked as owners.9"};
    changes.push_back("discard " + id);
    return json{{"status", "discarded"}};
  }
  result<json> trace(const std::string& id) override { return json{{"id", id}}; }
  result<void> set_log_level(const std::string& level) override {
    if (level != "debug") return error{errc::invalid, "'" + level + "' is no level"};
    return note("log level " + level);
  }
  void audit(const admin_change& change, bool let_in) override {
    const std::lock_guard lock(audit_mutex_);
    audited_.push_back(to_line(change) + ", trace " + change.trace_id +
                       (let_in ? "" : ", not let in"));
  }
  std::vector<std::string> audited() {
    const std::lock_guard lock(audit_mutex_);
    return audited_;
  }
  json cluster() override { return {{"nodes", json::array()}}; }
  json info() override { return {{"version", "1.2.3"}}; }
  json config() override { return {{"http", "127.0.0.1:0"}}; }

 private:
  result<void> note(std::string change) {
    if (change == "pause nobody") return error{errc::not_found, "there is no projection nobody"};
    changes.push_back(std::move(change));
    return {};
  }

  std::mutex audit_mutex_;
  std::vector<std::string> audited_;
  std::vector<feature> features_;
  system_clock clock_;
  uuid_source ids_{clock_};
  metric_registry metrics_;
};

}  // namespace troupe::http
