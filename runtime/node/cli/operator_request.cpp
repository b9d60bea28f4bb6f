#include "runtime/node/cli/operator_request.hpp"

#include <algorithm>

#include "runtime/core/database_url.hpp"
#include "runtime/core/ids.hpp"
#include "runtime/node/settings.hpp"
#include "runtime/node/without_secrets.hpp"

namespace troupe {
namespace {

/// Items that a node gives at a time.
constexpr std::uint64_t most_in_page = 1'000;

error wrong(const std::string& argument, const std::string& why) {
  return {errc::invalid, argument + ": " + why};
}

/// "identity/4711"
result<stream_id> entity_of(const std::string& text) {
  const auto slash = text.find('/');
  stream_id entity{text.substr(0, slash), slash == std::string::npos ? "" : text.substr(slash + 1)};
  if (auto checked = check_category(entity.category); !checked) return checked.error();
  if (entity.id.empty()) return error{errc::invalid, "'" + text + "' names no entity"};
  if (auto checked = check_entity_id(entity.id); !checked) return checked.error();
  return entity;
}

/// Each segment of a path on its own, so that its slashes stay.
std::string encoded_path(const std::string& path) {
  std::string encoded;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const auto end = std::min(path.find('/', begin), path.size());
    if (end > begin) encoded += '/' + percent_encode(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return encoded;
}

std::string query_text(const json& next) {
  return next.is_string() ? next.get<std::string>() : next.dump();
}

std::string page_of(const operator_command& command) {
  return "limit=" + std::to_string(std::min(command.limit, most_in_page));
}

result<client_request> send_command(const operator_command& command, client_request made) {
  const auto slash = command.target.find('/');
  const auto category = command.target.substr(0, slash);
  if (auto checked = check_category(category); !checked)
    return wrong("CATEGORY", checked.error().message);
  made.target = "/v1/" + category;
  if (slash != std::string::npos) {
    const auto id = command.target.substr(slash + 1);
    if (auto checked = check_entity_id(id); !checked) return wrong("ID", checked.error().message);
    made.target += '/' + id;
  }
  made.target += '/' + percent_encode(command.type);
  auto data = parse_json(command.data, {.max_depth = 1'000});
  if (!data) return wrong("JSON", data.error().message);
  if (auto checked = check_command_id(command.command_id); !checked)
    return wrong("--command-id", checked.error().message);
  made.method = "POST";
  made.body = command.data;
  made.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", command.command_id}};
  if (command.if_version)
    made.headers.emplace_back("If-Match", '"' + std::to_string(*command.if_version) + '"');
  if (!command.as.empty()) {
    const bool printable =
        std::ranges::all_of(command.as, [](char c) { return c > 0x20 && c < 0x7f; });
    if (!printable) return wrong("--as", "must be printable ASCII without spaces");
    made.headers.emplace_back("X-Debug-Sub", command.as);
  }
  return made;
}

result<client_request> look_into(const operator_command& command, const std::string& what,
                                 const json& next, client_request made) {
  made.method = "GET";
  if (what == "actors") {
    made.target = "/admin/actors?" + page_of(command);
    if (!command.kind.empty()) made.target += "&kind=" + percent_encode(command.kind);
    if (!command.path.empty()) made.target += "&path=" + percent_encode(command.path);
    if (!next.is_null()) made.target += "&after=" + percent_encode(query_text(next));
  } else if (what == "actor") {
    made.target = "/admin/actors" + encoded_path(command.target);
  } else if (what == "entity" || what == "stream") {
    const auto entity = entity_of(command.target);
    if (!entity) return wrong("CATEGORY/ID", entity.error().message);
    made.target = (what == "entity" ? "/admin/entities/" : "/admin/streams/") + entity->category +
                  '/' + entity->id;
    if (what == "stream") {
      made.target += "?from=" + (next.is_null() ? std::to_string(command.from) : query_text(next)) +
                     '&' + page_of(command);
    } else if (command.version) {
      made.target += "?version=" + std::to_string(*command.version);
    }
  } else if (what == "dead-letters") {
    made.target = "/admin/dead-letters?" + page_of(command);
    if (!next.is_null()) made.target += "&after=" + query_text(next);
  } else {
    made.target = "/admin/" + what;
  }
  return made;
}

}  // namespace

result<std::string> node_url(const std::string& text) {
  const auto malformed = [&] {
    return error{errc::invalid,
                 "'" + without_secrets(text) + "' is not an address like http://127.0.0.1:9090"};
  };
  std::string scheme = "http";
  auto rest = text;
  if (const auto end = text.find("://"); end != std::string::npos) {
    scheme = text.substr(0, end);
    rest = text.substr(end + 3);
    if (scheme != "http" && scheme != "https") return malformed();
    if (rest.ends_with('/')) rest.pop_back();
    if (rest.find(':') == std::string::npos) rest += scheme == "http" ? ":80" : ":443";
  }
  auto address = parse_address(rest);
  const auto odd = [](char c) {
    return c <= 0x20 || c >= 0x7f || std::string_view("/?#@\\").find(c) != std::string_view::npos;
  };
  if (!address || address->port == 0 || std::ranges::any_of(address->host, odd)) return malformed();
  if (address->host == "0.0.0.0") address->host = "127.0.0.1";
  if (address->host == "::") address->host = "::1";
  return scheme + "://" + address->text();
}

result<client_request> request_for(const operator_command& command, const json& next) {
  client_request made;
  const bool to_application = command.name == "command";
  auto url = node_url(to_application ? command.http : command.admin);
  if (!url) return wrong(to_application ? "--http" : "--admin", url.error().message);
  made.url = std::move(*url);
  const auto space = command.name.find(' ');
  const auto group = command.name.substr(0, space);
  const auto verb = space == std::string::npos ? "" : command.name.substr(space + 1);
  if (group == "command") return send_command(command, std::move(made));
  if (group == "inspect") return look_into(command, verb, next, std::move(made));
  made.method = "POST";
  made.target = (group == "projection" ? "/admin/projections" : "/admin/dead-letters") +
                encoded_path(command.target) + '/' + verb;
  return made;
}

}  // namespace troupe
