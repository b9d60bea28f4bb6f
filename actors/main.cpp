#include <iostream>

#include "actors/identity/feature.hpp"
#include "bridges/http/admin_tokens.hpp"
#include "bridges/http/client.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/otlp_bridge.hpp"
#include "bridges/http/web_key_source.hpp"
#include "bridges/jwt/file_source.hpp"
#include "bridges/jwt/key_set.hpp"
#include "bridges/jwt/token_authenticator.hpp"
#include "bridges/nats/broker_examination.hpp"
#include "bridges/nats/channels.hpp"
#include "bridges/nats/log_place.hpp"
#include "bridges/nats/nats_event_log.hpp"
#include "bridges/nats/nats_message_bus.hpp"
#include "bridges/postgres/postgres_view_store.hpp"
#include "bridges/sqlite/directory_check.hpp"
#include "bridges/sqlite/directory_examination.hpp"
#include "bridges/sqlite/log_place.hpp"
#include "bridges/sqlite/sqlite_event_log.hpp"
#include "bridges/sqlite/sqlite_migrations.hpp"
#include "bridges/sqlite/sqlite_view_store.hpp"
#include "runtime/node/audit_trail.hpp"
#include "runtime/node/database_places.hpp"
#include "runtime/node/node.hpp"
#include "runtime/testkit/memory_event_log.hpp"
#include "runtime/testkit/memory_view_provider.hpp"

namespace {

using troupe::settings;

troupe::http::http_options http_options(const settings& options,
                                        const troupe::listen_address& address) {
  troupe::http::http_options http;
  http.host = address.host;
  http.port = address.port;
  http.debug_sub = options.auth == "none" && address.loopback();
  http.hosts = options.hosts;
  if (address.loopback()) {
    for (const auto* name : {"localhost", "127.0.0.1", "::1"}) http.hosts.emplace_back(name);
    http.hosts.push_back(address.host);
  }
  http.max_body = options.max_body_bytes;
  http.max_depth = options.max_json_depth;
  http.max_header_bytes = options.max_header_bytes;
  http.max_header_count = options.max_headers;
  http.max_target = options.max_target_bytes;
  http.max_query_parameters = options.max_query_parameters;
  http.max_envelopes = options.max_envelopes;
  http.max_page = options.max_page;
  http.max_connections = options.max_connections;
  http.max_streams = options.max_streams;
  http.read_timeout = std::chrono::seconds(options.read_timeout_seconds);
  http.write_timeout = std::chrono::seconds(options.write_timeout_seconds);
  http.keep_alive_timeout = std::chrono::seconds(options.keep_alive_seconds);
  http.deadline = std::chrono::seconds(options.deadline_seconds);
  return http;
}

bool is_url(const std::string& place) { return place.find("://") != std::string::npos; }

/// What is wrong with a file of keys. A URL may be away for a while; a file is there or is not.
std::optional<troupe::error> check_key_file(const std::string& place) {
  if (is_url(place)) return std::nullopt;
  const auto text = troupe::jwt::file_source(place).fetch({});
  const auto keys = text ? troupe::jwt::key_set::parse(*text)
                         : troupe::result<troupe::jwt::key_set>(text.error());
  if (keys) return std::nullopt;
  return troupe::error{troupe::errc::invalid,
                       "--jwks: " + (text ? place + ": " : "") + keys.error().message};
}

/// What `troupe doctor` finds at the files that say who may come in.
std::vector<troupe::diagnosis> examine_access(const settings& options) {
  std::vector<troupe::diagnosis> found;
  if (!options.admin_token.empty()) {
    const auto tokens = troupe::http::admin_tokens::read(options.admin_token);
    found.push_back(tokens ? troupe::well("admin tokens", options.admin_token.string() +
                                                              " holds tokens as they should be.")
                           : troupe::ill("admin tokens", tokens.error().message, "Mend the file."));
  }
  if (options.auth == "jwt" && !options.jwks.empty() && !is_url(options.jwks)) {
    const auto wrong = check_key_file(options.jwks);
    found.push_back(wrong ? troupe::ill("issuer's keys", wrong->message, "Mend the file.")
                          : troupe::well("issuer's keys", options.jwks + " holds keys."));
  }
  return found;
}

/// The issuer's keys and who checks tokens with them; neither with `--auth none`.
class token_checks {
 public:
  troupe::result<std::shared_ptr<troupe::bridge>> keys(troupe::node_model& model,
                                                       const settings& options) {
    if (options.auth != "jwt") return std::shared_ptr<troupe::bridge>();
    if (auto wrong = check_key_file(options.jwks)) return *std::move(wrong);
    auto source = source_of(options.jwks);
    if (!source) return std::move(source).error();
    auto ring = std::make_shared<troupe::jwt::key_ring>(std::move(*source));
    troupe::jwt::expectations wanted;
    wanted.issuer = "https://" + options.jwt_domain + '/';
    wanted.audience = options.jwt_audience;
    tokens_ = std::make_shared<troupe::jwt::token_authenticator>(ring, wanted, model.time());
    return std::shared_ptr<troupe::bridge>(ring);
  }

  troupe::result<std::shared_ptr<troupe::bridge>> http(troupe::node_model& model,
                                                       const settings& options) {
    auto http = http_options(options, options.http_address);
    http.cors_origins = options.cors;
    http.tokens = tokens_;
    if (options.auth != "none" && !http.tokens)
      return troupe::error{troupe::errc::internal, "--auth: nobody checks tokens; this is a bug"};
    return std::shared_ptr<troupe::bridge>(troupe::http::make_http_bridge(model, std::move(http)));
  }

 private:
  static troupe::result<std::shared_ptr<troupe::key_source>> source_of(const std::string& place) {
    if (is_url(place)) return troupe::http::make_web_key_source(place);
    return std::shared_ptr<troupe::key_source>(std::make_shared<troupe::jwt::file_source>(place));
  }

  std::shared_ptr<troupe::authenticator> tokens_;
};

troupe::result<std::shared_ptr<troupe::bridge>> admin_bridge(troupe::node_model& model,
                                                             const settings& options) {
  auto http = http_options(options, options.admin_address);
  if (!options.admin_token.empty()) {
    auto tokens = troupe::http::admin_tokens::read(options.admin_token);
    if (!tokens) return std::move(tokens).error();
    http.admin = std::make_shared<const troupe::http::admin_tokens>(*std::move(tokens));
    http.admin_reads_guarded = !options.admin_address.loopback();
  }
  return std::shared_ptr<troupe::bridge>(troupe::http::make_admin_bridge(model, std::move(http)));
}

troupe::result<std::shared_ptr<troupe::bridge>> span_bridge(troupe::node_model& model,
                                                            const settings& options) {
  if (options.otlp.empty()) return std::shared_ptr<troupe::bridge>();
  troupe::http::otlp_options otlp;
  otlp.endpoint = options.otlp;
  otlp.service = options.cluster;
  otlp.node = options.node;
  return troupe::http::make_otlp_bridge(model, std::move(otlp));
}

/// Log and views of one data directory hold its lock together.
class sqlite_storage {
 public:
  troupe::result<std::unique_ptr<troupe::event_log>> log(const settings& options) {
    if (auto opened = open(options); !opened) return opened.error();
    return troupe::sqlite::open_event_log(directory_);
  }

  troupe::result<std::unique_ptr<troupe::view_provider>> views(const settings& options) {
    if (auto opened = open(options); !opened) return opened.error();
    return troupe::sqlite::open_views(directory_);
  }

 private:
  troupe::result<void> open(const settings& options) {
    if (directory_) return {};
    auto opened = troupe::sqlite::data_directory::open(options.data);
    if (!opened) return std::move(opened).error();
    directory_ = std::move(*opened);
    return {};
  }

  std::shared_ptr<troupe::sqlite::data_directory> directory_;
};

troupe::result<std::unique_ptr<troupe::view_provider>> postgres_views(const settings& options) {
  return troupe::postgres::open_views(
      [options](const std::string& feature,
                troupe::database_role role) -> std::optional<troupe::postgres::database_place> {
        auto place = troupe::place_of(options, troupe::from_environment, feature, role);
        if (!place) return std::nullopt;
        return troupe::postgres::database_place{std::move(place->url), place->shared};
      });
}

troupe::nats::connection_options broker_options(const settings& options) {
  troupe::nats::connection_options broker;
  broker.urls = options.nats;
  broker.credentials = options.nats_creds;
  broker.ca = options.nats_ca;
  broker.name = options.cluster + '/' + options.node;
  return broker;
}

/// Of a message to the broker, besides its data: headers and the events' metadata.
constexpr std::size_t room_for_metadata = 64 * 1024;

/// What `troupe doctor` finds at the log that the settings name.
std::vector<troupe::diagnosis> examine_log(const settings& options) {
  if (options.log == "sqlite") return troupe::sqlite::examine_directory(options.data);
  if (options.log != "nats") return {};
  std::vector<std::string> categories{troupe::audit_trail::category};
  const auto feature = identity::feature();
  for (const auto& aggregate : feature.aggregates())
    categories.push_back(aggregate.kernel->category());
  return troupe::nats::examine_broker(broker_options(options), {options.cluster, options.replicas},
                                      categories, options.max_body_bytes + room_for_metadata);
}

/// The log and the channels of a node share one connection to the broker.
class nats_broker {
 public:
  troupe::result<std::unique_ptr<troupe::event_log>> log(const settings& options) {
    auto broker = connect(options);
    if (!broker) return std::move(broker).error();
    return troupe::nats::open_event_log(std::move(*broker),
                                        {options.cluster, options.replicas, say_and_wait()});
  }

  troupe::result<std::shared_ptr<troupe::message_bus>> bus(const settings& options) {
    if (options.log != "nats") return std::shared_ptr<troupe::message_bus>();
    return troupe::nats::open_message_bus(connection_, options.cluster);
  }

  troupe::result<std::shared_ptr<troupe::bridge>> commands(troupe::node_model& model,
                                                           const settings& options) {
    if (options.log != "nats") return std::shared_ptr<troupe::bridge>();
    return troupe::nats::make_command_bridge(connection_, model.app(), model.time(), model.ids(),
                                             channels(model, options));
  }

  troupe::result<std::shared_ptr<troupe::bridge>> ask(troupe::node_model& model,
                                                      const settings& options) {
    if (options.log != "nats") return std::shared_ptr<troupe::bridge>();
    return troupe::nats::make_ask_bridge(connection_, model.app(), model.time(), model.ids(),
                                         channels(model, options));
  }

 private:
  /// Tells once that the broker is not ready, and waits for it until a signal comes.
  static troupe::nats::keep_waiting say_and_wait() {
    return [told = false](const troupe::error& why) mutable {
      if (!told) std::cerr << "troupe: waiting for the broker: " << why.message << '\n';
      told = true;
      return !troupe::node::stop_wanted();
    };
  }

  static troupe::nats::channel_options channels(troupe::node_model& model,
                                                const settings& options) {
    troupe::nats::channel_options made;
    made.cluster = options.cluster;
    made.replicas = options.replicas;
    made.where = model.where();
    made.trace = model.tracing();
    made.wait = say_and_wait();
    made.intake.deadline = std::chrono::seconds(options.deadline_seconds);
    made.intake.limits.max_depth = options.max_json_depth;
    for (const auto& one : model.features()) {
      for (const auto& aggregate : one.aggregates())
        made.categories.push_back(aggregate.kernel->category());
    }
    return made;
  }

  troupe::result<std::shared_ptr<troupe::nats::connection>> connect(const settings& options) {
    if (connection_) return connection_;
    auto opened = troupe::nats::connection::open(broker_options(options));
    if (!opened) return opened;
    connection_ = *opened;
    return opened;
  }

  std::shared_ptr<troupe::nats::connection> connection_;
};

troupe::result<std::unique_ptr<troupe::event_log>> memory_log(const settings&) {
  return std::unique_ptr<troupe::event_log>(std::make_unique<troupe::testkit::memory_event_log>());
}

troupe::result<std::unique_ptr<troupe::view_provider>> memory_views(const settings&) {
  return std::unique_ptr<troupe::view_provider>(
      std::make_unique<troupe::testkit::memory_view_provider>());
}

}  // namespace

int main(int argc, char** argv) {
  const auto sqlite = std::make_shared<sqlite_storage>();
  const auto broker = std::make_shared<nats_broker>();
  const auto tokens = std::make_shared<token_checks>();
  return troupe::node(argc, argv)
      .with(identity::feature())
      .with_log("sqlite", [sqlite](const settings& options) { return sqlite->log(options); })
      .with_log("nats", [broker](const settings& options) { return broker->log(options); })
      .with_log("memory", memory_log)
      .with_views("sqlite", [sqlite](const settings& options) { return sqlite->views(options); })
      .with_views("postgres", postgres_views)
      .with_views("memory", memory_views)
      .with_bus([broker](const settings& options) { return broker->bus(options); })
      .with_check(troupe::sqlite::open_for_check)
      .with_log_place("", troupe::sqlite::open_log_place)
      .with_log_place("nats", troupe::nats::open_log_place)
      .with_log_place("tls", troupe::nats::open_log_place)
      .with_migrations("postgres", troupe::postgres::open_migration_target)
      .with_migrations("postgresql", troupe::postgres::open_migration_target)
      .with_migrations("sqlite", troupe::sqlite::open_migration_target)
      .with_migrations("sqlite3", troupe::sqlite::open_migration_target)
      .with_client(troupe::http::make_client())
      .with_examination(examine_log)
      .with_examination(examine_access)
      .with_bridge([tokens](troupe::node_model& model, const settings& options) {
        return tokens->keys(model, options);
      })
      .with_bridge([tokens](troupe::node_model& model, const settings& options) {
        return tokens->http(model, options);
      })
      .with_bridge([broker](troupe::node_model& model, const settings& options) {
        return broker->commands(model, options);
      })
      .with_bridge([broker](troupe::node_model& model, const settings& options) {
        return broker->ask(model, options);
      })
      .with_bridge(span_bridge)
      .with_bridge(admin_bridge)
      .run();
}
