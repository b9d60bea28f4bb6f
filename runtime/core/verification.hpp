#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/core/event_log.hpp"
#include "runtime/core/view_store.hpp"

namespace troupe {

/// One thing that is wrong with stored data, and where.
struct finding {
  std::string file;         ///< "log.db", "views/identity.db".
  std::string stream;       ///< "identity.4711"; "" when no stream is concerned.
  position_t position = 0;  ///< 0 when none is known.
  std::string what;         ///< One sentence for people.

  friend bool operator==(const finding&, const finding&) = default;
};

/// Takes findings as they are made; there may be very many.
using finding_sink = std::function<void(finding)>;

/// Stored data that an adapter has opened for verification and keeps from everybody else meanwhile.
struct data_under_check {
  std::unique_ptr<event_log> log;        ///< nullptr when it is too damaged to be opened.
  std::unique_ptr<view_provider> views;  ///< `not_found` for a database that has not been made.
  std::string log_name;                  ///< For findings.
  std::string snapshots_name;
  std::function<std::string(const std::string& feature, database_role role)> views_name;
};

/// Opens what is at `place` (a directory, a URL) as a node would, changing no data, and reports
/// what the storage's own means find wrong with it. An error means that nothing could be looked at:
/// there is no data, or somebody is using it.
using data_check =
    std::function<result<data_under_check>(const std::string& place, const finding_sink& report)>;

}  // namespace troupe
