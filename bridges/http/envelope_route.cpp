#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "bridges/http/application_routes.hpp"
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
    if (--missing_ == 0) complete_.notify_one();
  }

  /// Those that came before the deadline.
  std::vector<std::optional<command_outcome>> wait(monotonic_time deadline) {
    std::unique_lock lock(mutex_);
    complete_.wait_until(lock, deadline, [this] { return missing_ == 0; });
    return outcomes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable complete_;
  std::vector<std::optional<command_outcome>> outcomes_;
  std::size_t missing_;
};

class envelope_endpoint {
 public:
  explicit envelope_endpoint(std::shared_ptr<surroundings> around)
      : around_(std::move(around)), categories_(categories_of(around_->model.features())) {}

  reply operator()(const request& received) const {
    if (received.head.find("idempotency-key")) {
      return error_reply(
          {errc::invalid, "the envelope's id is the command's id; leave Idempotency-Key out"});
    }
    auto caller = around_->caller_of(received);
    if (!caller) return error_reply(caller.error());
    auto expected = expected_version_of(received);
    if (!expected) return error_reply(expected.error());
    const auto body =
        received.body.empty()
            ? result<json>(
                  error{errc::invalid, "the body must be an envelope or an array of envelopes"})
            : around_->body_of(received);
    if (!body) return error_reply(body.error());

    if (!body->is_array()) {
      auto responses = submit({*body}, received, *caller, *expected);
      return to_reply(responses.front());
    }
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
    for (auto& response : submit(body->get_ref<const json::array_t&>(), received, *caller, {})) {
      outcomes.push_back(std::move(response.body));
    }
    return json_reply(outcomes);
  }

 private:
  /// Submits all, then waits; the answers are in the order of the envelopes, each with its
  /// `status`.
  std::vector<http_response> submit(const json::array_t& envelopes, const request& received,
                                    const std::string& caller,
                                    std::optional<version_t> expected) const {
    const auto deadline = around_->deadline();
    auto gathered = std::make_shared<gathering>(envelopes.size());
    std::vector<command_outcome> late(envelopes.size());
    std::vector<std::optional<error>> refused(envelopes.size());
    for (std::size_t i = 0; i < envelopes.size(); ++i) {
      auto command = command_of(envelopes[i], received, caller);
      if (!command) {
        refused[i] = std::move(command).error();
        gathered->put(i, {});
        continue;
      }
      command->expected_version = expected;
      command->deadline = deadline;
      late[i].stream = {command->category, command->id};
      late[i].command_id = command->context.command_id;
      late[i].detail = "the outcome was not known before the deadline; ask again with the same id";
      around_->app.submit(std::move(*command), [gathered, i](command_outcome outcome) {
        gathered->put(i, std::move(outcome));
      });
    }
    auto outcomes = gathered->wait(deadline);
    std::vector<http_response> responses;
    responses.reserve(envelopes.size());
    for (std::size_t i = 0; i < envelopes.size(); ++i) {
      if (refused[i]) {
        const bool unknown = refused[i]->code == errc::not_found;
        responses.push_back(
            problem(unknown ? 404 : 400, to_string(refused[i]->code), refused[i]->message));
      } else {
        responses.push_back(reply_for(outcomes[i] ? *outcomes[i] : late[i]));
      }
      responses.back().body["status"] = responses.back().status;
    }
    return responses;
  }

  result<command_request> command_of(const json& value, const request& received,
                                     const std::string& caller) const {
    auto message = envelope_from_json(value);
    if (!message) return std::move(message).error();
    if (auto checked = check_command_id(message->id); !checked) return checked.error();
    auto stream = stream_of(value, message->type);
    if (!stream) return std::move(stream).error();

    command_request command;
    command.category = std::move(stream->category);
    command.id = std::move(stream->id);
    command.context = around_->context_of(received, caller);
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
