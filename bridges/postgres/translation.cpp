#include "bridges/postgres/translation.hpp"

#include <exception>
#include <string>
#include <string_view>

#include <pqxx/pqxx>

namespace troupe::postgres {
namespace {

/// PostgreSQL's words as one line, without "ERROR:" before them.
std::string one_line(std::string_view text) {
  for (const std::string_view severity : {"ERROR:  ", "FATAL:  ", "PANIC:  "}) {
    if (text.starts_with(severity)) text.remove_prefix(severity.size());
  }
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "; ";
    } else if (c != '\r') {
      line += c;
    }
  }
  return line;
}

errc code_of(std::string_view sqlstate) {
  const auto kind = sqlstate.substr(0, 2);
  // A server that became a replica takes no writes; the next connection may find the new primary.
  if (sqlstate == "25006") return errc::unavailable;
  if (kind == "22" || kind == "23" || kind == "42") return errc::invalid;
  if (kind == "40") return errc::conflict;
  if (kind == "XX") return errc::corrupt;
  // libpq gives no state for a connection that is lost.
  for (const std::string_view passing : {"", "08", "53", "55", "57", "58"}) {
    if (kind == passing) return errc::unavailable;
  }
  return errc::internal;
}

}  // namespace

error error_of_current_exception() {
  try {
    throw;
  } catch (const pqxx::in_doubt_error& lost) {
    return {errc::in_doubt, "PostgreSQL: " + one_line(lost.what())};
  } catch (const pqxx::sql_error& refused) {
    return {code_of(refused.sqlstate()), "PostgreSQL: " + one_line(refused.what())};
  } catch (const pqxx::broken_connection& lost) {
    return {errc::unavailable, "PostgreSQL: " + one_line(lost.what())};
  } catch (const pqxx::deadlock_detected& lost) {
    return {errc::conflict, "PostgreSQL: " + one_line(lost.what())};
  } catch (const pqxx::serialization_failure& lost) {
    return {errc::conflict, "PostgreSQL: " + one_line(lost.what())};
  } catch (const pqxx::failure& other) {
    return {errc::unavailable, "PostgreSQL: " + one_line(other.what())};
  } catch (const std::exception& bug) {
    return {errc::internal, std::string("PostgreSQL: ") + bug.what()};
  }
}

}  // namespace troupe::postgres
