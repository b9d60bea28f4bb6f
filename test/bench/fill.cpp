// Fills a data directory with a history, through the port that the node itself uses.
//
//   fill DIRECTORY ENTITIES EVENTS_EACH    users, each with one UserAdded and EVENTS_EACH - 1
//   UserModified
//
// The views' checkpoints are moved to the end without rows: what is measured then is the log's
// size, not catching up.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "actors/identity/feature.hpp"
#include "bridges/sqlite/data_directory.hpp"
#include "bridges/sqlite/sqlite_event_log.hpp"
#include "bridges/sqlite/sqlite_view_store.hpp"

namespace {

using namespace troupe;

constexpr std::uint64_t commits_per_append = 5'000;

struct person {
  std::string id;
  std::uint64_t number = 0;
};

std::string name_of(std::uint64_t user) { return "auth0|filled-" + std::to_string(user); }

std::vector<person> people(std::uint64_t count) {
  std::vector<person> all;
  all.reserve(count);
  for (std::uint64_t user = 0; user < count; ++user) {
    all.push_back({derive_id("filled", name_of(user)), user});
  }
  return all;
}

/// The ids that a node makes rise too.
std::string command_id(std::uint64_t number) {
  const auto digits = std::to_string(number);
  return "01000000-0000-7000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

commit commit_of(const person& user, version_t version, std::uint64_t number) {
  const auto name = name_of(user.number);
  const stream_id stream{"identity", user.id};
  const auto command = command_id(number);
  envelope event{derive_id("event", command),
                 version == 1 ? "UserAdded" : "UserModified",
                 {{"traceId", "fill"},
                  {"userId", name},
                  {"commandId", command},
                  {"version", version},
                  {"time", "2026-01-31T12:34:56.789Z"},
                  {"node", "fill"}},
                 {{"firstName", "Zoë " + std::to_string(version)},
                  {"lastName", "Washburne"},
                  {"picture", "https://example.com/faces/4711.png"},
                  {"locale", "en"}}};
  if (version == 1) {
    event.data.update(json{{"id", stream.id},
                           {"auth0Id", name},
                           {"email", std::to_string(user.number) + "@example.com"},
                           {"emailVerified", true}});
  }
  commit made;
  made.stream = stream;
  made.first_version = version;
  made.command_id = command;
  made.body = encode_body(std::span(&event, 1));
  return made;
}

template <class Result>
auto must(Result result) {
  if (!result) {
    std::cerr << "fill: " << result.error().message << '\n';
    std::exit(1);
  }
  return std::move(result).value();
}

void append(event_log& log, const std::vector<append_request>& requests) {
  for (const auto& one : log.append(requests, {})) {
    if (one.failure) {
      std::cerr << "fill: " << one.failure->message << '\n';
      std::exit(1);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto entities = std::strtoull(argv[2], nullptr, 10);
  const auto each = std::strtoull(argv[3], nullptr, 10);
  auto directory = must(sqlite::data_directory::open(argv[1]));
  auto log = must(sqlite::open_event_log(directory, {}));
  auto users = people(entities);
  std::vector<append_request> requests;
  std::uint64_t commits = 0;
  for (version_t version = 1; version <= each; ++version) {
    // From the second round on in the order in which the log keeps entities: a fraction of the
    // time.
    if (version == 2) std::ranges::sort(users, {}, &person::id);
    for (const auto& user : users) {
      requests.push_back({{commit_of(user, version, ++commits)}});
      if (requests.size() < commits_per_append) continue;
      append(*log, requests);
      requests.clear();
      if (!log->maintain({})) return 1;
    }
  }
  append(*log, requests);
  const auto head = must(log->head("identity"));

  auto views = must(sqlite::open_views(directory));
  const auto feature = identity::feature();
  for (const auto role : {database_role::views, database_role::microservice}) {
    auto store = must(views->open(feature.name(), role));
    if (!store->migrate(must(parse_migrations(feature.migrations(role))), migration_mode::apply))
      return 1;
    for (const auto& projection : feature.projections()) {
      if (projection.role != role) continue;
      if (!must(store->begin(projection.kernel->name(), 0, head))->commit()) return 1;
    }
  }
  std::cout << head << " commits\n";
  return 0;
}
