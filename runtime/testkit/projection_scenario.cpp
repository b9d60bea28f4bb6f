#include "runtime/testkit/projection_scenario.hpp"

#include <memory>
#include <optional>
#include <set>
#include <stdexcept>

#include "runtime/testkit/scenario.hpp"

namespace troupe::testkit {
namespace {

std::unique_ptr<row_fold> fold_from(const projector_kernel& kernel, const json* stored) {
  auto fold = kernel.fold(stored);
  if (!fold)
    detail::fail("a row cannot be read back (" + fold.error().message + ")", *stored, nullptr);
  return std::move(*fold);
}

/// Folds with a stop after this event: the row is stored and read.
std::optional<json> fold_one(const projector_kernel& kernel, const json* stored,
                             const decoded_event& event) {
  auto fold = fold_from(kernel, stored);
  fold->apply(event);
  auto row = fold->row();
  if (row) row = detail::reread("a row of " + kernel.name(), *row);
  return row;
}

}  // namespace

placed_event placed_event::at(std::string_view time) && {
  auto parsed = parse_time(time);
  if (!parsed) throw failure(parsed.error().message);
  return std::move(*this).at(*parsed);
}

recorded_event placed_event::recorded(const std::string& category, position_t position,
                                      version_t version) const {
  const auto number = std::to_string(position);
  envelope written{"event-" + number,
                   type_,
                   {{"traceId", "trace-" + number},
                    {"userId", user_},
                    {"correlationId", "trace-" + number},
                    {"causationId", "command-" + number},
                    {"commandId", "command-" + number},
                    {"version", version},
                    {"time", format_time(time_)}},
                   data_};
  if (schema_version_ > 1) written.metadata[schema_version_member] = schema_version_;
  auto read = envelope_from_json(detail::reread(type_, to_json(written)));
  if (!read) throw failure(type_ + ": " + read.error().message);
  return {std::move(*read), {category, entity_}, version, position};
}

json projected::row(const std::string& key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? json() : found->second;
}

const projected& projected::then_row(const std::string& key, const json& expected) const {
  if (row(key) != expected) detail::fail("row '" + key + "' is another one", expected, row(key));
  return *this;
}

const projected& projected::then_no_row(const std::string& key) const {
  if (rows_.contains(key)) detail::fail("row '" + key + "' should not exist", nullptr, row(key));
  return *this;
}

const projected& projected::then_parked(std::string_view type, std::string_view part) const {
  const bool holds = parked_.size() == 1 && parked_.front().type == type &&
                     parked_.front().reason.find(part) != std::string::npos;
  if (!holds) {
    json actual = json::array();
    for (const auto& one : parked_)
      actual.push_back({{"type", one.type}, {"key", one.key}, {"reason", one.reason}});
    detail::fail("other events are parked", {{{"type", type}, {"reason", part}}}, actual);
  }
  return *this;
}

projected project(const projector_kernel& kernel, const std::vector<placed_event>& events) {
  projected result;
  std::map<std::string, version_t> versions;
  std::map<std::string, std::unique_ptr<row_fold>> batch;
  std::set<std::string> blocked;
  position_t position = 0;
  for (const auto& placed : events) {
    const auto recorded =
        placed.recorded(kernel.category(), ++position, ++versions[placed.entity()]);
    if (!kernel.handles(placed.type())) continue;
    std::string key = placed.entity();
    try {
      auto event = kernel.decode(recorded);
      if (!event) throw std::runtime_error(event.error().message);
      key = (*event)->key();
      if (blocked.contains(key)) throw std::runtime_error("waits behind an earlier event");
      auto& fold = batch[key];
      if (!fold) fold = fold_from(kernel, nullptr);
      const auto stored = result.rows_.find(key);
      auto row =
          fold_one(kernel, stored == result.rows_.end() ? nullptr : &stored->second, **event);
      fold->apply(**event);
      if (fold->row() != row) {
        detail::fail("row '" + key + "' differs when it is stored and read before " + placed.type(),
                     fold->row().value_or(json()), row.value_or(json()));
      }
      if (row) {
        result.rows_[key] = std::move(*row);
      } else {
        result.rows_.erase(key);
      }
    } catch (const failure&) {
      throw;
    } catch (const std::exception& problem) {
      blocked.insert(key);
      result.parked_.push_back({std::move(key), placed.type(), problem.what()});
    }
  }
  return result;
}

}  // namespace troupe::testkit
