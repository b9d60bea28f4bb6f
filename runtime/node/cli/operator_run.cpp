#include "runtime/node/cli/operator_run.hpp"

#include <algorithm>
#include <istream>
#include <iterator>
#include <ostream>
#include <utility>

#include "runtime/node/cli/node_caller.hpp"
#include "runtime/node/cli/operator_request.hpp"
#include "runtime/node/cli/shown_answer.hpp"
#include "runtime/node/cli/text.hpp"
#include "runtime/node/progress_line.hpp"

namespace troupe {
namespace {

constexpr int answered = 0;
constexpr int not_answered = 1;
constexpr int wrong_usage = 2;

constexpr std::size_t most_data_bytes = std::size_t{64} << 20U;
constexpr auto between_rebuild_looks = std::chrono::milliseconds(200);

/// One run of a command.
class operator_run {
 public:
  operator_run(operator_command command, const operator_surroundings& with)
      : command_(std::move(command)), with_(with) {}

  int operator()() {
    if (command_.data == "-") read_data();
    if (command_.command_id.empty()) command_.command_id = with_.ids.next();
    const auto caller = node_caller::make(command_, with_.client);
    if (!caller) return fail(wrong_usage, caller.error().message);
    if (auto request = request_for(command_); !request)
      return fail(wrong_usage, request.error().message);
    auto answer = ask_all(*caller);
    if (!answer) return fail(not_answered, answer.error().message);
    if (answer->status >= 300) return show_refusal(*answer);
    const bool waits = command_.name == "projection rebuild" &&
                       (command_.wait || (with_.err_terminal && !command_.json));
    if (waits) return watch_rebuild(*caller);
    show(answer->body);
    return answered;
  }

 private:
  void read_data() {
    command_.data.clear();
    for (std::istreambuf_iterator<char> at(with_.in), end;
         at != end && command_.data.size() < most_data_bytes; ++at)
      command_.data += *at;
  }

  /// The answer; of a list, as many pages as `--limit` asks for, as one.
  result<node_answer> ask_all(const node_caller& caller) {
    auto all = caller.ask(*request_for(command_));
    if (!all || all->status != 200 || !all->body.contains("items")) return all;
    auto& items = all->body["items"];
    if (!items.is_array()) return all;
    for (auto next = all->body.value("next", json());
         !next.is_null() && items.size() < command_.limit; next = all->body["next"]) {
      auto page = caller.ask(*request_for(command_, next));
      if (!page || page->status != 200) return page;
      const auto more = page->body.value("items", json::array());
      items.insert(items.end(), more.begin(), more.end());
      all->body["next"] = page->body.value("next", json());
      if (more.empty()) break;
    }
    if (items.size() > command_.limit)
      items.erase(items.begin() + static_cast<json::difference_type>(command_.limit), items.end());
    return all;
  }

  /// Follows the projection until it has what the log held when the rebuild began.
  int watch_rebuild(const node_caller& caller) {
    progress_line progress(with_.err, with_.err_terminal, with_.time);
    auto look = command_;
    look.name = "inspect projections";
    const auto request = request_for(look);
    std::optional<std::uint64_t> goal;
    for (;; with_.pause(between_rebuild_looks)) {
      auto answer = caller.ask(*request);
      if (!answer || answer->status != 200) {
        progress.clear();
        return answer ? show_refusal(*answer) : fail(not_answered, answer.error().message);
      }
      const auto items = answer->body.value("items", json::array());
      const auto one = std::ranges::find_if(
          items, [&](const json& item) { return text_at(item, "name") == command_.target; });
      const auto status = one == items.end() ? "gone" : text_at(*one, "status");
      if (status == "gone" || status == "paused") {
        progress.clear();
        return fail(not_answered,
                    status == "gone"
                        ? "the node has no projection '" + command_.target + "' any more"
                        : command_.target +
                              " is paused: it is rebuilt after troupe projection resume " +
                              command_.target);
      }
      const auto position = one->value("position", std::uint64_t{0});
      if (!goal) goal = one->value("head", std::uint64_t{0});
      if (position >= *goal) {
        progress.clear();
        show_rebuilt(*one);
        return answered;
      }
      progress.show(
          (status == "failing" ? "failing, tried again: " : "rebuilding ") + command_.target,
          one->value("events", std::uint64_t{0}), "events",
          static_cast<double>(position) / static_cast<double>(*goal));
    }
  }

  void show_rebuilt(const json& projection) {
    if (command_.json) return show(projection);
    with_.out << command_.target << " is rebuilt up to position " << text_at(projection, "position")
              << '\n';
  }

  void show(const json& answer) {
    if (command_.json) {
      with_.out << answer.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
    } else {
      with_.out << shown_answer(command_, answer, with_.width);
    }
  }

  int show_refusal(const node_answer& answer) {
    if (command_.json) show(answer.body);
    with_.err << "troupe: " << shown_refusal(command_, answer.status, answer.body);
    return not_answered;
  }

  int fail(int status, const std::string& why) {
    with_.err << "troupe: " << shown_text(why);
    if (status == wrong_usage) with_.err << "; see 'troupe " << command_.name << " --help'";
    with_.err << '\n';
    return status;
  }

  operator_command command_;
  const operator_surroundings& with_;
};

}  // namespace

int run_operator(operator_command command, const operator_surroundings& with) {
  return operator_run(std::move(command), with)();
}

}  // namespace troupe
