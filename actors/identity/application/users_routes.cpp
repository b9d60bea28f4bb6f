#include "actors/identity/application/users_routes.hpp"

#include <array>
#include <string>
#include <utility>

#include "actors/identity/aggregator/users_view.hpp"
#include "actors/identity/microservice/user.hpp"
#include "runtime/core/application.hpp"

namespace identity {
namespace {

using troupe::http_request;
using troupe::http_response;
using troupe::json;
using troupe::problem;

const std::string view{users_view::view};

/// What the front end knows of a user: the view's row without its bookkeeping.
json profile_of(const json& row) {
  constexpr std::array members{"id",       "auth0Id", "email",  "emailVerified", "firstName",
                               "lastName", "picture", "locale", "created"};
  json profile = json::object();
  for (const auto* name : members) profile[name] = row.value(name, json());
  return profile;
}

http_response unreadable(const troupe::error& failure) {
  const bool away = failure.code == troupe::errc::unavailable;
  auto response = problem(away ? 503 : 500, troupe::to_string(failure.code),
                          "users cannot be read: " + failure.message);
  if (away) response.headers.emplace_back("Retry-After", "1");
  return response;
}

/// The profile after an accepted AddUser. From the view, which also knows what was there before. If
/// the view lags past the deadline, from the command: it is stored, and saying otherwise would make
/// the caller try in vain.
json profile_after(const troupe::command_outcome& outcome, const http_request& request,
                   troupe::application& app) {
  app.await_view(view, outcome.position, request.deadline);
  const auto row = app.view_row(view, outcome.stream.id);
  if (row && *row) return profile_of(**row);

  json profile = profile_of(request.body);
  profile["id"] = outcome.stream.id;
  // When the user was already there, when they were added is known to the view alone.
  if (!outcome.events.empty()) profile["created"] = troupe::format_time(request.context.time);
  return profile;
}

http_response add_user(const http_request& request, troupe::application& app) {
  if (!request.body.is_object()) {
    return problem(400, "invalid", "the body must be a JSON object with the user's data",
                   {{"", "must be an object"}});
  }
  if (request.body.contains("id")) {
    return problem(400, "invalid", "the id is derived from auth0Id; leave it out",
                   {{"/id", "is derived from auth0Id; leave it out"}});
  }
  troupe::command_request command;
  command.category = user::category;
  command.type = troupe::name_of<AddUser>();
  command.data = request.body;
  command.context = request.context;
  command.id_given = request.command_id_given;
  command.deadline = request.deadline;
  const auto outcome = app.execute(std::move(command));

  auto response = troupe::reply_for(outcome);
  if (outcome.status == troupe::outcome_status::accepted) {
    response.body = profile_after(outcome, request, app);
  }
  return response;
}

http_response get_me(const http_request& request, troupe::application& app) {
  if (request.caller.subject.empty()) {
    auto response = problem(
        401, "unauthenticated",
        "the caller is unknown; send a bearer token, or X-Debug-Sub to a node with --auth none");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  troupe::view_query query;
  query.equals = {{"auth0Id", request.caller.subject}};
  query.limit = 1;
  const auto page = app.view_rows(view, query);
  if (!page) return unreadable(page.error());
  if (page->rows.empty()) return problem(404, "user-not-found", "user not found");
  http_response response;
  response.body = profile_of(page->rows.front());
  return response;
}

}  // namespace

std::vector<troupe::route> users_routes() {
  return {
      {"POST", "/v1/users", add_user, "Makes a user known; the same auth0Id again changes nothing"},
      {"GET", "/v1/users/me", get_me, "The user that the caller is"},
  };
}

}  // namespace identity
