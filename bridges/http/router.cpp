#include "bridges/http/router.hpp"

#include <algorithm>
#include <utility>

namespace troupe::http {
namespace {

bool starts_with_capital(std::string_view text) {
  return !text.empty() && text.front() >= 'A' && text.front() <= 'Z';
}

std::string joined(std::vector<std::string>::const_iterator from,
                   std::vector<std::string>::const_iterator to) {
  std::string text;
  for (auto at = from; at != to; ++at) {
    if (at != from) text += '/';
    text += *at;
  }
  return text;
}

}  // namespace

void router::add(std::string method, std::string pattern, handler handle, waiting_rule waits) {
  entry made{{}, nullptr};
  std::string_view rest = std::string_view(pattern).substr(1);
  for (;;) {
    const auto end = std::min(rest.find('/'), rest.size());
    const auto part = rest.substr(0, end);
    if (!part.starts_with('{')) {
      made.parts.push_back({pattern_part::kind::literal, std::string(part)});
    } else if (part.ends_with("...}")) {
      made.parts.push_back(
          {pattern_part::kind::rest, std::string(part.substr(1, part.size() - 5))});
    } else {
      const auto name = part.substr(1, part.size() - 2);
      made.parts.push_back(
          {starts_with_capital(name) ? pattern_part::kind::capitalised : pattern_part::kind::word,
           std::string(name)});
    }
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  endpoints_.push_back(std::make_unique<endpoint>(
      endpoint{std::move(method), std::move(pattern), std::move(handle), waits}));
  made.leads_to = endpoints_.back().get();
  // Behind its equals: of two equal patterns the one added first wins.
  const auto place = std::ranges::find_if(
      entries_, [&](const entry& other) { return more_specific(made, other); });
  entries_.insert(place, std::move(made));
}

bool router::more_specific(const entry& left, const entry& right) {
  const auto shared = std::min(left.parts.size(), right.parts.size());
  for (std::size_t i = 0; i < shared; ++i) {
    if (left.parts[i].what != right.parts[i].what) return left.parts[i].what < right.parts[i].what;
  }
  return left.parts.size() > right.parts.size();
}

bool router::matches(const entry& candidate, const std::vector<std::string>& segments,
                     path_parameters& parameters) {
  parameters.clear();
  const auto& parts = candidate.parts;
  auto segment = segments.begin();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (segment == segments.end()) return false;
    const auto& part = parts[i];
    switch (part.what) {
      case pattern_part::kind::literal:
        if (*segment != part.text) return false;
        ++segment;
        break;
      case pattern_part::kind::capitalised:
      case pattern_part::kind::word:
        if (segment->empty()) return false;
        if (part.what == pattern_part::kind::capitalised && !starts_with_capital(*segment)) {
          return false;
        }
        parameters.emplace_back(part.text, *segment++);
        break;
      case pattern_part::kind::rest: {
        const auto behind = static_cast<std::ptrdiff_t>(parts.size() - i - 1);
        if (segments.end() - segment <= behind) return false;
        const auto end = segments.end() - behind;
        if (std::any_of(segment, end, [](const auto& text) { return text.empty(); })) return false;
        parameters.emplace_back(part.text, joined(segment, end));
        segment = end;
        break;
      }
    }
  }
  return segment == segments.end();
}

router::match router::find(std::string_view method,
                           const std::vector<std::string>& segments) const {
  match result;
  std::vector<std::string_view> methods;
  const entry* instead = nullptr;  // GET's endpoint for a HEAD request.
  for (const auto& candidate : entries_) {
    const auto& known = candidate.leads_to->method;
    const bool wanted = known == method;
    const bool in_place = method == "HEAD" && known == "GET" && instead == nullptr;
    if (!matches(candidate, segments, result.parameters)) continue;
    if (wanted) {
      result.found = candidate.leads_to;
      return result;
    }
    if (in_place) instead = &candidate;
    if (std::ranges::find(methods, known) == methods.end()) methods.push_back(known);
  }
  if (instead != nullptr) {
    matches(*instead, segments, result.parameters);
    result.found = instead->leads_to;
    return result;
  }
  result.parameters.clear();
  for (const auto& known : methods) {
    if (!result.allowed.empty()) result.allowed += ", ";
    result.allowed += known;
    if (known == "GET") result.allowed += ", HEAD";
  }
  return result;
}

}  // namespace troupe::http
