#pragma once

#include <memory>
#include <string>

#include "runtime/core/clock.hpp"

namespace spdlog {
class logger;
}

namespace troupe {

/// What a record is about; "" where that is not known.
struct log_subject {
  std::string actor;  ///< A path.
  std::string trace_id;
};

enum class log_format { for_people, json_lines };

/// What a node tells on standard error, a line for each record: for people, or as a JSON document
/// with `time`, `level`, `message`, `node` and, where they are known, `actor` and `traceId`.
/// Whatever is in a text, it neither ends its line nor reaches the terminal as a control.
/// Thread-safe.
class node_log {
 public:
  /// `level`: one of `log_levels`.
  node_log(log_format format, const std::string& level, std::string node, const clock& time);

  void info(const std::string& message, const log_subject& about = {}) const;
  void warn(const std::string& message, const log_subject& about = {}) const;
  void error(const std::string& message, const log_subject& about = {}) const;
  /// Why the node does not start: told at every level.
  void refusal(const std::string& why) const;

  void set_level(const std::string& level);

 private:
  /// `level` as spdlog counts.
  void write(int level, const char* name, const std::string& message,
             const log_subject& about) const;

  const log_format format_;
  const std::string node_;
  const clock& clock_;
  const std::shared_ptr<spdlog::logger> out_;
};

/// The record as it is written in that format, without time and level, which a line for people gets
/// from the writer: "/bridges/http failed: …, trace 4bf92f…".
std::string line_for_people(const std::string& message, const log_subject& about);

/// One JSON document, in ASCII and without a line feed; what is not UTF-8 is replaced.
std::string json_line(timestamp time, const std::string& level, const std::string& node,
                      const std::string& message, const log_subject& about);

}  // namespace troupe
