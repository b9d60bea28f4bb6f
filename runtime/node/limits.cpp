#include "runtime/node/limits.hpp"

#include <array>
#include <cctype>

#include "runtime/node/settings.hpp"

namespace troupe {
namespace {

constexpr std::array table{
    limit{"max-body", &settings::max_body_bytes, "Bytes of a request body", 1'024, 1U << 30U},
    limit{"max-json-depth", &settings::max_json_depth, "Nesting of a JSON body", 2, 1'000},
    limit{"max-header-bytes", &settings::max_header_bytes,
          "Bytes of a request line and its headers", 1'024, 1U << 20U},
    limit{"max-headers", &settings::max_headers, "Headers of a request", 8, 1'000},
    limit{"max-target", &settings::max_target_bytes, "Bytes of a request's path and query", 256,
          1U << 20U},
    limit{"max-query-parameters", &settings::max_query_parameters, "Query parameters of a request",
          1, 1'000},
    limit{"max-envelopes", &settings::max_envelopes, "Envelopes of one array", 1, 10'000},
    limit{"max-page", &settings::max_page, "Items of one page of a view or of events", 1, 1'000},
    limit{"max-connections", &settings::max_connections, "Open HTTP connections for each address",
          1, 10'000},
    limit{"max-streams", &settings::max_streams, "Open event streams; at most half the connections",
          0, 10'000},
    limit{"read-timeout", &settings::read_timeout_seconds,
          "Seconds for a request to arrive; a large body gets more", 1, 3'600},
    limit{"write-timeout", &settings::write_timeout_seconds,
          "Seconds for an answer to be taken; a large one gets more", 1, 3'600},
    limit{"keep-alive", &settings::keep_alive_seconds,
          "Seconds that a connection may wait for its next request", 1, 86'400},
    limit{"max-in-flight", &settings::max_in_flight, "Commands under way on this node", 1,
          1'000'000},
    limit{"max-in-flight-per-entity", &settings::max_in_flight_per_entity,
          "Commands waiting for one entity", 1, 100'000},
    limit{"max-resident", &settings::max_resident,
          "Command handlers of a category that keep their entity in memory", 1, 10'000'000},
    limit{"idle", &settings::idle_seconds,
          "Seconds without commands after which a command handler is passivated", 1, 86'400},
    limit{"max-awake", &settings::max_awake,
          "Of these, those with an actor; the others rest, with little more than their entity", 1,
          10'000'000},
    limit{"rest", &settings::rest_seconds,
          "Seconds without commands after which a command handler rests", 1, 86'400},
    limit{"deadline", &settings::deadline_seconds, "Seconds that a request may take", 1, 600},
    limit{"batch", &settings::batch_commits, "Commits that a projector takes at a time", 1,
          100'000},
    limit{"max-dead-letters", &settings::max_dead_letters,
          "Parked events of a projector, which stops beyond that", 1, 10'000'000},
    limit{"max-spans", &settings::max_spans, "Spans that wait for their collector", 1, 1'000'000},
};

}  // namespace

std::string limit::key() const {
  std::string name;
  bool capital = false;
  for (const char c : std::string_view(flag)) {
    if (c == '-') {
      capital = true;
      continue;
    }
    name += capital ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    capital = false;
  }
  return name;
}

std::span<const limit> all_limits() { return table; }

metric_counter& limit_counter(metric_registry& metrics, std::string_view flag) {
  return metrics.counter("troupe_limit_reached_total",
                         "How often a limit was reached, by its flag.",
                         {{"limit", std::string(flag)}});
}

json limits_json(const settings& options) {
  json all = json::object();
  for (const auto& one : table) all[one.key()] = options.*one.value;
  return all;
}

}  // namespace troupe
