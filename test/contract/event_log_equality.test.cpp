// Runs the same random operations on the memory log and on another and demands the same answers,
// the other log being closed and opened again now and then.
#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridges/nats/nats_event_log.hpp"
#include "bridges/sqlite/sqlite_event_log.hpp"
#include "runtime/testkit/memory_event_log.hpp"
#include "test/contract/contract.hpp"
#include "test/contract/nats_server.hpp"
#include "test/contract/random_operations.hpp"
#include "test/contract/temporary_directory.hpp"

namespace troupe::contract {
namespace {

// What two logs answer, in a form that can be compared and printed: error messages may differ,
// codes may not.

std::string show(const recorded_commit& one) {
  const auto& data = one.data;
  return std::to_string(one.position) + ":" + data.stream.name() + "@" +
         std::to_string(data.first_version) + "+" + std::to_string(data.event_count) + " " +
         data.command_id + " " + std::to_string(data.digest) + " " + format_time(data.time) + " " +
         data.body;
}

std::string show(const std::vector<recorded_commit>& all) {
  std::string text;
  for (const auto& one : all) text += show(one) + "\n";
  return text;
}

std::string show(const kept_outcome& kept) {
  return kept.command_id + " " + std::to_string(kept.digest) + " " + format_time(kept.time) + " " +
         to_json(kept.outcome).dump();
}

std::string show(const snapshot& saved) {
  return saved.stream.name() + "@" + std::to_string(saved.version) + ":" +
         std::to_string(saved.position) + " " + saved.schema + " " + saved.state.dump();
}

std::string show(position_t position) { return std::to_string(position); }

template <class T>
std::string show(const std::optional<T>& value) {
  return value ? show(*value) : "nothing";
}

template <class T>
std::string show(const result<T>& answer) {
  return answer ? show(*answer) : to_string(answer.error().code);
}

std::string show(const result<void>& answer) {
  return answer ? "done" : to_string(answer.error().code);
}

std::string show(const std::vector<append_result>& results) {
  std::string text;
  for (const auto& one : results) {
    for (const auto position : one.positions) text += std::to_string(position) + " ";
    text += one.failure ? to_string(one.failure->code) : "stored";
    text += "\n";
  }
  return text;
}

/// What may be in a name.
struct alphabet {
  std::vector<std::string> categories;
  std::vector<std::string> ids;
};

/// Names that the runtime lets in.
const alphabet proper_names = {
    {"identity", "identit", "identity-2", "a_b", "axb"},
    {"1", "2", "3", "_", "-", "a_b", "aXb", "A", "a", "commands", std::string(128, 'i')}};

/// Names whether the runtime would let them in or not.
const alphabet wild_names = {{"identity", "identit", "identity-2", "a_b", "aXb", "a%"},
                             {"1", "2", "3", "_", "%", "a_b", "aXb", "A", "a", "", "Zoë",
                              std::string("n\0l", 3), "' OR 1=1 --"}};

const std::vector<std::string> bodies = {
    "{}", "", "Zoë 👩‍🚀", std::string("\0\0", 2), "\xff\xfe", std::string(5000, 'x')};

class two_logs {
 public:
  using opener = std::function<std::unique_ptr<event_log>()>;

  /// `open_other` opens the same log each time. At most `max_requests` are in one append: a log may
  /// give the positions of independent requests in another order.
  two_logs(const alphabet& names, std::size_t max_requests, opener open_other)
      : names_(names), max_requests_(max_requests), open_other_(std::move(open_other)) {
    open();
  }

  void step() {
    switch (choose_.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return append();
      case 4: {
        const auto stream = a_stream();
        const auto from = a_version();
        const auto limit = a_limit();
        return compare("read_stream",
                       [&](event_log& log) { return log.read_stream(stream, from, limit); });
      }
      case 5: {
        const auto category = choose_.one_of(names_.categories);
        const auto from = choose_.below(commands_.size() + 2);
        const auto limit = a_limit();
        return compare("read_category",
                       [&](event_log& log) { return log.read_category(category, from, limit); });
      }
      case 6: {
        const auto category = choose_.one_of(names_.categories);
        return compare("head", [&](event_log& log) { return log.head(category); });
      }
      case 7: {
        const auto command = a_command();
        compare("find_command", [&](event_log& log) { return log.find_command(command); });
        return compare("find_outcome", [&](event_log& log) { return log.find_outcome(command); });
      }
      case 8:
        return save_snapshot();
      case 9: {
        const auto stream = a_stream();
        return compare("load_snapshot", [&](event_log& log) { return log.load_snapshot(stream); });
      }
      case 10:
        return compare("maintain", [&](event_log& log) {
          return log.maintain(timestamp(std::chrono::hours(23)));
        });
      default:
        if (choose_.chance(30)) open();
    }
  }

  [[nodiscard]] std::uint64_t seed() const { return choose_.seed(); }
  [[nodiscard]] std::size_t stored() const { return stored_; }

 private:
  template <class Operation>
  void compare(const char* name, Operation operation) {
    const auto expected = show(operation(memory_));
    const auto actual = show(operation(*other_));
    if (expected != actual) {
      BOOST_FAIL(name << " differs with TROUPE_SEED=" << choose_.seed() << "\nmemory: " << expected
                      << "\nother: " << actual);
    }
  }

  void open() {
    other_.reset();
    other_ = open_other_();
  }

  stream_id a_stream() { return {choose_.one_of(names_.categories), choose_.one_of(names_.ids)}; }
  version_t a_version() { return choose_.chance(5) ? ~version_t{0} : choose_.below(12); }
  std::size_t a_limit() { return choose_.chance(50) ? 1000 : choose_.below(4); }
  std::string a_command() {
    return choose_.chance(20) || commands_.empty() ? "unused" : choose_.one_of(commands_);
  }

  version_t version_of(const stream_id& stream) {
    const auto all = must(memory_.read_stream(stream, 1, 100'000));
    return all.empty() ? 0 : all.back().data.last_version();
  }

  commit a_commit(const stream_id& stream, version_t first) {
    commit made;
    made.stream = stream;
    made.first_version = first;
    made.event_count = choose_.chance(3) ? 0 : static_cast<std::uint32_t>(choose_.below(3) + 1);
    if (choose_.chance(8)) {
      made.command_id = a_command();
    } else {
      made.command_id = "c" + std::to_string(choose_.bits());
      commands_.push_back(made.command_id);
    }
    made.digest = choose_.bits();
    made.body = choose_.one_of(bodies);
    made.time = timestamp(std::chrono::milliseconds(choose_.below(1U << 30U)));
    return made;
  }

  void append() {
    std::vector<append_request> requests(choose_.below(max_requests_ + 1));
    for (auto& request : requests) request.ids_given = choose_.chance(50);
    for (auto& request : requests) {
      const auto stream = a_stream();
      auto next = choose_.chance(85) ? version_of(stream) + 1 : choose_.below(5);
      const auto count = choose_.below(4);
      for (std::size_t i = 0; i < count; ++i) {
        request.commits.push_back(a_commit(stream, next));
        next = request.commits.back().last_version() + (choose_.chance(5) ? 2 : 1);
      }
    }
    std::vector<kept_outcome> outcomes(choose_.chance(20) ? choose_.below(3) : 0);
    for (auto& kept : outcomes) {
      kept.command_id = a_command();
      kept.digest = choose_.bits();
      kept.outcome.status = outcome_status::rejected;
      kept.outcome.stream = {"identity", "7"};
      kept.outcome.detail = "detail " + std::to_string(choose_.below(100));
      kept.time = timestamp(std::chrono::milliseconds(choose_.below(1U << 26U)));
    }
    compare("append", [&](event_log& log) {
      auto results = log.append(requests, outcomes);
      for (const auto& one : results) stored_ += one.positions.size();
      return results;
    });
  }

  void save_snapshot() {
    // Of a version that exists: a log may drop others.
    const auto stream = a_stream();
    const auto all = must(memory_.read_stream(stream, 1, 100'000));
    if (all.empty()) return;
    const auto& one = choose_.one_of(all);
    const snapshot saved{stream,
                         one.data.first_version + choose_.below(one.data.event_count),
                         one.position,
                         "schema " + std::to_string(choose_.below(3)),
                         {{"n", choose_.below(1000)}}};
    compare("save_snapshot", [&](event_log& log) { return log.save_snapshot(saved); });
  }

  random_choices choose_;
  const alphabet& names_;
  const std::size_t max_requests_;
  const opener open_other_;
  testkit::memory_event_log memory_;
  std::unique_ptr<event_log> other_;
  std::vector<std::string> commands_;
  std::size_t stored_ = 0;
};

BOOST_AUTO_TEST_SUITE(event_log_equality)

BOOST_AUTO_TEST_CASE(memory_and_sqlite_give_the_same_answers_to_every_operation) {
  std::size_t stored = 0;
  for (int round = 0; round < 3; ++round) {
    const temporary_directory directory;
    two_logs both(wild_names, 3, [&] { return must(sqlite::open_event_log(directory.path())); });
    for (int i = 0; i < 500; ++i) both.step();
    stored += both.stored();
  }
  BOOST_TEST(stored > 200U);
}

BOOST_AUTO_TEST_CASE(memory_and_jetstream_give_the_same_answers_to_every_operation) {
  const nats_server server;
  nats::connection_options where;
  where.urls = {server.url()};
  std::size_t stored = 0;
  for (int round = 0; round < 3; ++round) {
    const auto cluster = "round-" + std::to_string(round);
    two_logs both(proper_names, 1, [&] {
      return must(nats::open_event_log(must(nats::connection::open(where)), {cluster, 1}));
    });
    for (int i = 0; i < 500; ++i) both.step();
    stored += both.stored();
  }
  BOOST_TEST(stored > 200U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::contract
