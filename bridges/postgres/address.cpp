#include "bridges/postgres/address.hpp"

#include <charconv>

namespace troupe::postgres {
namespace {

/// Longer than a pod on the same network should need.
constexpr const char* connect_timeout_seconds = "5";

}  // namespace

result<address> parse_address(const database_url& url) {
  if (url.scheme != "postgres" && url.scheme != "postgresql") {
    return error{errc::invalid, "'" + url.scheme + "://' is not a PostgreSQL URL; give one like " +
                                    "postgres://user:password@host:5432/name"};
  }
  address where;
  where.shown = url.without_password();
  database_url kept{"postgresql", url.authority, url.path, {}};
  for (const auto& [name, value] : url.parameters) {
    if (name == "search_path") {
      where.search_path = value;
    } else if (name == "x-migrations-table") {
      where.migrations_table = value;
    } else if (name == "x-statement-timeout") {
      int milliseconds = 0;
      const auto [end, status] =
          std::from_chars(value.data(), value.data() + value.size(), milliseconds);
      if (status != std::errc{} || end != value.data() + value.size() || milliseconds < 0) {
        return error{errc::invalid, "x-statement-timeout in the database URL is '" + value +
                                        "'; give a number of milliseconds, 0 for no limit"};
      }
      where.statement_timeout = std::chrono::milliseconds(milliseconds);
    } else if (name.starts_with("x-")) {
      return error{errc::invalid, "'" + name +
                                      "' in the database URL is not known; there are "
                                      "x-migrations-table and x-statement-timeout"};
    } else {
      kept.parameters.emplace_back(name, value);
    }
  }
  if (!kept.parameter("connect_timeout")) {
    kept.parameters.emplace_back("connect_timeout", connect_timeout_seconds);
  }
  if (!kept.parameter("application_name"))
    kept.parameters.emplace_back("application_name", "troupe");
  where.connection = kept.text();
  return where;
}

std::string quote_name(const std::string& identifier) {
  std::string text = "\"";
  for (const char c : identifier) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

}  // namespace troupe::postgres
