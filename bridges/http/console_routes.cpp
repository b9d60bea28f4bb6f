#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "bridges/http/admin_routes.hpp"
#include "bridges/http/console_files.hpp"
#include "bridges/http/entity_tag.hpp"

namespace troupe::http {
namespace {

/// Nothing but the console's own files and this node's own answers; and no text ever becomes markup
/// or script, whatever a page's code does.
constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

const char* type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  throw std::logic_error("the console has a file of no known type: " + std::string(name));
}

using answers_by_name = std::map<std::string, reply, std::less<>>;

answers_by_name make_answers() {
  answers_by_name made;
  for (auto& [name, text] : console_files()) {
    reply answer;
    answer.body = std::move(text);
    answer.content_type = type_of(name);
    // A browser asks each time, and is told by the tag that nothing has changed.
    answer.headers = {{"Content-Security-Policy", content_policy},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"}};
    made.emplace(name, std::move(answer));
  }
  return made;
}

reply answer_with(const answers_by_name& answers, std::string_view name, const request& received) {
  const auto found = answers.find(name);
  if (found == answers.end()) {
    return problem_reply(404, "not-found", "the console has no file of this name");
  }
  auto answer = found->second;
  tag(answer, received.head);
  return answer;
}

}  // namespace

void add_console_routes(router& routes) {
  const auto answers = std::make_shared<const answers_by_name>(make_answers());
  routes.add("GET", "/", [answers](const request& received) {
    return answer_with(*answers, "index.html", received);
  });
  routes.add("GET", "/console/{file}", [answers](const request& received) {
    return answer_with(*answers, received.parameter("file"), received);
  });
}

}  // namespace troupe::http
