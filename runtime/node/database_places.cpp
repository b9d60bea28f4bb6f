#include "runtime/node/database_places.hpp"

#include <cctype>
#include <cstdlib>

#include "runtime/core/database_url.hpp"

namespace troupe {
namespace {

std::string upper_case(const std::string& feature) {
  std::string name;
  for (const char c : feature)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::optional<std::string> url_of_parts(const environment& env) {
  const auto host = env("POSTGRES_HOST");
  if (!host || host->empty()) return std::nullopt;
  const auto part = [&](const char* variable) { return env(variable).value_or(""); };
  std::string authority = percent_encode(part("POSTGRES_USER"));
  if (const auto password = part("POSTGRES_PASSWORD"); !password.empty())
    authority += ':' + percent_encode(password);
  if (!authority.empty()) authority += '@';
  authority += *host;
  if (const auto port = part("POSTGRES_PORT"); !port.empty()) authority += ':' + port;
  return database_url{"postgres", authority, '/' + percent_encode(part("POSTGRES_DB")), {}}.text();
}

}  // namespace

std::optional<configured_database> place_of(const settings& options, const environment& env,
                                            const std::string& feature, database_role role) {
  const std::string prefix = role == database_role::views ? "VIEW_DB_" : "MIC_DB_";
  if (const auto own = env(prefix + upper_case(feature)); own && !own->empty())
    return configured_database{*own, false};
  if (!options.postgres.empty()) return configured_database{options.postgres, true};
  if (auto url = url_of_parts(env)) return configured_database{std::move(*url), true};
  return std::nullopt;
}

std::optional<std::string> from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace troupe
