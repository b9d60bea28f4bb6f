#include "runtime/node/admin_line.hpp"

#include <memory>
#include <utility>

namespace troupe {
namespace {

const std::string question = "admin";

constexpr std::chrono::seconds patience{2};
constexpr std::size_t most_waiting = 64;

std::string encode(const admin_question& one) {
  return json{{"method", one.method}, {"target", one.target}, {"body", one.body}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

std::optional<admin_question> decode_question(const std::string& text) {
  const auto parsed = parse_json(text);
  if (!parsed) return std::nullopt;
  try {
    return admin_question{parsed->at("method").get<std::string>(),
                          parsed->at("target").get<std::string>(),
                          parsed->at("body").get<std::string>()};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

result<admin_answer> decode_answer(const result<std::string>& text) {
  if (!text) return text.error();
  const auto parsed = parse_json(*text);
  if (!parsed) return error{errc::in_doubt, "the answer cannot be read"};
  try {
    return admin_answer{parsed->at("status").get<int>(), parsed->at("body").get<std::string>()};
  } catch (const json::exception&) {
    return error{errc::in_doubt, "the answer cannot be read"};
  }
}

/// Where the answers to several questions are awaited; outlives whoever comes last.
struct answers {
  std::mutex mutex;
  std::condition_variable all;
  std::size_t missing = 0;
  std::vector<result<admin_answer>> found;
};

}  // namespace

admin_line::admin_line(cluster& nodes, const clock& time,
                       std::function<bool(const std::string& projection)> is_shared)
    : nodes_(nodes), clock_(time), is_shared_(std::move(is_shared)), clerk_([this] { run(); }) {
  nodes_.serve(question, [this](message_bus::message asked) { take(std::move(asked)); });
}

admin_line::~admin_line() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    some_.notify_all();
  }
  clerk_.join();
}

node_name admin_line::self() const {
  const auto own = nodes_.now().own;
  return {own.name, own.incarnation};
}

std::vector<node_name> admin_line::others() const {
  std::vector<node_name> known;
  for (const auto& one : nodes_.now().peers) known.push_back({one.said.name, one.said.incarnation});
  return known;
}

std::optional<node_name> admin_line::runner_of(const std::string& projection) const {
  if (!is_shared_(projection)) return std::nullopt;
  const auto owner = nodes_.owner_of("projector/" + projection);
  for (auto& one : others()) {
    if (one.incarnation == owner) return std::move(one);
  }
  return std::nullopt;
}

std::vector<result<admin_answer>> admin_line::ask(const std::vector<node_name>& whom,
                                                  const admin_question& what) {
  const auto meeting = std::make_shared<answers>();
  meeting->missing = whom.size();
  meeting->found.assign(whom.size(), error{errc::in_doubt, "no answer in time"});
  const auto body = encode(what);
  const auto deadline = clock_.monotonic() + patience;
  for (std::size_t i = 0; i < whom.size(); ++i) {
    nodes_.ask(whom[i].incarnation, question, body, deadline,
               [meeting, i](const result<std::string>& text) {
                 const std::lock_guard lock(meeting->mutex);
                 meeting->found[i] = decode_answer(text);
                 if (--meeting->missing == 0) meeting->all.notify_all();
               });
  }
  std::unique_lock lock(meeting->mutex);
  meeting->all.wait(lock, [&] { return meeting->missing == 0; });
  return std::move(meeting->found);
}

void admin_line::answer_with(answerer answer) {
  const std::lock_guard lock(answering_);
  answer_ = std::move(answer);
}

void admin_line::take(message_bus::message asked) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= most_waiting) {
    asked.answer("");  // Counts as none.
    return;
  }
  waiting_.push_back(std::move(asked));
  some_.notify_all();
}

void admin_line::run() {
  for (;;) {
    message_bus::message next;
    {
      std::unique_lock lock(mutex_);
      some_.wait(lock, [this] { return over_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const auto asked = decode_question(next.body);
    const std::lock_guard lock(answering_);
    if (!asked || !answer_) {
      next.answer("");
      continue;
    }
    const auto given = answer_(*asked);
    next.answer(json{{"status", given.status}, {"body", given.body}}.dump(
        -1, ' ', false, json::error_handler_t::replace));
  }
}

}  // namespace troupe
