#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/core/json.hpp"
#include "runtime/core/result.hpp"
#include "runtime/node/check_command.hpp"
#include "runtime/node/cli/operator_command.hpp"
#include "runtime/node/copy_command.hpp"

namespace troupe {

/// A host and a port to listen on.
struct listen_address {
  std::string host;
  int port = 0;  ///< 0 to 65535; 0 means any free one.

  /// Whether only programs on this machine can reach it.
  [[nodiscard]] bool loopback() const;
  [[nodiscard]] std::string text() const;
};

/// Parses "127.0.0.1:8080", "[::1]:8080", "localhost:0".
result<listen_address> parse_address(const std::string& text);

/// What `--log-level` may be.
inline constexpr std::array<std::string_view, 6> log_levels{"trace", "debug", "info",
                                                            "warn",  "error", "off"};

/// Everything that can be set on `troupe run`. The defaults are those of the help text.
struct settings {
  std::string http = "127.0.0.1:8080";
  std::string admin = "127.0.0.1:9090";
  std::filesystem::path data = "./data";
  std::string log = "sqlite";
  std::vector<std::string> nats = {"nats://127.0.0.1:4222"};  ///< Servers of one cluster.
  std::filesystem::path nats_creds;
  std::filesystem::path nats_ca;
  std::string cluster = "troupe";
  int replicas = 1;
  std::string views = "sqlite";
  std::string postgres;    ///< URL; "" means: as POSTGRES_HOST and its like say, if they do.
  std::string migrate;     ///< "" means: check with postgres, auto with others.
  std::string node;        ///< "" means: the host's name.
  std::string auth;        ///< "" means: none on loopback.
  std::string jwt_domain;  ///< The issuer is https://<domain>/.
  std::string jwt_audience;
  std::string jwks;  ///< File or URL; "" means: where the issuer publishes it.
  std::filesystem::path admin_token;
  std::vector<std::string> cors;
  std::vector<std::string> hosts;  ///< That requests may name besides loopback's own.
  int drain_seconds = 25;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string otlp;       ///< Base URL of the collector that spans go to; "": none are made.
  double otlp_ratio = 1;  ///< Of the traces that begin here, how many are sampled.

  /// The limits; limits.hpp says what each of them bounds.
  std::size_t max_body_bytes = 1U << 20U;
  std::size_t max_json_depth = 64;
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_headers = 100;
  std::size_t max_target_bytes = 8 * 1024;
  std::size_t max_query_parameters = 100;
  std::size_t max_envelopes = 1'000;
  std::size_t max_page = 1'000;
  std::size_t max_connections = 1024;
  std::size_t max_streams = 256;
  std::size_t read_timeout_seconds = 5;
  std::size_t write_timeout_seconds = 5;
  std::size_t keep_alive_seconds = 60;
  std::size_t max_in_flight = 10'000;
  std::size_t max_in_flight_per_entity = 1'000;
  std::size_t max_resident = 100'000;
  std::size_t idle_seconds = 300;
  std::size_t max_awake = 10'000;
  std::size_t rest_seconds = 10;
  std::size_t deadline_seconds = 10;
  std::size_t batch_commits = 1'000;
  std::size_t max_dead_letters = 100'000;
  std::size_t max_spans = 4'096;
  std::uint64_t snapshot_every = 200;  ///< Events of an entity; 0: no snapshots.

  /// Checked and filled in by `parse_settings`.
  listen_address http_address;
  listen_address admin_address;

  /// The URL of the view database without its password.
  [[nodiscard]] std::string shown_postgres() const;
  /// As `/admin/config` shows it.
  [[nodiscard]] json to_json() const;
};

/// What the command line asks for.
struct run_command {
  settings options;
};
/// Print this and end with the status: help, version, or one line that names a wrong setting and
/// the mend.
struct print_and_exit {
  std::string text;
  int status = 0;
};

/// The value of an environment variable, if it is set.
using environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The variable that stands for a flag without its dashes: TROUPE_LOG_LEVEL for "log-level".
std::string variable_of(const std::string& flag);

/// Reads the command line, then the environment (`--log-level` is TROUPE_LOG_LEVEL), then the file
/// named by `--config` (TOML, keys as the flags); the first of them that sets an option wins.
std::variant<run_command, check_command, copy_command, operator_command, print_and_exit>
parse_settings(const std::vector<std::string>& arguments, const environment& env,
               const std::string& version);

}  // namespace troupe
