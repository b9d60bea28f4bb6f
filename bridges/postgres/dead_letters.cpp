#include "bridges/postgres/dead_letters.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "bridges/postgres/column.hpp"
#include "bridges/postgres/parameters.hpp"

namespace troupe::postgres {
namespace {

std::string storable(std::string text) {
  if (is_storable(text)) return text;
  std::ranges::replace(text, '\0', ' ');
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace))
      .get<std::string>();
}

std::string clamped_text(std::uint64_t value) {
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  return std::to_string(std::min(value, largest));
}

/// An array parameter of one member of all letters.
template <class Member>
std::string array_of(std::span<const dead_letter> letters, Member&& member) {
  array_text values;
  for (const auto& letter : letters) values.add(storable(member(letter)));
  return std::move(values).text();
}

}  // namespace

void park(pqxx::transaction_base& work, const std::string& owner,
          std::span<const dead_letter> letters) {
  if (letters.empty()) return;
  parameters values;
  const auto whose = values.add(owner);
  const auto count = values.add(std::to_string(letters.size()));
  std::string arrays;
  const auto column = [&](const char* type, auto member) {
    arrays += (arrays.empty() ? "" : ", ") + values.add(array_of(letters, member)) + "::" + type;
  };
  column("text[]", [](const dead_letter& one) { return one.projector; });
  column("text[]", [](const dead_letter& one) { return one.key; });
  column("text[]", [](const dead_letter& one) { return one.stream.category; });
  column("text[]", [](const dead_letter& one) { return one.stream.id; });
  column("bigint[]", [](const dead_letter& one) { return clamped_text(one.position); });
  column("bigint[]", [](const dead_letter& one) { return clamped_text(one.version); });
  column("text[]", [](const dead_letter& one) { return one.event_id; });
  column("text[]", [](const dead_letter& one) { return one.type; });
  column("text[]", [](const dead_letter& one) { return one.reason; });
  column("timestamptz[]", [](const dead_letter& one) { return format_time(one.time); });
  values.run(work,
             "WITH taken AS (INSERT INTO troupe_dead_letter_numbers AS n (owner, last) VALUES (" +
                 whose + ", " + count +
                 "::bigint) ON CONFLICT (owner) DO UPDATE SET last = n.last + excluded.last "
                 "RETURNING last) "
                 "INSERT INTO troupe_dead_letters (owner, id, projector, key, category, entity, "
                 "position, version, event_id, type, reason, time) "
                 "SELECT " +
                 whose + ", taken.last - " + count +
                 "::bigint + l.place, l.projector, l.key, l.category, l.entity, l.position, "
                 "l.version, l.event_id, l.type, l.reason, l.time FROM taken, unnest(" +
                 arrays +
                 ") WITH ORDINALITY AS l (projector, key, category, entity, position, version, "
                 "event_id, type, reason, time, place)");
}

bool unpark(pqxx::transaction_base& work, const std::string& owner, const std::string& projector,
            std::span<const std::uint64_t> ids) {
  const std::set<std::uint64_t> wanted(ids.begin(), ids.end());
  array_text list;
  for (const auto id : wanted) list.add(clamped_text(id));
  parameters values;
  const auto whose = values.add(owner);
  const auto whom = values.add(projector);
  const auto which = values.add(std::move(list).text());
  const auto taken =
      values.run(work, "DELETE FROM troupe_dead_letters WHERE owner = " + whose +
                           " AND projector = " + whom + " AND id = ANY (" + which + "::bigint[])");
  return taken.affected_rows() == wanted.size();
}

result<std::vector<dead_letter>> read_letters(pqxx::transaction_base& reader,
                                              const std::string& owner,
                                              const std::string& projector, std::uint64_t after,
                                              std::size_t limit) {
  parameters values;
  std::string statement =
      "SELECT id, projector, key, category, entity, position, version, event_id, type, reason, "
      "time "
      "FROM troupe_dead_letters WHERE owner = " +
      values.add(owner) + " AND id > " + values.add(clamped_text(after));
  if (!projector.empty()) statement += " AND projector = " + values.add(projector);
  statement += " ORDER BY id LIMIT " + values.add(clamped_text(limit));
  std::vector<dead_letter> letters;
  for (const auto& row : values.run(reader, statement)) {
    const auto time = parse_time(time_text(row[10].c_str()));
    if (!time) return time.error();
    letters.push_back({row[0].as<std::uint64_t>(),
                       row[1].c_str(),
                       row[2].c_str(),
                       {row[3].c_str(), row[4].c_str()},
                       row[5].as<std::uint64_t>(),
                       row[6].as<std::uint64_t>(),
                       row[7].c_str(),
                       row[8].c_str(),
                       row[9].c_str(),
                       *time});
  }
  return letters;
}

}  // namespace troupe::postgres
