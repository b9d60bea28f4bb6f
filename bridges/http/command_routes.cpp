#include <utility>

#include "bridges/http/application_routes.hpp"
#include "bridges/http/command_reply.hpp"
#include "runtime/core/made_id.hpp"

namespace troupe::http {
namespace {

/// The command's data: a JSON object.
result<json> data_of(const request& received, const surroundings& around) {
  constexpr auto mend = "the body must be a JSON object with the command's data; {} if it has none";
  if (received.body.empty()) return error{errc::invalid, mend};
  auto body = around.body_of(received);
  if (body && !body->is_object()) return error{errc::invalid, mend};
  return body;
}

result<command_request> command_of(const request& received, std::string id,
                                   const surroundings& around) {
  command_request command;
  command.category = received.parameter("category");
  command.id = std::move(id);
  command.type = received.parameter("Command");
  if (auto checked = check_category(command.category); !checked) return checked.error();
  if (!command.id.empty()) {
    if (auto checked = check_entity_id(command.id); !checked) return checked.error();
  }
  auto data = data_of(received, around);
  if (!data) return std::move(data).error();
  command.data = std::move(*data);

  auto caller = around.caller_of(received);
  if (!caller) return std::move(caller).error();
  command.context = around.context_of(received, *caller);
  auto key = idempotency_key_of(received);
  if (!key) return std::move(key).error();
  command.id_given = key->has_value();
  if (command.id_given) command.context.command_id = std::move(**key);
  auto expected = expected_version_of(received);
  if (!expected) return std::move(expected).error();
  command.expected_version = *expected;
  command.deadline = around.deadline();
  return command;
}

/// Hands the command in without waiting; its outcome is the answer.
reply execute(command_request command, std::shared_ptr<application> app) {
  reply outcome;
  outcome.later = [app = std::move(app), command = std::move(command)](answering answer) mutable {
    app->submit(std::move(command), [answer = std::move(answer)](const command_outcome& known) {
      answer(command_reply(known));
    });
  };
  return outcome;
}

/// Hands the command in for a caller who asks for the outcome later. A command whose id its caller
/// chose is looked for in the log first, so this may wait.
reply take_in(command_request command, application& app) {
  // The caller learns the id before the command is in the log.
  if (!command.id_given)
    command.context.command_id = without_mark(std::move(command.context.command_id));
  const auto command_id = command.context.command_id;
  const auto refused = app.take_in(std::move(command));
  return refused ? command_reply(*refused) : to_reply(taken_in(command_id));
}

reply accept(const request& received, std::string id, const std::shared_ptr<surroundings>& around) {
  auto command = command_of(received, std::move(id), *around);
  if (!command) return error_reply(command.error());
  auto app = around->app_for(received);
  return prefers_async(received) ? take_in(std::move(*command), *app)
                                 : execute(std::move(*command), std::move(app));
}

reply get_status(const request& received, surroundings& around) {
  const auto& id = received.parameter("commandId");
  if (auto checked = check_command_id(id); !checked) return error_reply(checked.error());
  const auto outcome = around.app_for(received)->outcome_of(id);
  if (!outcome) return error_reply(outcome.error());
  if (*outcome) return json_reply(command_status(**outcome));
  auto answer = json_reply({{"commandId", id}, {"status", "pending"}});
  answer.headers = {{"Retry-After", "1"}};
  return answer;
}

}  // namespace

void add_command_routes(router& routes, const std::shared_ptr<surroundings>& around) {
  routes.add(
      "POST", "/v1/{category}/{id}/{Command}",
      [around](const request& received) {
        return accept(received, received.parameter("id"), around);
      },
      prefers_async);
  routes.add(
      "POST", "/v1/{category}/{Command}",
      [around](const request& received) { return accept(received, "", around); }, prefers_async);
  routes.add("GET", "/v1/commands/{commandId}",
             [around](const request& received) { return get_status(received, *around); });
}

}  // namespace troupe::http
