#include "bridges/nats/log_writer.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "bridges/nats/growth_watch.hpp"

namespace troupe::nats {
namespace {

/// Room for the headers of a commit.
constexpr std::size_t header_bytes = 1024;
constexpr auto pause_between_tries = std::chrono::milliseconds(20);

monotonic_time now() { return std::chrono::steady_clock::now(); }

}  // namespace

/// The requests of one `append`, as chains: the commits of one entity, whoever requested them, in
/// their order.
class log_writer::batch {
 public:
  batch(log_writer& writer, std::span<const append_request> requests)
      : writer_(writer), requests_(requests), results_(requests.size()) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (requests[i].commits.empty()) fail(i, {errc::invalid, "an append without commits"});
      for (const auto& one : requests[i].commits) {
        const auto [known, fresh] = by_entity_.try_emplace(one.stream, chains_.size());
        if (fresh) chains_.emplace_back();
        chains_[known->second].waiting.push_back({i, &one});
      }
    }
  }

  /// The next commit of each entity that has one; empty at the end. A command id is in a wave once.
  std::vector<publish> next_wave() {
    std::vector<publish> wave;
    owners_.clear();
    std::set<std::string> ids;
    for (auto& one : chains_) {
      while (one.next < one.waiting.size()) {
        const auto [request, what] = one.waiting[one.next];
        if (!results_[request].failure) {
          if (ids.contains(what->command_id)) break;
          auto at = check(*what, requests_[request].ids_given);
          if (at) {
            ids.insert(what->command_id);
            wave.push_back(
                {what, at->sequence, {}, {}, 0, requests_[request].ids_given, false, false, {}});
            owners_.push_back(request);
            ++one.next;
            break;
          }
          fail(request, std::move(at).error());
        }
        ++one.next;
      }
    }
    return wave;
  }

  void take(const std::vector<publish>& wave) {
    for (std::size_t i = 0; i < wave.size(); ++i) {
      if (wave[i].failure) {
        fail(owners_[i], *wave[i].failure);
      } else {
        results_[owners_[i]].positions.push_back(wave[i].position);
        auto& head = heads_[wave[i].what->stream.category];
        head = std::max(head, wave[i].position);
      }
    }
  }

  [[nodiscard]] const std::map<std::string, position_t>& heads() const { return heads_; }
  [[nodiscard]] std::vector<append_result> results() && { return std::move(results_); }

 private:
  struct chain {
    std::vector<std::pair<std::size_t, const commit*>> waiting;
    std::size_t next = 0;
  };

  void fail(std::size_t request, error why) { results_[request].failure = std::move(why); }

  /// Where the commit goes, or why it is refused without asking the broker to store it.
  result<place> check(const commit& wanted, bool id_given) {
    if (auto named = check_names(wanted); !named) return named.error();
    if (wanted.body.size() + header_bytes > writer_.broker_->max_payload()) {
      return error{errc::invalid,
                   "a commit of " + std::to_string(wanted.body.size()) +
                       " bytes is more than the broker takes; raise its max_payload"};
    }
    auto newest = writer_.newest_place(wanted.stream, wanted.first_version - 1);
    if (!newest) return newest;
    if (newest->version == wanted.first_version - 1) return newest;
    auto before = writer_.index_.find(wanted.command_id);
    if (!before) return std::move(before).error();
    bool known = before->has_value();
    if (!known && id_given) {
      auto kept = writer_.outcomes_.has(wanted.command_id);
      if (!kept) return std::move(kept).error();
      known = *kept;
    }
    if (known) return already_known(wanted.command_id);
    return error{errc::conflict, wanted.stream.name() + " is at version " +
                                     std::to_string(newest->version) + ", not at " +
                                     std::to_string(wanted.first_version - 1)};
  }

  log_writer& writer_;
  const std::span<const append_request> requests_;
  std::vector<append_result> results_;
  std::map<stream_id, std::size_t> by_entity_;
  std::vector<chain> chains_;
  std::vector<std::size_t> owners_;  ///< The requests that the present wave's commits belong to.
  std::map<std::string, position_t> heads_;
};

log_writer::log_writer(std::shared_ptr<connection> broker, names called, streams& all,
                       stored_messages& messages, command_index& index, category_reader& categories,
                       places& newest, kept_outcomes& outcomes, std::string own_name)
    : broker_(std::move(broker)),
      names_(std::move(called)),
      streams_(all),
      messages_(messages),
      index_(index),
      categories_(categories),
      newest_(newest),
      outcomes_(outcomes),
      own_name_(std::move(own_name)) {}

std::vector<append_result> log_writer::append(std::span<const append_request> requests,
                                              std::span<const kept_outcome> outcomes) {
  const std::lock_guard lock(mutex_);
  const auto count = requests.size() + outcomes.size();
  if (auto ready = settle(); !ready) return all_failed(count, ready.error());
  if (auto opened = open_window(); !opened) return all_failed(count, opened.error());
  const auto deadline = now() + broker_->options().patience;
  batch work(*this, requests);
  for (auto wave = work.next_wave(); !wave.empty(); wave = work.next_wave()) {
    std::vector<command_index::wanted> fresh;
    for (auto& one : wave) {
      if (auto in = streams_.find_or_make(one.what->stream.category); !in) {
        one.failure = std::move(in).error();
      } else if (now() >= deadline) {
        one.failure = error{errc::unavailable, "the broker is too slow; nothing was stored"};
      } else if (one.what->fresh_id) {
        fresh.push_back({one.what, one.previous});
      }
    }
    claim(wave, deadline);
    publish_all(wave, index_.entries(fresh), deadline);
    remember_refusals(wave);
    work.take(wave);
  }
  // Behind the commits, so that the two of one call do not judge each other.
  auto kept = keep(outcomes);
  for (const auto& [category, head] : work.heads())
    tell_growth(*broker_, names_, own_name_, category, head);
  auto results = std::move(work).results();
  std::ranges::move(kept, std::back_inserter(results));
  return results;
}

std::vector<append_result> log_writer::keep(std::span<const kept_outcome> outcomes) {
  std::vector<append_result> results(outcomes.size());
  std::vector<outgoing> messages;
  std::vector<std::size_t> owners;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    // What cannot be a command's id cannot come again.
    if (!check_command_id(outcomes[i].command_id)) continue;
    messages.push_back(outcomes_.to_message(outcomes[i]));
    owners.push_back(i);
  }
  if (messages.empty()) return results;
  for (const auto i : owners) messages.push_back(index_.mark(outcomes[i]));
  auto answers = window_->exchange(messages, now() + broker_->options().answer_timeout);
  for (std::size_t i = 0; i < owners.size(); ++i) {
    using verdict = publish_reply::verdict;
    const auto reply = read_publish_reply(answers[i]);
    const auto marked = read_publish_reply(answers[owners.size() + i]);
    auto& failure = results[owners[i]].failure;
    if (reply.what == verdict::conflict || reply.what == verdict::repeated) {
      failure = already_known(outcomes[owners[i]].command_id);
    } else if (reply.what != verdict::stored) {
      failure = error{errc::unavailable, "the bucket of outcomes: " + reply.detail};
    } else if (marked.what == verdict::unknown || marked.what == verdict::refused) {
      failure = error{errc::unavailable, "the bucket of command ids: " + marked.detail};
    }
  }
  return results;
}

void log_writer::claim(std::vector<publish>& wave, monotonic_time deadline) {
  std::vector<command_index::wanted> claims;
  std::vector<publish*> claimants;
  for (auto& one : wave) {
    if (one.failure || one.what->fresh_id) continue;
    claims.push_back({one.what, one.previous, one.id_given});
    claimants.push_back(&one);
  }
  if (claims.empty()) return;
  auto refused = index_.claim(*window_, claims, deadline);
  for (std::size_t i = 0; i < claimants.size(); ++i) claimants[i]->failure = std::move(refused[i]);
}

result<void> log_writer::open_window() {
  if (auto connected = broker_->connected(); !connected) return connected;
  if (window_ && !window_->ended()) return {};
  auto opened = request_window::open(broker_);
  if (!opened) return opened.error();
  window_ = std::move(*opened);
  return {};
}

result<place> log_writer::newest_place(const stream_id& entity, version_t expected) {
  // Places only move on: what is known to be beyond is beyond, and a new entity's first commit
  // needs no look, since the broker compares.
  if (const auto known = newest_.find(entity); known && known->version >= expected) return *known;
  if (expected == 0) return place{};
  auto in = streams_.find(entity.category);
  if (!in) return std::move(in).error();
  if (!*in) return place{};
  auto last = messages_.last(**in, names_.events(entity));
  if (!last) return std::move(last).error();
  if (!*last) return place{};
  const auto read = from_message(**last, entity.category, entity.id);
  if (!read.whole) {
    return error{errc::corrupt, "the message at position " + std::to_string((*last)->sequence) +
                                    " of " + entity.name() + " is not this runtime's"};
  }
  const place found{read.recorded.data.last_version(), (*last)->sequence};
  newest_.learn(entity, found);
  return found;
}

void log_writer::publish_all(std::vector<publish>& wave, std::vector<outgoing> alongside,
                             monotonic_time deadline) {
  for (auto& one : wave) {
    one.settled = one.failure.has_value();
    if (one.settled) continue;
    one.message = nats::to_message(names_, *one.what, one.previous);
    expect_last(one.message, one.previous);
  }
  for (;;) {
    std::vector<publish*> open;
    std::vector<outgoing> messages;
    for (auto& one : wave) {
      if (one.settled) continue;
      open.push_back(&one);
      messages.push_back(one.message);
    }
    std::ranges::move(std::exchange(alongside, {}), std::back_inserter(messages));
    if (messages.empty()) return;
    const auto answers = window_->exchange(
        messages, std::min<monotonic_time>(deadline, now() + broker_->options().answer_timeout));
    for (std::size_t i = 0; i < open.size(); ++i) take(*open[i], read_publish_reply(answers[i]));
    if (std::ranges::all_of(wave, &publish::settled)) return;
    if (!broker_->await_connected(deadline) || now() >= deadline) break;
    if (window_->ended()) {
      // A new one is asked as soon as the broker is back.
      if (!open_window()) break;
    } else {
      broker_->pause(pause_between_tries);
    }
  }
  for (auto& one : wave) {
    if (one.settled) continue;
    one.failure = error{errc::in_doubt,
                        "it is not known whether the commit is stored: the broker "
                        "did not answer in time"};
    auto copy = std::make_unique<const commit>(*one.what);
    auto doubtful = one;
    doubtful.what = copy.get();
    doubtful.failure.reset();
    doubtful_.emplace_back(std::move(copy), std::move(doubtful));
    in_doubt_ = true;
  }
}

void log_writer::take(publish& one, const publish_reply& reply) {
  using verdict = publish_reply::verdict;
  const auto& stream = one.what->stream;
  const auto fail = [&](errc code, const std::string& why) {
    one.failure = error{code, why};
    one.settled = true;
  };
  one.doubt = reply.detail;
  switch (reply.what) {
    case verdict::unknown:
      one.maybe_stored = true;
      forget_message_id(one.message);
      return;
    case verdict::refused:
      // Said of this try; an earlier one may have come through.
      if (!one.maybe_stored) fail(errc::unavailable, stream.name() + ": " + reply.detail);
      return;
    case verdict::stored:
      break;
    case verdict::repeated:
    case verdict::conflict:
      newest_.forget(stream);
      if (one.maybe_stored) {
        look_behind(one);
      } else if (reply.what == verdict::repeated) {
        one.failure = already_known(one.what->command_id);
        one.settled = true;
      } else {
        fail(errc::conflict, stream.name() + " has moved on: " + reply.detail);
      }
      return;
  }
  one.settled = true;
  one.position = reply.position;
  newest_.learn(stream, {one.what->last_version(), reply.position});
  categories_.learn(*one.what, reply.position);
}

void log_writer::look_behind(publish& one) {
  const auto& stream = one.what->stream;
  auto in = streams_.find(stream.category);
  if (!in || !*in) return;
  auto found = messages_.next(**in, names_.events(stream), one.previous + 1);
  if (!found) {
    one.doubt = found.error().message;
    return;
  }
  one.settled = true;
  if (*found) {
    const auto read = from_message(**found, stream.category, stream.id);
    auto own = *one.what;
    own.fresh_id = false;
    if (read.recorded.data == own) {
      one.position = (*found)->sequence;
      newest_.learn(stream, {one.what->last_version(), one.position});
      categories_.learn(*one.what, one.position);
      return;
    }
    if (read.recorded.data.command_id != one.what->command_id) {
      one.failure = error{errc::conflict, stream.name() + " has moved on"};
      return;
    }
  }
  // The broker knows the id, but not from this commit.
  one.failure = already_known(one.what->command_id);
}

result<void> log_writer::settle() {
  if (doubtful_.empty()) return {};
  if (auto opened = open_window(); !opened) return opened;
  std::vector<outgoing> messages;
  messages.reserve(doubtful_.size());
  for (const auto& [what, one] : doubtful_) messages.push_back(one.message);
  const auto answers = window_->exchange(messages, now() + broker_->options().answer_timeout);
  for (std::size_t i = 0; i < doubtful_.size(); ++i)
    take(doubtful_[i].second, read_publish_reply(answers[i]));
  std::erase_if(doubtful_, [](const auto& one) { return one.second.settled; });
  in_doubt_ = !doubtful_.empty();
  if (!in_doubt_) return {};
  return error{errc::unavailable, "it is not yet known what became of " +
                                      std::to_string(doubtful_.size()) +
                                      " commits that the broker did not acknowledge (" +
                                      doubtful_.front().second.doubt + "); try again"};
}

result<void> log_writer::settled() {
  if (!in_doubt_) return {};
  const std::lock_guard lock(mutex_);
  return settle();
}

void log_writer::remember_refusals(const std::vector<publish>& wave) {
  for (const auto& one : wave) {
    if (!one.failure) {
      refused_.reset();
    } else if (one.failure->code == errc::unavailable) {
      refused_.emplace(one.what->stream.category, one.what->body.size() + header_bytes);
    }
  }
}

result<void> log_writer::writable() {
  const std::lock_guard lock(mutex_);
  if (auto ready = settle(); !ready || !refused_) return ready;
  if (auto opened = open_window(); !opened) return opened;
  const auto& [category, bytes] = *refused_;
  if (auto room = streams_.room_for(bytes, category); !room) return room;
  // Only a message that is stored shows that one can be: as large a one, which goes by itself.
  const auto probe = outcomes_.room_probe(bytes);
  const auto reply =
      read_publish_reply(window_->exchange(probe, now() + broker_->options().answer_timeout));
  if (reply.what != publish_reply::verdict::stored) return error{errc::unavailable, reply.detail};
  refused_.reset();
  return {};
}

}  // namespace troupe::nats
