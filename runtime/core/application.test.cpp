#include "runtime/core/application.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

namespace troupe {
namespace {

/// Keeps the completion until the test calls it.
class slow_application final : public application {
 public:
  void submit(command_request request, completion done) override {
    last = std::move(request);
    pending = std::move(done);
    if (answer_at_once) std::exchange(pending, nullptr)(*answer_at_once);
    submitted = true;
    submitted.notify_all();
  }
  std::optional<command_outcome> take_in(command_request) override { return std::nullopt; }
  result<std::optional<command_outcome>> outcome_of(const std::string&) override { return none(); }
  result<std::optional<json>> view_row(const std::string&, const std::string&) override {
    return none();
  }
  result<view_page> view_rows(const std::string&, const view_query&) override { return none(); }
  result<position_t> view_position(const std::string&) override { return none(); }
  result<std::string> view_category(const std::string&) override { return none(); }
  bool await_view(const std::string&, position_t, monotonic_time) override { return false; }
  result<std::unique_ptr<watch>> watch_view(const std::string&, std::function<void()>) override {
    return none();
  }
  result<std::unique_ptr<watch>> watch_events(const std::string&, std::function<void()>) override {
    return none();
  }
  result<std::vector<recorded_event>> events(const std::string&, position_t, std::size_t) override {
    return none();
  }

  std::optional<command_outcome> answer_at_once;
  completion pending;
  command_request last;
  std::atomic<bool> submitted = false;

 private:
  static error none() { return {errc::not_found, "none"}; }
};

command_request lock_account() {
  command_request request;
  request.category = "identity";
  request.id = "7";
  request.type = "LockAccount";
  request.context.command_id = "c-1";
  return request;
}

command_outcome accepted() {
  command_outcome outcome;
  outcome.status = outcome_status::accepted;
  outcome.version = 2;
  return outcome;
}

BOOST_AUTO_TEST_SUITE(executing_a_command)

BOOST_AUTO_TEST_CASE(an_outcome_that_is_there_at_once_is_returned) {
  slow_application app;
  app.answer_at_once = accepted();
  BOOST_TEST((app.execute(lock_account()) == accepted()));
  BOOST_TEST(app.last.type == "LockAccount");
}

BOOST_AUTO_TEST_CASE(an_outcome_that_is_there_at_once_is_returned_even_past_the_deadline) {
  slow_application app;
  app.answer_at_once = accepted();
  auto request = lock_account();
  request.deadline = monotonic_time{};
  BOOST_TEST((app.execute(request) == accepted()));
}

BOOST_AUTO_TEST_CASE(without_a_deadline_it_waits_for_the_outcome_from_another_thread) {
  slow_application app;
  const std::jthread node([&] {
    app.submitted.wait(false);
    app.pending(accepted());
  });
  BOOST_TEST((app.execute(lock_account()) == accepted()));
}

BOOST_AUTO_TEST_CASE(past_the_deadline_the_outcome_is_in_doubt_never_failed) {
  slow_application app;
  auto request = lock_account();
  request.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
  const auto outcome = app.execute(request);
  BOOST_TEST((std::chrono::steady_clock::now() >= request.deadline));
  BOOST_TEST((outcome.status == outcome_status::in_doubt));
  BOOST_TEST((outcome.stream == stream_id{"identity", "7"}));
  BOOST_TEST(outcome.command_id == "c-1");
  BOOST_TEST(outcome.detail.find("Idempotency-Key") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_outcome_that_comes_too_late_finds_nobody_and_harms_nobody) {
  slow_application app;
  auto request = lock_account();
  request.deadline = monotonic_time{};
  BOOST_TEST((app.execute(request).status == outcome_status::in_doubt));
  app.pending(accepted());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
