#pragma once

#include <string>
#include <utility>

#include "bridges/postgres/connection_pool.hpp"
#include "bridges/postgres/table_layout.hpp"
#include "bridges/postgres/written_keys.hpp"

namespace troupe::postgres {

/// What the stores of one database share. Thread-safe.
struct view_database {
  explicit view_database(address where) : pool(std::move(where)) {}

  connection_pool pool;
  table_layouts layouts;
  keys_of_projectors keys;
};

}  // namespace troupe::postgres
