#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "runtime/core/authenticator.hpp"
#include "runtime/core/bridge.hpp"

namespace troupe {
class node_model;
}

namespace troupe::http {

class admin_tokens;

/// Where a bridge listens and what it puts up with.
struct http_options {
  std::string host = "127.0.0.1";
  int port = 0;  ///< 0: any free port.
  /// Believe `X-Debug-Sub` from peers on this machine. Only for nodes without authentication.
  bool debug_sub = false;
  /// Checks the bearer tokens of applications' callers; null: everybody may come in.
  std::shared_ptr<authenticator> tokens;
  /// Open the admin endpoint; null: whoever can reach it may come in.
  std::shared_ptr<const admin_tokens> admin;
  bool admin_reads_guarded = false;       ///< Looking needs a token too, where there are tokens.
  std::vector<std::string> cors_origins;  ///< Origins whose scripts may call; "*" for any.
  std::vector<std::string> hosts;  ///< Names that `Host` may have, without ports; empty: any.
  std::size_t max_body = std::size_t{1} << 20U;
  std::size_t max_depth = 64;          ///< Nesting of a JSON body.
  std::size_t max_connections = 1024;  ///< More are turned away.
  /// Answers that go on (server-sent events); each takes a connection, so at most half of those.
  std::size_t max_streams = 256;
  std::chrono::milliseconds heartbeat{10'000};  ///< Between two signs of life of a silent stream.
  std::size_t max_header_count = 100;
  std::size_t max_header_bytes = 16 * 1024;  ///< Request line and headers together.
  std::size_t max_target = 8 * 1024;         ///< Bytes of path and query.
  std::size_t max_query_parameters = 100;
  std::size_t max_envelopes = 1'000;            ///< In one array.
  std::size_t max_page = 1'000;                 ///< Items of one page of a view or of events.
  std::chrono::seconds read_timeout{5};         ///< For a request's head; a body gets more by size.
  std::chrono::seconds write_timeout{5};        ///< Without any progress.
  std::chrono::seconds keep_alive_timeout{60};  ///< Between two requests of a connection.
  std::chrono::milliseconds deadline{10'000};   ///< For what a request waits for.
  /// A draining bridge turns away who comes with 503, until nobody has come for so long; ten times
  /// as long at most.
  std::chrono::milliseconds farewell{200};
};

/// A bridge that listens on a TCP port.
class server_bridge : public bridge {
 public:
  /// The port in use; 0 unless started.
  [[nodiscard]] virtual int port() const = 0;
};

/// The bridge `http`: commands, views, events and the features' own routes. The model outlives it.
std::unique_ptr<server_bridge> make_http_bridge(node_model& model, http_options options);

/// The bridge `admin`: probes, metrics, console and everything under `/admin`. The model outlives
/// it.
std::unique_ptr<server_bridge> make_admin_bridge(node_model& model, http_options options);

}  // namespace troupe::http
