#pragma once

#include <string>
#include <string_view>

#include "runtime/core/ids.hpp"

namespace troupe::nats {

/// What everything is called on the broker. Clusters on one broker keep apart by their name; the
/// default one has the plain subjects of the public interface.
///
///     stream    troupe_identity           <cluster>_<category>
///     subjects  identity.<id>             events of one entity
///               identity.command[.<id>]   durable commands
///     buckets   troupe_commands, troupe_outcomes, troupe_snapshots, troupe_parked
class names {
 public:
  static constexpr const char* default_cluster = "troupe";

  explicit names(std::string cluster)
      : cluster_(std::move(cluster)), prefix_(cluster_ == default_cluster ? "" : cluster_ + '.') {}

  [[nodiscard]] const std::string& cluster() const { return cluster_; }

  [[nodiscard]] std::string stream(const std::string& category) const {
    return cluster_ + '_' + category;
  }
  /// Matches the events of all entities, and also `commands(category)`.
  [[nodiscard]] std::string all_events(const std::string& category) const {
    return prefix_ + category + ".*";
  }
  [[nodiscard]] std::string events(const stream_id& entity) const {
    return prefix_ + entity.category + '.' + entity.id;
  }
  /// Commands that name their entity in their data.
  [[nodiscard]] std::string commands(const std::string& category) const {
    return prefix_ + category + ".command";
  }
  [[nodiscard]] std::string addressed_commands(const std::string& category) const {
    return commands(category) + ".*";
  }
  /// Told on core NATS after a flush, so that the other nodes look at the log at once.
  [[nodiscard]] std::string growth(const std::string& category) const {
    return cluster_ + ".grew." + category;
  }
  /// Where nodes take commands by request and reply.
  [[nodiscard]] std::string question(const std::string& rest) const {
    return cluster_ + ".ask." + rest;
  }
  /// What nodes tell and ask each other: never stored.
  [[nodiscard]] std::string between_nodes(const std::string& topic) const {
    return cluster_ + ".node." + topic;
  }
  [[nodiscard]] std::string bucket(const std::string& purpose) const {
    return cluster_ + '_' + purpose;
  }
  /// The subject of a bucket's entry.
  [[nodiscard]] std::string entry(const std::string& purpose, const std::string& key) const {
    return "$KV." + bucket(purpose) + '.' + key;
  }

  /// The entity whose event has this subject; "" for a command's subject.
  [[nodiscard]] std::string entity_of(const std::string& category, std::string_view subject) const {
    const auto before = prefix_.size() + category.size() + 1;
    if (subject.size() <= before) return "";
    auto id = subject.substr(before);
    const bool event = id != "command" && id.find('.') == std::string_view::npos;
    return event ? std::string(id) : std::string();
  }

 private:
  std::string cluster_;
  std::string prefix_;
};

}  // namespace troupe::nats
