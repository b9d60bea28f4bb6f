#include "runtime/node/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <exception>
#include <utility>

#include <CLI/CLI.hpp>

#include "runtime/core/database_url.hpp"
#include "runtime/node/cli/completion.hpp"
#include "runtime/node/limits.hpp"
#include "runtime/node/secret_file.hpp"
#include "runtime/node/without_secrets.hpp"

namespace troupe {

std::string variable_of(const std::string& flag) {
  std::string name = "TROUPE_";
  for (const char c : flag)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

namespace {

void add_options(CLI::App& run, settings& options) {
  run.add_option("--http", options.http, "Address for applications: commands, views, events")
      ->capture_default_str();
  run.add_option("--admin", options.admin, "Address of the admin endpoint, probes and metrics")
      ->capture_default_str();
  run.add_option("--data", options.data, "Directory of the embedded log and views")
      ->capture_default_str();
  run.add_option("--log", options.log, "The event log: sqlite, nats or memory")
      ->capture_default_str();
  run.add_option("--nats", options.nats, "Brokers for --log nats, separated by commas")
      ->delimiter(',')
      ->default_str(options.nats.front());
  run.add_option("--nats-creds", options.nats_creds, "File with the broker's credentials")
      ->check(secret_file());
  run.add_option("--nats-ca", options.nats_ca,
                 "PEM file of the authority that signs the broker's certificate")
      ->check(CLI::ExistingFile);
  run.add_option("--cluster", options.cluster, "Keeps apart the clusters that share a broker")
      ->capture_default_str();
  run.add_option("--replicas", options.replicas, "Copies that the broker keeps of new streams")
      ->capture_default_str()
      ->check(CLI::IsMember({1, 3, 5}));
  run.add_option("--views", options.views, "The view store: sqlite, postgres or memory")
      ->capture_default_str();
  run.add_option("--postgres", options.postgres,
                 "URL of the view database with --views postgres; VIEW_DB_<FEATURE> and "
                 "MIC_DB_<FEATURE> in the environment override it per feature");
  run.add_option("--migrate", options.migrate,
                 "auto: bring databases up to date at start (the default, but for postgres); "
                 "check: refuse to start when behind");
  run.add_option("--node", options.node,
                 "The node's name, shown everywhere (default: the host's name)");
  run.add_option("--auth", options.auth,
                 "jwt: callers show a token; none: everybody may come in (the default on loopback; "
                 "elsewhere it must be said)");
  run.add_option("--jwt-domain", options.jwt_domain,
                 "Domain of the issuer https://DOMAIN/ with --auth jwt; AUTH0_DOMAIN in the "
                 "environment says it too");
  run.add_option("--jwt-audience", options.jwt_audience,
                 "Audience that tokens must be for; AUTH0_AUDIENCE in the environment says it too");
  run.add_option("--jwks", options.jwks,
                 "File or URL with the issuer's keys (default: "
                 "https://DOMAIN/.well-known/jwks.json)");
  run.add_option("--admin-token", options.admin_token,
                 "File with the admin endpoint's tokens: a line each, token or name:token")
      ->check(secret_file());
  run.add_option("--cors", options.cors,
                 "Origins allowed to call from a browser, separated by commas")
      ->delimiter(',');
  run.add_option(
         "--hosts", options.hosts,
         "Further host names under which a node on loopback is reached, separated by commas")
      ->delimiter(',');
  run.add_option("--drain", options.drain_seconds, "Seconds to finish after SIGTERM or SIGINT")
      ->capture_default_str()
      ->check(CLI::Range(0, 3600));
  run.add_option("--snapshot-every", options.snapshot_every,
                 "Events of an entity between two snapshots of its state; 0: no snapshots")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000'000));
  run.add_option("--log-level", options.log_level, "trace, debug, info, warn, error or off")
      ->capture_default_str()
      ->check(CLI::IsMember(std::vector<std::string>(log_levels.begin(), log_levels.end())));
  run.add_option("--log-format", options.log_format, "text, or json: one document a line")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}));
  run.add_option("--otlp", options.otlp,
                 "Collector that spans are sent to by OTLP over HTTP, like http://127.0.0.1:4318; "
                 "OTEL_EXPORTER_OTLP_ENDPOINT in the environment says it too (default: no spans)");
  run.add_option("--otlp-ratio", options.otlp_ratio,
                 "Of the traces that begin here, how many are sampled")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  for (const auto& one : all_limits()) {
    run.add_option("--" + std::string(one.flag), options.*one.value, one.what)
        ->group("Limits")
        ->capture_default_str()
        ->check(CLI::Range(one.least, one.most));
  }
}

bool is_set(const std::vector<std::string>& arguments, const std::string& flag) {
  return std::ranges::any_of(arguments, [&](const std::string& one) {
    return one == flag || one.starts_with(flag + "=");
  });
}

/// Adds, as further arguments, what the environment sets and the command line leaves open.
void add_environment(const CLI::App& run, const environment& env,
                     std::vector<std::string>& arguments) {
  for (const auto* option : run.get_options()) {
    const auto flag = option->get_name();
    if (!flag.starts_with("--") || flag == "--help" || is_set(arguments, flag)) continue;
    auto value = env(variable_of(flag.substr(2)));
    if (!value && flag == "--jwt-domain") value = env("AUTH0_DOMAIN");
    if (!value && flag == "--jwt-audience") value = env("AUTH0_AUDIENCE");
    if (!value && flag == "--otlp") {
      value = env("OTEL_EXPORTER_OTLP_ENDPOINT");
      if (value && value->empty()) value.reset();  // As its own specification has it.
    }
    if (value) arguments.push_back(flag + "=" + *value);
  }
  // To the library, a group of options is a nameless subcommand.
  for (const auto* group : run.get_subcommands([](const CLI::App*) { return true; }))
    add_environment(*group, env, arguments);
}

/// The file that `--config` names, if it does.
std::optional<std::string> config_file(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with("--config=")) return arguments[i].substr(9);
    if (arguments[i] == "--config" && i + 1 < arguments.size()) return arguments[i + 1];
  }
  return std::nullopt;
}

/// Adds, as further arguments, what the file sets and command line and environment leave open. The
/// library would let the file win over the environment. Throws what its parser throws.
void add_file(const std::string& path, std::vector<std::string>& arguments) {
  const auto given = arguments;
  for (const auto& item : CLI::ConfigTOML().from_file(path)) {
    const auto flag = "--" + item.fullname();
    if (is_set(given, flag)) continue;
    for (const auto& value : item.inputs) arguments.push_back(flag + "=" + value);
  }
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                          : std::string("node");
}

/// A part of subjects and of streams' names, where "_" separates.
result<void> check_cluster(const std::string& name) {
  const bool fits = !name.empty() && name.size() <= 32 && name.front() >= 'a' &&
                    name.front() <= 'z' && std::ranges::all_of(name, [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (fits) return {};
  return error{errc::invalid,
               "'" + name + "' must be a lower-case letter and up to 31 of [a-z0-9-]"};
}

/// A host, perhaps with a port.
bool is_domain(const std::string& text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == ':';
  });
}

/// A URL that paths can be added to: no credentials, no query.
bool is_base_url(const std::string& text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  const auto host = text.substr(scheme, text.find('/', scheme) - scheme);
  const bool has_port = host.rfind(':') != std::string::npos && !host.ends_with(']');
  return scheme != 0 && parse_address(has_port ? host : host + ":80") && text.size() <= 2'048 &&
         std::ranges::all_of(text, [](char c) {
           return c > ' ' && c < '\x7f' && std::string_view("@?#\"\\").find(c) == std::string::npos;
         });
}

/// Keys come over an authenticated way, or from this machine.
std::optional<std::string> check_key_url(const std::string& url) {
  if (url.starts_with("https://")) return std::nullopt;
  const auto host = url.substr(7, url.find_first_of("/?#", 7) - 7);
  const auto address = parse_address(host.find(':') == std::string::npos ? host + ":80" : host);
  if (address && address->loopback()) return std::nullopt;
  return "--jwks: " + without_secrets(url) +
         " would come from another machine unprotected; use https://, or a file";
}

std::optional<std::string> check_tokens(settings& options) {
  if (options.jwt_domain.empty())
    return "--jwt-domain: --auth jwt needs the domain of the issuer; set it, or AUTH0_DOMAIN, to a "
           "name like example.eu.auth0.com";
  if (!is_domain(options.jwt_domain))
    return "--jwt-domain: '" + options.jwt_domain +
           "' must be a name alone, like example.eu.auth0.com, without https:// or a path";
  if (options.jwt_audience.empty())
    return "--jwt-audience: --auth jwt needs the audience that tokens are for; set it, or "
           "AUTH0_AUDIENCE, to the API's identifier";
  if (options.jwks.empty())
    options.jwks = "https://" + options.jwt_domain + "/.well-known/jwks.json";
  if (options.jwks.starts_with("https://") || options.jwks.starts_with("http://"))
    return check_key_url(options.jwks);
  if (std::error_code failed; !std::filesystem::is_regular_file(options.jwks, failed))
    return "--jwks: '" + options.jwks + "' is no file and no URL; check the path";
  return std::nullopt;
}

std::optional<std::string> check_and_complete(settings& options) {
  auto http = parse_address(options.http);
  if (!http) return "--http: " + http.error().message;
  auto admin = parse_address(options.admin);
  if (!admin) return "--admin: " + admin.error().message;
  options.http_address = *http;
  options.admin_address = *admin;
  if (options.node.empty()) options.node = host_name();
  if (!options.postgres.empty()) {
    if (auto url = parse_database_url(options.postgres); !url)
      return "--postgres: " + url.error().message;
  }
  if (auto checked = check_cluster(options.cluster); !checked)
    return "--cluster: " + checked.error().message;
  if (options.nats.empty()) return "--nats: name a broker, like nats://127.0.0.1:4222";
  if (options.migrate.empty()) options.migrate = options.views == "postgres" ? "check" : "auto";
  if (options.migrate != "auto" && options.migrate != "check") {
    return "--migrate: '" + options.migrate + "' is not auto or check";
  }
  if (options.auth.empty()) {
    if (!http->loopback())
      return "--http: " + options.http +
             " can be reached from other machines; use --auth jwt, say --auth none if everyone may "
             "come in, or use 127.0.0.1";
    options.auth = "none";
  }
  if (options.auth != "none" && options.auth != "jwt")
    return "--auth: '" + options.auth + "' is not none or jwt";
  if (options.auth == "jwt") {
    if (auto wrong = check_tokens(options)) return wrong;
  }
  if (!options.otlp.empty() && !is_base_url(options.otlp))
    return "--otlp: must be http:// or https:// and a host, perhaps a port and a path, without "
           "user "
           "or query, like http://127.0.0.1:4318";
  if (!admin->loopback() && options.admin_token.empty())
    return "--admin-token: " + options.admin +
           " can be reached from other machines; name a file with a token, or use --admin "
           "127.0.0.1:9090";
  return std::nullopt;
}

/// Names commands and flags alone: what follows a misspelt one may be a secret.
std::string not_expected(const std::vector<std::string>& rest, const std::string& first) {
  const bool command = !rest.empty() && rest.front() == first && !first.empty() &&
                       std::ranges::all_of(first, [](char c) { return c >= 'a' && c <= 'z'; });
  if (command) return "there is no command '" + first + "'";
  std::string flags;
  for (const auto& one : rest) {
    if (!one.starts_with("-")) continue;
    flags += (flags.empty() ? "" : ", ") + one.substr(0, one.find('='));
  }
  return flags.empty() ? "there are arguments that belong to no flag" : "there is no flag " + flags;
}

/// One line for a wrong setting of a command. What is quoted may be a URL behind a misspelt flag.
print_and_exit usage_error(const std::string& what, const std::string& command = "run") {
  std::string line = without_secrets(what);
  std::ranges::replace(line, '\n', ' ');
  return {"troupe: " + line + "; see 'troupe " + command + " --help'\n", 2};
}

}  // namespace

bool listen_address::loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string listen_address::text() const {
  const bool six = host.find(':') != std::string::npos;
  return (six ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

result<listen_address> parse_address(const std::string& text) {
  const auto malformed = [&] {
    return error{errc::invalid, "'" + text + "' is not an address like 127.0.0.1:8080"};
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return malformed();
  auto host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return malformed();
  }
  listen_address address{host, 0};
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, address.port);
  if (host.empty() || parsed.ec != std::errc{} || parsed.ptr != end || address.port < 0 ||
      address.port > 65535) {
    return malformed();
  }
  return address;
}

std::string settings::shown_postgres() const {
  const auto url = parse_database_url(postgres);
  return url ? url->without_password() : std::string();
}

json settings::to_json() const {
  json brokers = json::array();
  for (const auto& url : nats) brokers.push_back(without_secrets(url));
  return {{"http", http},
          {"admin", admin},
          {"data", data.string()},
          {"log", log},
          {"nats", std::move(brokers)},
          {"natsCreds", nats_creds.string()},
          {"natsCa", nats_ca.string()},
          {"cluster", cluster},
          {"replicas", replicas},
          {"views", views},
          {"postgres", shown_postgres()},
          {"migrate", migrate},
          {"node", node},
          {"auth", auth},
          {"jwtDomain", jwt_domain},
          {"jwtAudience", jwt_audience},
          {"jwks", without_secrets(jwks.substr(0, jwks.find('?')))},
          {"adminToken", admin_token.string()},
          {"cors", cors},
          {"hosts", hosts},
          {"drainSeconds", drain_seconds},
          {"logLevel", log_level},
          {"logFormat", log_format},
          {"otlp", without_secrets(otlp)},
          {"otlpRatio", otlp_ratio},
          {"snapshotEvery", snapshot_every},
          {"limits", limits_json(*this)}};
}

std::variant<run_command, check_command, copy_command, operator_command, print_and_exit>
parse_settings(const std::vector<std::string>& arguments, const environment& env,
               const std::string& version) {
  settings options;
  CLI::App app("Troupe: an actor-model runtime for event-driven services", "troupe");
  app.require_subcommand(0, 1);
  auto* run = app.add_subcommand("run",
                                 "Run a node. Every flag can also be set in the environment "
                                 "(--log-level as TROUPE_LOG_LEVEL) or in a file");
  add_options(*run, options);
  std::string file;
  run->add_option("--config", file, "TOML file with the same settings, named like the flags");
  check_command check;
  auto* check_data = app.add_subcommand(
      "check", "Verify a data directory that no node uses: log, snapshots, views");
  check_data->add_option("DIR", check.place, "The data directory")->required();
  check_data->add_flag("--json", check.json, "One JSON document, for programs");
  copy_command copy;
  auto* copy_log = app.add_subcommand(
      "copy",
      "Copy a log to an empty place, or go on with a copy, and compare them. Commits stay as they "
      "are, in their order; views and snapshots are made again by a node");
  copy_log
      ->add_option("--from", copy.from,
                   "The source: a data directory that no node uses, or a broker as "
                   "nats://HOST:PORT?cluster=NAME&creds=FILE&ca=FILE")
      ->required();
  copy_log
      ->add_option("--to", copy.to,
                   "The target, written alike; replicas=N for new streams on a broker")
      ->required();
  copy_log->add_flag("--json", copy.json, "One JSON document, for programs");
  app.add_subcommand("migrate", "Move a database's schema; see 'troupe migrate -help'");
  operator_commands of_operators(app, env);
  settings looked_at;  // The doctor reads its arguments itself, past what is wrong with them.
  bool as_document = false;
  auto* doctor = app.add_subcommand(
      "doctor",
      "Say what is wrong with a node, its configuration, its machine, its broker and its "
      "databases, and what to do. Takes the flags of 'run'");
  add_options(*doctor, looked_at);
  doctor->add_option("--config", file, "TOML file with the same settings, named like the flags");
  doctor->add_flag("--json", as_document, "One JSON document, for programs");
  std::string shell;
  auto* complete = app.add_subcommand("completion", "Print a script that completes these commands");
  complete->add_option("SHELL", shell, "For which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  auto* print_version = app.add_subcommand("version", "Print the version");
  try {
    auto given = arguments;
    if (!given.empty() && given.front() == "run") {
      add_environment(*run, env, given);
      if (const auto path = config_file(given)) add_file(*path, given);
    }
    std::ranges::reverse(given);  // as the library takes them
    app.parse(std::move(given));
  } catch (const CLI::CallForHelp&) {
    return print_and_exit{app.help(), 0};  // Of the command that was asked for.
  } catch (const CLI::ParseError& problem) {
    const bool unknown = problem.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
    const auto named = std::as_const(app).get_subcommands([&](const CLI::App* one) {
      return !arguments.empty() && one->get_name() == arguments.front();
    });
    return usage_error(
        unknown ? not_expected(app.remaining(true), arguments.front()) : problem.what(),
        named.empty() ? "run" : arguments.front());
  } catch (const std::exception& problem) {  // The library's reader of files is not total.
    return usage_error(std::string("--config: the file cannot be read: ") + problem.what());
  }
  if (print_version->parsed()) return print_and_exit{"troupe " + version + "\n", 0};
  if (check_data->parsed()) return check;
  if (copy_log->parsed()) return copy;
  if (complete->parsed())
    return print_and_exit{completion_script(completed_commands(app), shell), 0};
  if (auto command = of_operators.parsed()) return std::move(*command);
  if (!run->parsed()) return print_and_exit{app.help(), arguments.empty() ? 2 : 0};
  if (auto wrong = check_and_complete(options)) return usage_error(*wrong);
  return run_command{std::move(options)};
}

}  // namespace troupe
