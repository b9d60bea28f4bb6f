#include "bridges/http/admin_span.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridges/http/target.hpp"

namespace troupe::http {
namespace {

/// What becomes of a request that names no node.
enum class rule : std::uint8_t {
  own,     ///< This node answers: every node would say the same, or it is about this one.
  list,    ///< All answers together.
  find,    ///< This node, or the first other one that knows it.
  runner,  ///< The node that runs the projection.
};

rule rule_of(const endpoint& one) {
  static const std::map<std::string, rule> rules = {
      {"GET /admin/actors", rule::list},
      {"GET /admin/projections", rule::list},
      {"GET /admin/dead-letters", rule::list},
      {"GET /admin/actors/{path...}", rule::find},
      {"POST /admin/actors/{path...}/restart", rule::find},
      {"POST /admin/dead-letters/{id}/retry", rule::find},
      {"POST /admin/dead-letters/{id}/discard", rule::find},
      {"POST /admin/projections/{name}/pause", rule::runner},
      {"POST /admin/projections/{name}/resume", rule::runner},
      {"POST /admin/projections/{name}/rebuild", rule::runner},
  };
  const auto found = rules.find(one.method + ' ' + one.pattern);
  return found == rules.end() ? rule::own : found->second;
}

reply not_cached(reply made) {
  made.headers = {{"Cache-Control", "no-store"}};
  return made;
}

admin_question question_of(const request& received) {
  return {std::string(received.head.method), std::string(received.head.target),
          std::string(received.body)};
}

reply carried(const node_name& from, const result<admin_answer>& answer) {
  if (!answer) {
    return problem_reply(503, answer.error().code == errc::in_doubt ? "outcome-unknown" : "",
                         "node '" + from.name + "' did not answer: " + answer.error().message);
  }
  reply made;
  made.status = answer->status;
  made.body = answer->body;
  if (made.status >= 400) made.content_type = "application/problem+json";
  return not_cached(std::move(made));
}

/// A page of items that are ordered by a key; `next` names the last one, where there may be more.
struct page {
  std::vector<json> items;
  json next;
};

/// The order of a list: a path, or a dead letter's number.
json key_of(const json& item) {
  if (item.contains("path")) return item["path"];
  const auto id = item.value("id", std::string());
  const auto number = parse_number(std::string_view(id).substr(id.rfind('.') + 1), UINT64_MAX);
  return number ? json(*number) : json(id);
}

/// The pages of several nodes as one: no further than the first of them that ends early, and about
/// `limit` long. Items of one key stay together, because the next page begins behind the key.
page joined(std::vector<page> pages, std::size_t limit) {
  page all;
  for (auto& one : pages) {
    if (!one.next.is_null() && (all.next.is_null() || one.next < all.next)) all.next = one.next;
    std::ranges::move(one.items, std::back_inserter(all.items));
  }
  std::ranges::sort(all.items, [](const json& left, const json& right) {
    const auto before = key_of(left);
    const auto after = key_of(right);
    return before != after ? before < after : left < right;
  });
  // What several nodes share is on all their pages.
  const auto [from, to] = std::ranges::unique(all.items);
  all.items.erase(from, to);
  if (all.items.size() > limit) {
    const auto last = key_of(all.items[limit - 1]);
    if (all.next.is_null() || last < all.next) {
      const bool more = key_of(all.items.back()) != last;
      if (more || !all.next.is_null()) all.next = last;
    }
  }
  if (!all.next.is_null())
    std::erase_if(all.items, [&](const json& item) { return key_of(item) > all.next; });
  return all;
}

class span {
 public:
  span(std::shared_ptr<const router> own, node_model& model)
      : own_(std::move(own)), peers_(*model.peers()) {}

  [[nodiscard]] reply answer(const endpoint& one, const request& received) const {
    const auto wanted = received.query("node");
    if (!wanted) return error_reply(wanted.error());
    if (*wanted != nullptr) return from_node(one, received, **wanted);
    switch (rule_of(one)) {
      case rule::own:
        return one.handle(received);
      case rule::list:
        return one.pattern == "/admin/projections" ? all_of(one, received)
                                                   : pages_of(one, received);
      case rule::find:
        return found(one, received);
      case rule::runner:
        break;
    }
    const auto runner = peers_.runner_of(received.parameter("name"));
    if (!runner) return one.handle(received);
    return carried(*runner, peers_.ask({*runner}, question_of(received)).front());
  }

  /// What this node answers when a peer carries a request here.
  static admin_answer answer_peer(const router& own, const admin_question& asked) {
    const auto where = parse_target(asked.target);
    if (!where) return {400, problem_reply(400, "malformed", where.error().message).body};
    const auto match = own.find(asked.method, where->segments);
    if (match.found == nullptr) {
      return {404, problem_reply(404, "not-found", "there is nothing at this path").body};
    }
    request_head head;
    head.method = asked.method;
    head.target = asked.target;
    const trace_context trace;
    const request received{head, *where, match.parameters, asked.body, trace};
    auto given = match.found->handle(received);
    return {given.status, std::move(given.body)};
  }

 private:
  reply from_node(const endpoint& one, const request& received, const std::string& name) const {
    const auto is_it = [&](const node_name& node) {
      return node.incarnation == name || node.name == name;
    };
    const auto self = peers_.self();
    auto others = peers_.others();
    std::erase_if(others, [&](const node_name& node) { return !is_it(node); });
    const bool here = is_it(self);
    if (others.size() + (here ? 1 : 0) > 1) {
      return problem_reply(409, "ambiguous-node",
                           "several nodes are called '" + name +
                               "'; give an incarnation, as /admin/cluster shows it");
    }
    if (here) return one.handle(received);
    if (others.empty())
      return problem_reply(404, "not-found", "no node of the cluster is called '" + name + "'");
    return carried(others.front(), peers_.ask(others, question_of(received)).front());
  }

  reply found(const endpoint& one, const request& received) const {
    auto own = one.handle(received);
    if (own.status != 404) return own;
    const auto others = peers_.others();
    const auto answers = peers_.ask(others, question_of(received));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i] && answers[i]->status != 404) return carried(others[i], answers[i]);
    }
    return own;
  }

  /// The lists of all nodes that answer, this one's first; what else they say is left to `each`.
  template <class Each>
  std::optional<reply> collect(const endpoint& one, const request& received, json& unanswered,
                               Each each) const {
    auto own = one.handle(received);
    if (own.status != 200) return own;
    each(json::parse(own.body));
    const auto others = peers_.others();
    const auto answers = peers_.ask(others, question_of(received));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      auto body = answers[i] && answers[i]->status == 200
                      ? json::parse(answers[i]->body, nullptr, false)
                      : json();
      if (body.is_object() && body.value("items", json()).is_array()) {
        each(std::move(body));
        continue;
      }
      unanswered.push_back({{"node", others[i].name},
                            {"incarnation", others[i].incarnation},
                            {"reason", answers[i] ? "status " + std::to_string(answers[i]->status)
                                                  : answers[i].error().message}});
    }
    return std::nullopt;
  }

  [[nodiscard]] reply all_of(const endpoint& one, const request& received) const {
    json list = {{"items", json::array()}, {"unanswered", json::array()}};
    auto failed = collect(one, received, list["unanswered"], [&](json body) {
      for (auto& item : body["items"]) list["items"].push_back(std::move(item));
    });
    return failed ? std::move(*failed) : not_cached(json_reply(list));
  }

  [[nodiscard]] reply pages_of(const endpoint& one, const request& received) const {
    json list = {{"unanswered", json::array()}};
    std::vector<page> pages;
    std::uint64_t total = 0;
    bool counted = false;
    auto failed = collect(one, received, list["unanswered"], [&](json body) {
      counted = body.contains("total");
      if (counted) total += body["total"].get<std::uint64_t>();
      pages.push_back({body["items"].get<std::vector<json>>(), body.value("next", json(nullptr))});
    });
    if (failed) return std::move(*failed);
    const auto limit = received.number("limit", 100, 1, 1'000);
    auto all = joined(std::move(pages), static_cast<std::size_t>(limit ? *limit : 100));
    if (counted) list["total"] = total;
    list["items"] = std::move(all.items);
    list["next"] = std::move(all.next);
    return not_cached(json_reply(list));
  }

  const std::shared_ptr<const router> own_;
  node_peers& peers_;
};

}  // namespace

void add_spanning_routes(router& routes, std::shared_ptr<const router> own, node_model& model) {
  if (model.peers() == nullptr) {
    for (const auto& one : own->endpoints())
      routes.add(one->method, one->pattern, one->handle, one->waits);
    return;
  }
  model.peers()->answer_with([own](const admin_question& asked) {
    try {
      return span::answer_peer(*own, asked);
    } catch (const std::exception&) {  // Its text is for nobody outside.
      return admin_answer{500, problem_reply(500, "internal", "the request failed").body};
    }
  });
  const auto all = std::make_shared<const span>(own, model);
  for (const auto& one : own->endpoints()) {
    routes.add(one->method, one->pattern, [all, which = one.get()](const request& received) {
      return all->answer(*which, received);
    });
  }
}

}  // namespace troupe::http
