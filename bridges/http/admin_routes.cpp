#include "bridges/http/admin_routes.hpp"

#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace troupe::http {
namespace {

constexpr std::uint64_t most_versions = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t most_items = 1000;
constexpr std::uint64_t usual_items = 100;

reply answer(const result<json>& found) {
  if (!found) return error_reply(found.error());
  auto made = json_reply(*found);
  made.headers = {{"Cache-Control", "no-store"}};
  return made;
}

reply done(const result<void>& outcome) {
  if (!outcome) return error_reply(outcome.error());
  return json_reply({{"status", "ok"}});
}

result<actor_filter> filter_of(const request& received) {
  actor_filter filter;
  const auto take = [&](const char* name, std::string& into) -> result<void> {
    const auto value = received.query(name);
    if (!value) return value.error();
    if (*value != nullptr) into = **value;
    return {};
  };
  if (auto taken = take("kind", filter.kind); !taken) return taken.error();
  if (auto taken = take("path", filter.path_prefix); !taken) return taken.error();
  if (auto taken = take("after", filter.after); !taken) return taken.error();
  const auto limit = received.number("limit", usual_items, 1, most_items);
  if (!limit) return limit.error();
  filter.limit = static_cast<std::size_t>(*limit);
  return filter;
}

result<stream_id> stream_of(const request& received) {
  stream_id stream{received.parameter("category"), received.parameter("id")};
  if (auto checked = check_category(stream.category); !checked) return checked.error();
  if (auto checked = check_entity_id(stream.id); !checked) return checked.error();
  return stream;
}

/// Where a list starts and how long it may be.
struct range {
  std::uint64_t from = 1;
  std::size_t limit = usual_items;
};

result<range> range_of(const request& received, const char* start, std::uint64_t fallback) {
  const auto from = received.number(start, fallback, 0, most_versions);
  if (!from) return from.error();
  const auto limit = received.number("limit", usual_items, 1, most_items);
  if (!limit) return limit.error();
  return range{*from, static_cast<std::size_t>(*limit)};
}

void add_actor_routes(router& routes, node_model& model) {
  const auto path_of = [](const request& received) { return '/' + received.parameter("path"); };
  routes.add("GET", "/admin/actors", [&model](const request& received) {
    const auto filter = filter_of(received);
    return filter ? answer(model.actors(*filter)) : error_reply(filter.error());
  });
  routes.add("GET", "/admin/actors/{path...}", [&model, path_of](const request& received) {
    return answer(model.actor(path_of(received)));
  });
  routes.add("POST", "/admin/actors/{path...}/restart", [&model, path_of](const request& received) {
    return done(model.restart_actor(path_of(received)));
  });
}

/// The version that a query asks for, if any.
result<std::optional<version_t>> version_of(const request& received) {
  const auto asked = received.query("version");
  if (!asked) return asked.error();
  if (*asked == nullptr) return std::optional<version_t>();
  const auto number = received.number("version", 0, 0, most_versions);
  if (!number) return number.error();
  return std::optional<version_t>(*number);
}

/// Decides an envelope's command over an entity without storing anything.
handler what_if_endpoint(node_model& model, const json_limits& limits) {
  return [&model, limits](const request& received) {
    const auto stream = stream_of(received);
    if (!stream) return error_reply(stream.error());
    const auto version = version_of(received);
    if (!version) return error_reply(version.error());
    auto body = parse_json(received.body, limits);
    if (!body) return error_reply({errc::invalid, "the body: " + body.error().message});
    auto message = envelope_from_json(std::move(*body));
    if (!message) return error_reply(message.error());
    command_request command;
    command.category = stream->category;
    command.id = stream->id;
    command.type = std::move(message->type);
    command.data = std::move(message->data);
    command.context.command_id = std::move(message->id);
    command.context.trace_id = received.trace.trace_id;
    command.context.time = model.time().now();
    const auto user = message->metadata.find("userId");
    if (user != message->metadata.end() && user->is_string())
      command.context.user_id = user->get<std::string>();
    return answer(model.what_if(std::move(command), *version));
  };
}

void add_log_routes(router& routes, node_model& model, const json_limits& limits) {
  routes.add("GET", "/admin/entities/{category}/{id}", [&model](const request& received) {
    const auto stream = stream_of(received);
    if (!stream) return error_reply(stream.error());
    const auto version = version_of(received);
    if (!version) return error_reply(version.error());
    return answer(model.entity(*stream, *version));
  });
  routes.add("POST", "/admin/entities/{category}/{id}/what-if", what_if_endpoint(model, limits));
  routes.add("GET", "/admin/streams/{category}/{id}", [&model](const request& received) {
    const auto stream = stream_of(received);
    if (!stream) return error_reply(stream.error());
    const auto range = range_of(received, "from", 1);
    if (!range) return error_reply(range.error());
    return answer(model.stream(*stream, range->from, range->limit));
  });
  routes.add("GET", "/admin/log/{category}", [&model](const request& received) {
    const auto& category = received.parameter("category");
    if (auto checked = check_category(category); !checked) return error_reply(checked.error());
    const auto range = range_of(received, "from", 1);
    if (!range) return error_reply(range.error());
    return answer(model.log(category, range->from, range->limit));
  });
}

void add_projection_routes(router& routes, node_model& model) {
  routes.add("GET", "/admin/projections",
             [&model](const request&) { return answer(model.projections()); });
  const auto add = [&](const char* verb, result<void> (node_model::*change)(const std::string&)) {
    routes.add("POST", std::string("/admin/projections/{name}/") + verb,
               [&model, change](const request& received) {
                 return done((model.*change)(received.parameter("name")));
               });
  };
  add("pause", &node_model::pause_projection);
  add("resume", &node_model::resume_projection);
  add("rebuild", &node_model::rebuild_projection);
}

void add_dead_letter_routes(router& routes, node_model& model) {
  routes.add("GET", "/admin/dead-letters", [&model](const request& received) {
    const auto range = range_of(received, "after", 0);
    if (!range) return error_reply(range.error());
    return answer(model.dead_letters(range->from, range->limit));
  });
  routes.add("POST", "/admin/dead-letters/{id}/retry", [&model](const request& received) {
    return answer(model.retry_dead_letter(received.parameter("id")));
  });
  routes.add("POST", "/admin/dead-letters/{id}/discard", [&model](const request& received) {
    return answer(model.discard_dead_letter(received.parameter("id")));
  });
}

}  // namespace

void add_admin_routes(router& routes, node_model& model, const json_limits& limits) {
  add_actor_routes(routes, model);
  add_log_routes(routes, model, limits);
  add_projection_routes(routes, model);
  add_dead_letter_routes(routes, model);
  routes.add("GET", "/admin/traces/{correlationId}", [&model](const request& received) {
    return answer(model.trace(received.parameter("correlationId")));
  });
  routes.add("GET", "/admin/cluster", [&model](const request&) { return answer(model.cluster()); });
  routes.add("GET", "/admin/info", [&model](const request&) { return answer(model.info()); });
  routes.add("PUT", "/admin/log-level", [&model, limits](const request& received) {
    const auto body = parse_json(received.body, limits);
    if (!body) return error_reply({errc::invalid, "the body: " + body.error().message});
    const auto level = body->is_object() ? body->find("level") : body->end();
    if (level == body->end() || !level->is_string())
      return error_reply({errc::invalid, R"(the body must be like {"level":"debug"})"});
    const auto changed = model.set_log_level(level->get<std::string>());
    return changed ? json_reply({{"level", *level}}) : error_reply(changed.error());
  });
  routes.add("GET", "/admin/config", [&model](const request&) { return answer(model.config()); });
}

}  // namespace troupe::http
