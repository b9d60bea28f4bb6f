#include <stdexcept>
#include <string>
#include <string_view>

#include "bridges/http/admin_routes.hpp"
#include "bridges/http/console_files.hpp"

namespace troupe::http {
namespace {

/// Nothing but this page's own files and this node's own answers.
constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string content_of(std::string_view name) {
  for (auto& [known, text] : console_files()) {
    if (known == name) return text;
  }
  throw std::logic_error("the console lacks " + std::string(name));
}

void add_file(router& routes, const char* path, const char* name, const char* type) {
  reply answer;
  answer.body = content_of(name);
  answer.content_type = type;
  answer.headers = {{"Content-Security-Policy", content_policy},
                    {"X-Content-Type-Options", "nosniff"},
                    {"Referrer-Policy", "no-referrer"},
                    {"Cache-Control", "no-cache"}};
  routes.add("GET", path, [answer](const request&) { return answer; });
}

}  // namespace

void add_console_routes(router& routes) {
  add_file(routes, "/", "index.html", "text/html; charset=utf-8");
  add_file(routes, "/console.css", "console.css", "text/css; charset=utf-8");
  add_file(routes, "/console.js", "console.js", "text/javascript; charset=utf-8");
}

}  // namespace troupe::http
