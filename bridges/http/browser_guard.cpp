#include "bridges/http/browser_guard.hpp"

#include <algorithm>
#include <utility>

namespace troupe::http {
namespace {

/// "localhost:8080" is localhost, "[::1]:8080" is ::1; in lower case.
std::string name_in(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return "";
    host = host.substr(1, end - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string name(host);
  std::ranges::for_each(name, [](char& c) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  });
  return name;
}

bool changes_nothing(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool of_another_origin(const request_head& head) {
  const auto site = head.find("sec-fetch-site");
  if (site && *site != "same-origin" && *site != "none") return true;
  const auto origin = head.find("origin");
  if (!origin) return false;
  const auto scheme = origin->find("://");
  const auto host = head.find("host");
  return !host || scheme == std::string_view::npos || origin->substr(scheme + 3) != *host;
}

}  // namespace

std::optional<reply> browser_guard::refuses(const request_head& head,
                                            const cors_policy& cors) const {
  if (const auto host = head.find("host"); host && !hosts_.empty()) {
    if (std::ranges::find(hosts_, name_in(*host)) == hosts_.end()) {
      return problem_reply(403, "host-not-allowed",
                           "this node does not go by the name in Host; use localhost, or add the "
                           "name with --hosts");
    }
  }
  if (changes_nothing(head.method) || !of_another_origin(head)) return {};
  if (!cors.allowed_origin(head).empty()) return {};
  return problem_reply(403, "origin-not-allowed",
                       "changes are not accepted from another origin's page; allow it with --cors");
}

}  // namespace troupe::http
