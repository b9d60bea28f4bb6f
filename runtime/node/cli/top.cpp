#include "runtime/node/cli/top.hpp"

#include <unistd.h>

#include <array>
#include <ostream>
#include <string>
#include <utility>

#include "runtime/node/cli/node_caller.hpp"
#include "runtime/node/cli/operator_request.hpp"
#include "runtime/node/cli/shown_answer.hpp"
#include "runtime/node/cli/terminal.hpp"
#include "runtime/node/cli/text.hpp"
#include "runtime/node/cli/top_view.hpp"

namespace troupe {
namespace {

constexpr auto between_screens = std::chrono::milliseconds(1000);

/// Each kind for itself, so that many command handlers do not hide the others.
constexpr std::array shown_kinds{"command-handler", "projector", "subscriber", "process-manager",
                                 "timer",           "bridge",    "log-writer", "log-reader"};

/// Looks at one node again and again.
class watched_node {
 public:
  watched_node(const node_caller& caller, std::string url, const clock& time)
      : caller_(caller), url_(std::move(url)), time_(time) {}

  [[nodiscard]] const std::string& url() const { return url_; }

  [[nodiscard]] result<node_sample> look() const {
    node_sample seen;
    seen.time = time_.monotonic();
    const auto metrics = caller_.call({url_, "GET", "/metrics", {}, ""});
    if (!metrics) return metrics.error();
    if (metrics->status == 200) seen.metrics = metrics->body;
    // A node that is not ready says why with 503.
    if (auto got = get("/readyz?verbose", seen.ready, false); !got) return got.error();
    if (auto got = get("/admin/info", seen.info); !got) return got.error();
    json answer;
    if (auto got = get("/admin/projections", answer); !got) return got.error();
    seen.projections = answer.value("items", json::array());
    seen.actors = json::array();
    for (const auto* kind : shown_kinds) {
      const auto target = std::string("/admin/actors?limit=1000&kind=") + kind;
      if (auto got = get(target, answer); !got) return got.error();
      for (auto& one : answer.value("items", json::array())) seen.actors.push_back(std::move(one));
    }
    return seen;
  }

 private:
  result<void> get(const std::string& target, json& into, bool must_be_fine = true) const {
    auto answer = caller_.ask({url_, "GET", target, {}, ""});
    if (!answer) return answer.error();
    if (must_be_fine && answer->status != 200) {
      operator_command asked;
      asked.name = "top";
      auto why = shown_refusal(asked, answer->status, answer->body);
      return error{errc::unavailable, std::move(why)};
    }
    into = std::move(answer->body);
    return {};
  }

  const node_caller& caller_;
  const std::string url_;
  const clock& time_;
};

void follow(const watched_node& node) {
  live_screen screen;
  std::optional<node_sample> before;
  do {
    auto now = node.look();
    const auto size = live_screen::size();
    if (now) {
      screen.draw(top_screen(*now, before ? &*before : nullptr, node.url(), size));
      before = std::move(*now);
    } else {
      screen.draw(elide_middle(shown_text(now.error().message), size.columns) + '\n');
    }
  } while (screen.wait(between_screens));
}

}  // namespace

int run_top(const operator_command& command, const operator_surroundings& with) {
  const auto fail = [&](int status, const error& why) {
    with.err << "troupe: " << shown_text(why.message) << '\n';
    return status;
  };
  auto url = node_url(command.admin);
  if (!url) return fail(2, {errc::invalid, "--admin: " + url.error().message});
  const auto caller = node_caller::make(command, with.client);
  if (!caller) return fail(2, caller.error());
  const watched_node node(*caller, std::move(*url), with.time);
  const auto first = node.look();
  if (!first) return fail(1, first.error());
  if (command.once || with.width == 0) {
    with.out << top_screen(*first, nullptr, node.url(), {with.width, 0});
    return 0;
  }
  follow(node);
  return 0;
}

}  // namespace troupe
