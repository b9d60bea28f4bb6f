#include "bridges/sqlite/log_writer.hpp"

#include <sqlite3.h>

#include <utility>

#include "bridges/sqlite/log_format.hpp"

namespace troupe::sqlite {
namespace {

/// So few that deleting them does not show in the time of an append.
constexpr std::int64_t expired_per_slice = 200;

}  // namespace

result<std::unique_ptr<log_writer>> log_writer::open(const std::filesystem::path& file,
                                                     const log_options& options) {
  std::unique_ptr<log_writer> writer(new log_writer(file, options));
  if (auto connected = writer->connect(database::mode::create); !connected) {
    return connected.error();
  }
  if (auto created = writer->create_tables(); !created) return created.error();
  return writer;
}

result<void> log_writer::connect(database::mode how) {
  auto opened = database::open(file_, how, options_.patience);
  if (!opened) return std::move(opened).error();
  if (auto known = (*opened)->identify(log_identity); !known) return std::move(known).error();
  const auto cache_kib = options_.cache_bytes >> 10U;
  // Checkpoints are left to `maintain`: within a commit they would stall everybody behind it.
  if (auto set = (*opened)->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                    "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = " +
                                    std::to_string(options_.wal_bytes) + "; PRAGMA cache_size = -" +
                                    std::to_string(cache_kib));
      !set) {
    return set;
  }
  categories_.clear();
  database_ = std::move(*opened);
  return {};
}

result<void> log_writer::create_tables() {
  if (auto begun = database_->begin(); !begun) return begun;
  const auto create = [&]() -> result<void> {
    const auto fresh = database_->identify(log_identity);
    if (!fresh) return fresh.error();
    if (!*fresh) return {};
    if (auto made = database_->execute(std::string(log_tables)); !made) return made;
    return database_->sign(log_identity);
  };
  auto created = create();
  if (created) created = database_->commit();
  database_->rollback();
  return created;
}

std::vector<append_result> log_writer::append(std::span<const append_request> requests,
                                              std::span<const kept_outcome> outcomes) {
  const std::lock_guard lock(mutex_);
  const auto count = requests.size() + outcomes.size();
  refused_ = true;
  if (!database_) {
    if (auto connected = connect(database::mode::read_write); !connected) {
      return all_failed(count, connected.error());
    }
  }
  if (in_doubt_) {
    if (auto raised = fence(); !raised) return all_failed(count, raised.error());
  }
  auto written = write(requests, outcomes);
  if (written) {
    if (auto committed = database_->commit(); committed) {
      refused_ = false;
      return std::move(*written);
    }
    return all_failed(count, commit_failed());
  }
  database_->rollback();
  categories_.clear();
  if (!database_->healthy()) database_.reset();
  return all_failed(count, written.error());
}

result<std::vector<append_result>> log_writer::write(std::span<const append_request> requests,
                                                     std::span<const kept_outcome> outcomes) {
  if (auto begun = database_->begin(); !begun) return begun.error();
  std::vector<append_result> results;
  results.reserve(requests.size() + outcomes.size());
  for (const auto& request : requests) {
    auto written = write_request(request);
    if (!written) return std::move(written).error();
    results.push_back(std::move(*written));
  }
  for (const auto& kept : outcomes) {
    if (auto written = write_outcome(kept); !written) return written.error();
    append_result answer;
    if (database_->changes() == 0) answer.failure = already_known(kept.command_id);
    results.push_back(std::move(answer));
  }
  if (expired_) {
    auto more = delete_expired();
    if (!more) return std::move(more).error();
    if (!*more) expired_.reset();
    expired_by_append_ = true;
  }
  return results;
}

result<append_result> log_writer::write_request(const append_request& request) {
  append_result answer;
  if (request.commits.empty()) answer.failure = error{errc::invalid, "an append without commits"};
  for (const auto& wanted : request.commits) {
    auto written = write_commit(wanted, request.ids_given);
    if (!written) return std::move(written).error();
    if (!*written) {
      answer.failure = std::move(*written).error();
      break;
    }
    answer.positions.push_back(**written);
  }
  return answer;
}

result<log_writer::verdict> log_writer::write_commit(const commit& wanted, bool id_given) {
  const auto& stream = wanted.stream;
  if (wanted.event_count == 0 || wanted.first_version == 0) {
    return verdict(
        error{errc::invalid, "a commit for " + stream.name() + " needs an event and a version"});
  }
  const auto duplicate = [&] { return verdict(already_known(wanted.command_id)); };
  if (id_given) {
    auto known = known_outcome(wanted.command_id);
    if (!known) return std::move(known).error();
    if (*known) return duplicate();
  }
  auto found = find_category(stream.category);
  if (!found) return std::move(found).error();
  auto& [category, head] = **found;

  version_t last = 0;
  {
    auto probe = database_->prepare(
        "SELECT first_version + events - 1 FROM streams WHERE category = ?1 AND id = ?2 "
        "ORDER BY first_version DESC LIMIT 1");
    if (!probe) return std::move(probe).error();
    auto row = probe->bind(0, category).bind(1, stream.id).step();
    if (!row) return std::move(row).error();
    if (*row) last = probe->unsigned_integer(0);
  }
  if (last != wanted.first_version - 1) {
    auto known = known_command(wanted.command_id);
    if (!known) return std::move(known).error();
    if (*known) return duplicate();
    return verdict(error{errc::conflict, stream.name() + " is at version " + std::to_string(last) +
                                             ", not at " +
                                             std::to_string(wanted.first_version - 1)});
  }

  const position_t position = head + 1;
  {
    // The only constraint that can be violated here is the uniqueness of command ids.
    auto insert =
        database_->prepare("INSERT OR IGNORE INTO commits VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    if (!insert) return std::move(insert).error();
    insert->bind(0, place_of(category, position))
        .bind(1, stream.id)
        .bind(2, clamped(wanted.first_version))
        .bind(3, std::int64_t{wanted.event_count})
        .bind(4, wanted.command_id)
        .bind(5, static_cast<std::int64_t>(wanted.digest))
        .bind(6, millis(wanted.time))
        .bind(7, wanted.body);
    if (auto inserted = insert->run(); !inserted) return inserted.error();
    if (database_->changes() == 0) return duplicate();
  }
  auto insert = database_->prepare("INSERT INTO streams VALUES (?1, ?2, ?3, ?4, ?5)");
  if (!insert) return std::move(insert).error();
  insert->bind(0, category)
      .bind(1, stream.id)
      .bind(2, clamped(wanted.first_version))
      .bind(3, std::int64_t{wanted.event_count})
      .bind(4, clamped(position));
  if (auto inserted = insert->run(); !inserted) return inserted.error();
  head = position;
  return verdict(position);
}

result<bool> log_writer::known_command(const std::string& command_id) {
  auto probe = database_->prepare("SELECT 1 FROM commits WHERE command_id = ?1");
  if (!probe) return std::move(probe).error();
  return probe->bind(0, command_id).step();
}

result<bool> log_writer::known_outcome(const std::string& command_id) {
  auto probe = database_->prepare("SELECT 1 FROM outcomes WHERE command_id = ?1");
  if (!probe) return std::move(probe).error();
  return probe->bind(0, command_id).step();
}

result<log_writer::category_end*> log_writer::find_category(const std::string& name) {
  if (const auto known = categories_.find(name); known != categories_.end()) return &known->second;
  {
    auto insert = database_->prepare("INSERT OR IGNORE INTO categories (name) VALUES (?1)");
    if (!insert) return std::move(insert).error();
    if (auto inserted = insert->bind(0, name).run(); !inserted) return inserted.error();
  }
  category_end found;
  {
    auto query = database_->prepare("SELECT number FROM categories WHERE name = ?1");
    if (!query) return std::move(query).error();
    auto row = query->bind(0, name).step();
    if (!row) return std::move(row).error();
    found.number = query->integer(0);
  }
  auto query = database_->prepare("SELECT max(place) FROM commits WHERE place BETWEEN ?1 AND ?2");
  if (!query) return std::move(query).error();
  auto row = query->bind(0, place_of(found.number, 0))
                 .bind(1, place_of(found.number, max_position))
                 .step();
  if (!row) return std::move(row).error();
  if (!query->is_null(0)) found.head = position_of(query->integer(0));
  return &categories_.emplace(name, found).first->second;
}

result<void> log_writer::write_outcome(const kept_outcome& kept) {
  auto insert = database_->prepare(
      "INSERT OR IGNORE INTO outcomes (command_id, digest, time, outcome) "
      "VALUES (?1, ?2, ?3, ?4)");
  if (!insert) return std::move(insert).error();
  const auto text = to_json(kept.outcome).dump(-1, ' ', false, json::error_handler_t::replace);
  insert->bind(0, kept.command_id)
      .bind(1, static_cast<std::int64_t>(kept.digest))
      .bind(2, millis(kept.time))
      .bind(3, text);
  return insert->run();
}

error log_writer::commit_failed() {
  auto problem = database_->failure();
  // A full disk refused the page that would have marked the commit as whole: recovery cannot bring
  // it back.
  const bool full = database_->failure_code() == SQLITE_FULL;
  database_->rollback();
  categories_.clear();
  if (full) return problem;
  in_doubt_ = true;
  if (fence()) return problem;
  return {errc::in_doubt, "it is not known whether the commit is stored: " + problem.message};
}

result<void> log_writer::fence() {
  // On a connection that stays open: closing and opening could make the pages in doubt part of the
  // log.
  database_->rollback();
  auto raised = database_->execute("UPDATE fence SET raised = raised + 1");
  if (raised) in_doubt_ = false;
  database_->rollback();
  return raised;
}

result<void> log_writer::settled() {
  if (!in_doubt_) return {};
  const std::lock_guard lock(mutex_);
  if (!in_doubt_) return {};
  return fence();
}

result<void> log_writer::writable() {
  const std::lock_guard lock(mutex_);
  if (!refused_) return {};
  if (!database_) {
    if (auto connected = connect(database::mode::read_write); !connected) return connected;
  }
  auto tried = fence();
  if (tried) {
    refused_ = false;
  } else if (!database_->healthy()) {
    database_.reset();
  }
  return tried;
}

result<bool> log_writer::delete_expired() {
  auto erase = database_->prepare(
      "DELETE FROM outcomes WHERE number IN "
      "(SELECT number FROM (SELECT number, time FROM outcomes ORDER BY number LIMIT ?2) "
      "WHERE time < ?1)");
  if (!erase) return std::move(erase).error();
  erase->bind(0, millis(*expired_)).bind(1, expired_per_slice);
  if (auto erased = erase->run(); !erased) return erased.error();
  return database_->changes() > 0;
}

result<void> log_writer::expire_outcomes(timestamp before) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || !database_ || in_doubt_) return {};
  expired_ = before;
  // While commits come in, deleting rides on their fsync.
  if (std::exchange(expired_by_append_, false)) return {};
  auto erased = expire_now();
  database_->rollback();
  return erased;
}

result<void> log_writer::expire_now() {
  if (auto begun = database_->begin(); !begun) return begun;
  auto more = delete_expired();
  if (!more) return std::move(more).error();
  if (!*more) {
    expired_.reset();
    return {};
  }
  return database_->commit();
}

}  // namespace troupe::sqlite
