#include <chrono>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bridges/http/application_routes.hpp"
#include "bridges/http/command_reply.hpp"
#include "runtime/node/limits.hpp"

namespace troupe::http {
namespace {

/// Which categories have a command of this name.
using categories_by_type = std::map<std::string, std::set<std::string>, std::less<>>;

categories_by_type categories_of(const std::vector<feature>& features) {
  categories_by_type found;
  for (const auto& one : features) {
    for (const auto& aggregate : one.aggregates()) {
      for (const auto& type : aggregate.kernel->command_types()) {
        found[type].insert(aggregate.kernel->category());
      }
    }
  }
  return found;
}

/// The entity in a command stream's name: "identity.command.4711", or "identity.command" for one
/// that the feature names.
result<stream_id> command_stream(const std::string& name) {
  const auto dot = name.find('.');
  const auto category = name.substr(0, dot);
  const auto rest = dot == std::string::npos ? std::string() : name.substr(dot + 1);
  if (auto checked = check_category(category); !checked) return checked.error();
  if (rest == "command") return stream_id{category, ""};
  constexpr std::string_view prefix = "command.";
  if (!rest.starts_with(prefix)) {
    return error{errc::invalid, "stream must have the form category.command.id"};
  }
  auto id = rest.substr(prefix.size());
  if (auto checked = check_entity_id(id); !checked) return checked.error();
  return stream_id{category, std::move(id)};
}

/// An id in the envelope's metadata, if there is a usable one.
void take_id(const json& metadata, const char* member, std::string& into) {
  const auto found = metadata.find(member);
  if (found == metadata.end() || !found->is_string()) return;
  const auto& text = found->get_ref<const std::string&>();
  if (check_command_id(text)) into = text;
}

/// The outcomes of commands that were submitted together. Outlives the wait: a completion may come
/// after the deadline.
class gathering {
 public:
  explicit gathering(std::size_t size) : outcomes_(size), missing_(size) {}

  void put(std::size_t index, command_outcome outcome) {
    const std::lock_guard lock(mutex_);
    outcomes_[index] = std::move(outcome);
    if (--missing_ == 0 || index == awaited_) arrived_.notify_one();
  }

  /// Waits for one of them; false if the deadline has passed, at which it is answered as unknown.
  bool wait_for(std::size_t index, monotonic_time deadline) {
    std::unique_lock lock(mutex_);
    awaited_ = index;
    return arrived_.wait_until(lock, deadline, [&] { return outcomes_[index].has_value(); }) &&
           std::chrono::steady_clock::now() < deadline;
  }

  /// Those that came before the deadline.
  std::vector<std::optional<command_outcome>> wait(monotonic_time deadline) {
    std::unique_lock lock(mutex_);
    arrived_.wait_until(lock, deadline, [this] { return missing_ == 0; });
    return outcomes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::optional<command_outcome>> outcomes_;
  std::size_t missing_;
  std::size_t awaited_ = std::numeric_limits<std::size_t>::max();
};

/// For one that was held back until the deadline.
command_outcome never_submitted(const command_request& command) {
  command_outcome outcome;
  outcome.status = outcome_status::unavailable;
  outcome.stream = {command.category, command.id};
  outcome.command_id = command.context.command_id;
  outcome.code = "deadline-exceeded";
  outcome.detail =
      "the deadline passed while an earlier envelope with an equal id was under way; nothing was "
      "stored";
  outcome.retry_after = 1;
  return outcome;
}

http_response reply_of_refusal(const error& why) {
  return problem(why.code == errc::not_found ? 404 : 400, to_string(why.code), why.message);
}

class envelope_endpoint {
 public:
  explicit envelope_endpoint(std::shared_ptr<surroundings> around)
      : around_(std::move(around)), categories_(categories_of(around_->model.features())) {}

  reply operator()(const request& received) const {
    if (received.head.find("idempotency-key")) {
      return error_reply(
          {errc::invalid, "the envelope's id is the command's id; leave Idempotency-Key out"});
    }
    auto who = around_->caller_of(received);
    if (!who) return error_reply(who.error());
    auto expected = expected_version_of(received);
    if (!expected) return error_reply(expected.error());
    const auto body =
        received.body.empty()
            ? result<json>(
                  error{errc::invalid, "the body must be an envelope or an array of envelopes"})
            : around_->body_of(received);
    if (!body) return error_reply(body.error());

    const bool async = prefers_async(received);
    const auto run = [&](const json::array_t& envelopes) {
      return async ? take_in(envelopes, received, *who, *expected)
                   : submit(envelopes, received, *who, *expected);
    };
    if (!body->is_array()) return to_reply(run({*body}).front());
    if (*expected) {
      return error_reply({errc::invalid, "If-Match is for one envelope, not for an array"});
    }
    const auto most = around_->options.max_envelopes;
    if (body->size() > most) limit_counter(around_->model.metrics(), "max-envelopes").increment();
    if (body->empty() || body->size() > most) {
      return error_reply(
          {errc::invalid, "an array must hold 1 to " + std::to_string(most) + " envelopes"});
    }
    json outcomes = json::array();
    for (auto& response : run(body->get_ref<const json::array_t&>())) {
      outcomes.push_back(std::move(response.body));
    }
    auto answer = json_reply(outcomes, async ? 202 : 200);
    if (async) answer.headers = {{"Preference-Applied", "respond-async"}};
    return answer;
  }

 private:
  /// Submits all, in order, then waits; the answers are in the order of the envelopes, each with
  /// its `status`.
  std::vector<http_response> submit(const json::array_t& envelopes, const request& received,
                                    const caller& who, std::optional<version_t> expected) const {
    const auto deadline = around_->deadline();
    const auto app = around_->app_for(received);
    auto gathered = std::make_shared<gathering>(envelopes.size());
    std::vector<command_outcome> late(envelopes.size());
    std::vector<std::optional<error>> refused(envelopes.size());
    std::unordered_map<std::string, std::size_t> last_with_id;
    bool in_time = true;
    for (std::size_t i = 0; i < envelopes.size(); ++i) {
      auto command = command_of(envelopes[i], received, who);
      if (!command) {
        refused[i] = std::move(command).error();
        gathered->put(i, {});
        continue;
      }
      // Equal ids may name different entities, whose actors know nothing of each other: which one
      // the id belongs to is settled here.
      const auto [earlier, fresh] = last_with_id.try_emplace(command->context.command_id, i);
      if (!fresh) in_time = in_time && gathered->wait_for(earlier->second, deadline);
      earlier->second = i;
      if (!in_time) {
        gathered->put(i, never_submitted(*command));
        continue;
      }
      command->expected_version = expected;
      command->deadline = deadline;
      late[i].stream = {command->category, command->id};
      late[i].command_id = command->context.command_id;
      late[i].detail = "the outcome was not known before the deadline; ask again with the same id";
      app->submit(std::move(*command),
                  [gathered, i](command_outcome outcome) { gathered->put(i, std::move(outcome)); });
    }
    auto outcomes = gathered->wait(deadline);
    std::vector<http_response> responses;
    responses.reserve(envelopes.size());
    for (std::size_t i = 0; i < envelopes.size(); ++i) {
      responses.push_back(refused[i] ? reply_of_refusal(*refused[i])
                                     : reply_for(outcomes[i] ? *outcomes[i] : late[i]));
      responses.back().body["status"] = responses.back().status;
    }
    return responses;
  }

  /// Hands all in, in order, without waiting for outcomes.
  std::vector<http_response> take_in(const json::array_t& envelopes, const request& received,
                                     const caller& who, std::optional<version_t> expected) const {
    const auto app = around_->app_for(received);
    std::vector<http_response> responses;
    responses.reserve(envelopes.size());
    for (const auto& envelope : envelopes) {
      auto command = command_of(envelope, received, who);
      if (!command) {
        responses.push_back(reply_of_refusal(command.error()));
      } else {
        command->expected_version = expected;
        const auto id = command->context.command_id;
        const auto no = app->take_in(std::move(*command));
        responses.push_back(no ? reply_for(*no) : taken_in(id));
      }
      responses.back().body["status"] = responses.back().status;
    }
    return responses;
  }

  result<command_request> command_of(const json& value, const request& received,
                                     const caller& who) const {
    auto message = envelope_from_json(value);
    if (!message) return std::move(message).error();
    if (auto checked = check_command_id(message->id); !checked) return checked.error();
    auto stream = stream_of(value, message->type);
    if (!stream) return std::move(stream).error();

    command_request command;
    command.category = std::move(stream->category);
    command.id = std::move(stream->id);
    command.context = around_->context_of(received, who);
    command.context.command_id = std::move(message->id);
    command.id_given = true;
    take_id(message->metadata, "traceId", command.context.trace_id);
    command.context.correlation_id = command.context.trace_id;
    take_id(message->metadata, "correlationId", command.context.correlation_id);
    take_id(message->metadata, "causationId", command.context.causation_id);
    command.type = std::move(message->type);
    command.data = std::move(message->data);
    return command;
  }

  result<stream_id> stream_of(const json& value, const std::string& type) const {
    if (const auto named = value.find("stream"); named != value.end()) {
      if (!named->is_string()) return error{errc::invalid, "stream must be a string"};
      return command_stream(named->get_ref<const std::string&>());
    }
    const auto known = categories_.find(type);
    if (known == categories_.end()) {
      return error{errc::not_found, "no feature has a command of this type"};
    }
    if (known->second.size() > 1) {
      return error{errc::invalid, "several categories have this command; say which with stream"};
    }
    return stream_id{*known->second.begin(), ""};
  }

  std::shared_ptr<surroundings> around_;
  categories_by_type categories_;
};

}  // namespace

void add_envelope_route(router& routes, const std::shared_ptr<surroundings>& around) {
  routes.add("POST", "/v1/commands", envelope_endpoint(around));
}

}  // namespace troupe::http
