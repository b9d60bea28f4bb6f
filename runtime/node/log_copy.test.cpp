#include "runtime/node/log_copy.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

#include "runtime/node/content_hash.hpp"
#include "runtime/testkit/memory_event_log.hpp"

namespace troupe {
namespace {

using testkit::memory_event_log;

const std::string category = "counting";

commit made(const std::string& entity, version_t version, std::uint32_t events = 1,
            std::size_t bytes = 2) {
  return {{category, entity},
          version,
          events,
          entity + '-' + std::to_string(version),
          version * 7,
          std::string(bytes, 'x'),
          timestamp(std::chrono::milliseconds(1'700'000'000'000 + version))};
}

void append(event_log& log, commit one) {
  const append_request request{{std::move(one)}};
  const auto answer = log.append({&request, 1}, {}).front();
  BOOST_REQUIRE(!answer.failure);
}

/// Three entities whose commits are interleaved, with runs of one entity and commits of several
/// events among them.
void fill(event_log& log, version_t rounds) {
  for (version_t round = 0; round < rounds; ++round) {
    append(log, made("a", 3 * round + 1, 2));
    append(log, made("a", 3 * round + 3));
    append(log, made("b", round + 1));
    if (round % 3 == 0) append(log, made("c-" + std::to_string(round), 1));
  }
}

std::vector<commit> all_of(event_log& log) {
  std::vector<commit> all;
  for (auto& one : log.read_category(category, 0, 1'000'000).value()) all.push_back(one.data);
  return all;
}

/// Stores what one `append` brings as JetStream does: in waves, the first waiting commit of each
/// entity, then the second ones; with positions between which others lie. Fails when told to.
class waves final : public memory_event_log {
 public:
  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes) override {
    ++appends;
    std::vector<append_result> results(requests.size());
    for (std::size_t wave = 0, open = 1; open > 0; ++wave) {
      open = 0;
      for (std::size_t i = 0; i < requests.size(); ++i) {
        if (wave >= requests[i].commits.size() || results[i].failure) continue;
        ++open;
        if (stored == room) {
          results[i].failure = error{errc::unavailable, "it is full"};
          continue;
        }
        const append_request one{{requests[i].commits[wave]}};
        auto answer = memory_event_log::append({&one, 1}, outcomes).front();
        if (answer.failure) {
          results[i].failure = answer.failure;
        } else {
          results[i].positions.push_back(answer.positions.front());
          ++stored;
        }
      }
    }
    return results;
  }

  std::size_t room = 1'000'000;
  std::size_t stored = 0;
  std::size_t appends = 0;
};

/// One copy with all its steps; the error of the first step that failed.
struct outcome {
  std::optional<error> failure;
  copied_category one;
};

outcome copy(event_log& source, event_log& target) {
  log_copy work(source, target, [](const copy_progress&) {});
  if (auto compared = work.compare(category); !compared) return {compared.error(), {}};
  auto& one = work.categories().front();
  if (auto stored = work.store(one); !stored) return {stored.error(), one};
  if (auto equal = work.verify(one); !equal) return {equal.error(), one};
  return {std::nullopt, one};
}

void refuses(const outcome& done, errc code, const std::string& words) {
  BOOST_REQUIRE(done.failure);
  BOOST_TEST(to_string(done.failure->code) == to_string(code));
  BOOST_TEST(done.failure->message.find(words) != std::string::npos, done.failure->message);
}

BOOST_AUTO_TEST_SUITE(log_copies)

BOOST_AUTO_TEST_CASE(a_copy_holds_the_same_commits_in_the_same_order) {
  memory_event_log source;
  fill(source, 500);
  waves target;
  const auto done = copy(source, target);
  BOOST_REQUIRE(!done.failure);
  BOOST_TEST((all_of(target) == all_of(source)));
  BOOST_TEST(done.one.commits == 1667U);
  BOOST_TEST(done.one.events == 2167U);
  BOOST_TEST(done.one.entities == 169U);
  BOOST_TEST(done.one.present == 0U);
  BOOST_TEST(done.one.target_position == 1667U);
  content_hash expected;
  for (const auto& one : all_of(source)) expected.add(one);
  BOOST_TEST(done.one.content == expected.text());
}

BOOST_AUTO_TEST_CASE(commits_of_many_entities_share_appends) {
  memory_event_log source;
  for (int i = 0; i < 1000; ++i) append(source, made("e" + std::to_string(i), 1));
  for (version_t version = 1; version <= 100; ++version) append(source, made("hot", version));
  waves target;
  BOOST_REQUIRE(!copy(source, target).failure);
  BOOST_TEST(target.appends <= 5U);
}

BOOST_AUTO_TEST_CASE(a_large_commit_goes_alone_so_that_nothing_is_stored_behind_it) {
  memory_event_log source;
  append(source, made("a", 1));
  append(source, made("b", 1, 1, 300'000));
  append(source, made("c", 1));
  waves target;
  BOOST_REQUIRE(!copy(source, target).failure);
  BOOST_TEST(target.appends == 3U);
}

BOOST_AUTO_TEST_CASE(a_copy_that_was_cut_off_goes_on_where_the_target_ends) {
  for (const std::size_t room : {0U, 1U, 2U, 3U, 300U, 1666U}) {
    memory_event_log source;
    fill(source, 500);
    waves target;
    target.room = room;
    const auto first = copy(source, target);
    refuses(first, errc::unavailable, "run the same command again");
    BOOST_TEST(target.head(category).value() == room);
    target.room = 1'000'000;
    const auto second = copy(source, target);
    BOOST_REQUIRE(!second.failure);
    BOOST_TEST(second.one.present == room);
    BOOST_TEST(second.one.commits == 1667U);
    BOOST_TEST((all_of(target) == all_of(source)));
  }
}

BOOST_AUTO_TEST_CASE(what_the_source_got_since_is_added_by_the_next_copy) {
  memory_event_log source;
  fill(source, 3);
  waves target;
  const auto first = copy(source, target);
  append(source, made("late", 1));
  const auto second = copy(source, target);
  BOOST_REQUIRE(!second.failure);
  BOOST_TEST(second.one.commits == first.one.commits + 1);
  BOOST_TEST(second.one.present == first.one.commits);
  BOOST_TEST(first.one.content != second.one.content);
  const auto third = copy(source, target);
  BOOST_TEST(third.one.content == second.one.content);
}

BOOST_AUTO_TEST_CASE(a_target_with_other_data_is_refused_and_left_alone) {
  memory_event_log source;
  fill(source, 3);
  const auto with = [&](auto change) {
    auto target = std::make_unique<memory_event_log>();
    append(*target, all_of(source)[0]);
    auto second = all_of(source)[1];
    change(second);
    append(*target, second);
    return target;
  };
  const std::vector<std::pair<std::string, std::function<void(commit&)>>> changes = {
      {"another command id", [](commit& one) { one.command_id = "other"; }},
      {"another digest", [](commit& one) { one.digest += 1; }},
      {"another time", [](commit& one) { one.time += std::chrono::milliseconds(1); }},
      {"another body", [](commit& one) { one.body += ' '; }},
      {"another number of events", [](commit& one) { one.event_count = 2; }},
      {"another stream", [](commit& one) { one = made("z", 1); }},
  };
  for (const auto& [what, change] : changes) {
    const auto target = with(change);
    const auto done = copy(source, *target);
    refuses(done, errc::conflict, what);
    refuses(done, errc::conflict, "it holds other data; choose an empty target");
    BOOST_TEST(target->head(category).value() == 2U);
  }
}

BOOST_AUTO_TEST_CASE(a_target_that_goes_on_behind_the_source_is_refused) {
  memory_event_log source;
  fill(source, 3);
  memory_event_log target;
  BOOST_REQUIRE(!copy(source, target).failure);
  append(target, made("z", 1));
  refuses(copy(source, target), errc::conflict,
          "holds more of category 'counting' than the source, from version 1 of counting.z at "
          "position 11");
}

BOOST_AUTO_TEST_CASE(a_copy_in_another_order_is_told_from_other_data) {
  memory_event_log source;
  append(source, made("a", 1));
  append(source, made("b", 1));
  memory_event_log target;
  append(target, made("b", 1));
  refuses(copy(source, target), errc::conflict, "stored in another order; remove it");
}

/// Lets a test get at what is read and stored.
class intercepted final : public memory_event_log {
 public:
  result<std::vector<recorded_commit>> read_category(const std::string& of, position_t from,
                                                     std::size_t limit) override {
    auto read = memory_event_log::read_category(of, from, limit);
    if (from > unreadable_behind) return error{errc::corrupt, "a page is damaged"};
    if (change && read) change(*read);
    return read;
  }
  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes) override {
    auto answers = memory_event_log::append(requests, outcomes);
    if (stored) stored(answers);
    return answers;
  }

  std::function<void(std::vector<recorded_commit>&)> change;
  std::function<void(std::vector<append_result>&)> stored;
  position_t unreadable_behind = 1'000'000;
};

BOOST_AUTO_TEST_CASE(a_source_that_cannot_be_read_is_named_with_the_position) {
  intercepted source;
  fill(source, 500);
  source.unreadable_behind = 500;
  memory_event_log target;
  refuses(copy(source, target), errc::corrupt,
          "the source cannot be read in category 'counting' behind position 512: a page is "
          "damaged");
}

BOOST_AUTO_TEST_CASE(events_that_the_source_has_lost_are_not_passed_over) {
  intercepted source;
  fill(source, 3);
  source.change = [](auto& read) {
    std::erase_if(read, [](const auto& one) { return one.data.command_id == "a-4"; });
  };
  memory_event_log target;
  refuses(copy(source, target), errc::conflict, "version 6 of counting.a does not fit");
}

BOOST_AUTO_TEST_CASE(messages_of_others_are_not_copied_in_silence) {
  intercepted source;
  fill(source, 3);
  source.change = [](auto& read) {
    if (read.size() > 2) read[2].data.first_version = 0;
  };
  memory_event_log target;
  refuses(copy(source, target), errc::corrupt,
          "the message at position 3 of counting.b in the source is not this runtime's");
}

BOOST_AUTO_TEST_CASE(what_differs_when_it_is_read_back_is_found) {
  memory_event_log source;
  fill(source, 3);
  intercepted target;
  target.change = [](auto& read) {
    if (read.size() > 4) read[4].data.body = "y";
  };
  refuses(copy(source, target), errc::corrupt,
          "the target differs from the source in the body of version 4 of counting.a at position "
          "5");
  target.change = [](auto& read) {
    if (!read.empty()) read.pop_back();
  };
  intercepted shortened;
  shortened.change = target.change;
  refuses(copy(source, shortened), errc::corrupt, "lacks a commit of the source");
}

BOOST_AUTO_TEST_CASE(a_target_that_stores_in_another_order_is_given_up) {
  memory_event_log source;
  fill(source, 3);
  intercepted target;
  target.stored = [](auto& answers) {
    if (answers.size() > 1) std::swap(answers[0].positions, answers[1].positions);
  };
  append(source, made("x", 1));
  refuses(copy(source, target), errc::corrupt, "in another order than they were sent in");
}

BOOST_AUTO_TEST_CASE(progress_is_told_for_each_step_and_ends_at_its_end) {
  memory_event_log source;
  fill(source, 1000);
  memory_event_log target;
  std::vector<copy_progress> told;
  for (int i = 0; i < 2; ++i) {
    log_copy work(source, target, [&](const copy_progress& now) { told.push_back(now); });
    BOOST_REQUIRE(work.compare(category));
    BOOST_REQUIRE(work.store(work.categories().front()));
    BOOST_REQUIRE(work.verify(work.categories().front()));
  }
  for (const auto step : {copy_progress::step::comparing, copy_progress::step::copying,
                          copy_progress::step::verifying}) {
    const auto of_step = [&](const copy_progress& one) { return one.now == step; };
    BOOST_TEST(std::ranges::count_if(told, of_step) >= 2);
  }
  for (const auto& one : told) BOOST_TEST(one.position <= one.end);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
