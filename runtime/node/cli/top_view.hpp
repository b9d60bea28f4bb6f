#pragma once

#include <optional>
#include <string>

#include "runtime/core/clock.hpp"
#include "runtime/core/json.hpp"
#include "runtime/node/cli/terminal.hpp"

namespace troupe {

/// A node at one moment, as its admin endpoint shows it.
struct node_sample {
  monotonic_time time{};
  json info;            ///< /admin/info
  json ready;           ///< /readyz?verbose
  json projections;     ///< The items of /admin/projections.
  json actors;          ///< Items of /admin/actors.
  std::string metrics;  ///< /metrics
};

/// The sum of a metric over its labels, in the text format of Prometheus; nothing when it is not
/// there.
std::optional<double> metric_sum(const std::string& exposition, const std::string& name);

/// The screen of `troupe top`: health, throughput since the sample before (if there is one), lag,
/// and the actors with the longest mailboxes. Fits in `size`; 0 rows or columns: any number.
std::string top_screen(const node_sample& now, const node_sample* before, const std::string& url,
                       terminal_size size);

}  // namespace troupe
