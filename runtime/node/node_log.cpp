#include "runtime/node/node_log.hpp"

#include <iostream>
#include <utility>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "runtime/core/json.hpp"
#include "runtime/node/one_line.hpp"

namespace troupe {
namespace {

spdlog::level::level_enum spdlog_level(const std::string& name) {
  return spdlog::level::from_str(name == "warn" ? "warning" : name);
}

std::shared_ptr<spdlog::logger> writer_of(log_format format) {
  if (format == log_format::json_lines) {
    auto made = std::make_shared<spdlog::logger>("troupe",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    return made;
  }
  auto made = std::make_shared<spdlog::logger>(
      "troupe", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  return made;
}

}  // namespace

node_log::node_log(log_format format, const std::string& level, std::string node, const clock& time)
    : format_(format), node_(std::move(node)), clock_(time), out_(writer_of(format)) {
  set_level(level);
}

void node_log::info(const std::string& message, const log_subject& about) const {
  write(spdlog::level::info, "info", message, about);
}

void node_log::warn(const std::string& message, const log_subject& about) const {
  write(spdlog::level::warn, "warn", message, about);
}

void node_log::error(const std::string& message, const log_subject& about) const {
  write(spdlog::level::err, "error", message, about);
}

void node_log::refusal(const std::string& why) const {
  std::cerr << (format_ == log_format::json_lines ? json_line(clock_.now(), "error", node_, why, {})
                                                  : "troupe: " + one_line(why))
            << std::endl;
}

void node_log::set_level(const std::string& level) { out_->set_level(spdlog_level(level)); }

void node_log::write(int level, const char* name, const std::string& message,
                     const log_subject& about) const {
  const auto severity = static_cast<spdlog::level::level_enum>(level);
  if (!out_->should_log(severity)) return;
  out_->log(severity,
            spdlog::string_view_t(format_ == log_format::json_lines
                                      ? json_line(clock_.now(), name, node_, message, about)
                                      : line_for_people(message, about)));
}

std::string line_for_people(const std::string& message, const log_subject& about) {
  return one_line((about.actor.empty() ? "" : about.actor + ' ') + message +
                  (about.trace_id.empty() ? "" : ", trace " + about.trace_id));
}

std::string json_line(timestamp time, const std::string& level, const std::string& node,
                      const std::string& message, const log_subject& about) {
  json record = {
      {"time", format_time(time)}, {"level", level}, {"node", node}, {"message", message}};
  if (!about.actor.empty()) record["actor"] = about.actor;
  if (!about.trace_id.empty()) record["traceId"] = about.trace_id;
  return record.dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace troupe
