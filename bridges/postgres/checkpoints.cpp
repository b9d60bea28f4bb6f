#include "bridges/postgres/checkpoints.hpp"

#include <cstdint>
#include <limits>

namespace troupe::postgres {
namespace {

/// PostgreSQL's integers end earlier than ours; no position is beyond either end.
std::int64_t clamped(position_t position) {
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  return position > static_cast<std::uint64_t>(largest) ? largest
                                                        : static_cast<std::int64_t>(position);
}

}  // namespace

position_t checkpoint_row::read(pqxx::transaction_base& reader) const {
  const auto rows = reader.exec_params(
      "SELECT position FROM troupe_checkpoints WHERE owner = $1 AND projector = $2", owner,
      projector);
  return rows.empty() ? 0 : static_cast<position_t>(rows[0][0].as<std::int64_t>());
}

position_t checkpoint_row::lock(pqxx::transaction_base& work) const {
  // A row that is not there yet cannot be locked, so it is made; it goes again if this is rolled
  // back.
  const auto rows = work.exec_params(
      "INSERT INTO troupe_checkpoints AS c (owner, projector, position) VALUES ($1, $2, 0) "
      "ON CONFLICT (owner, projector) DO UPDATE SET position = c.position RETURNING position",
      owner, projector);
  return static_cast<position_t>(rows[0][0].as<std::int64_t>());
}

bool checkpoint_row::move(pqxx::transaction_base& work, position_t expected,
                          position_t next) const {
  return work.exec_params(
                 "UPDATE troupe_checkpoints SET position = $4 "
                 "WHERE owner = $1 AND projector = $2 AND position = $3",
                 owner, projector, clamped(expected), clamped(next))
             .affected_rows() == 1;
}

}  // namespace troupe::postgres
