#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "runtime/core/database_url.hpp"
#include "runtime/core/result.hpp"

namespace troupe::postgres {

/// Where a database is and how to speak to it, from its URL. What libpq knows is handed to it. What
/// users of the golang-migrate CLI also write is read here: `search_path`, `x-migrations-table`,
/// `x-statement-timeout` (milliseconds).
struct address {
  std::string connection;  ///< A URL for libpq.
  std::string shown;       ///< Without password, for messages.
  std::string search_path;
  std::string migrations_table;                                ///< "" unless the URL names one.
  std::optional<std::chrono::milliseconds> statement_timeout;  ///< 0: no limit.
};

/// `invalid` for a URL of another kind of database, or a parameter that is not understood.
result<address> parse_address(const database_url& url);

/// As it stands in SQL.
std::string quote_name(const std::string& identifier);

}  // namespace troupe::postgres
