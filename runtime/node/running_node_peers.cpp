// What a running node is to its peers, and what it shows of them.
#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/node/running_node.hpp"

namespace troupe {

void running_node::join(std::shared_ptr<message_bus> bus) {
  bus_ = std::move(bus);
  announcement own;
  own.incarnation = ids_.next();
  own.name = options_.node;
  own.version = version_text;
  own.started = begun_;
  cluster_ = std::make_shared<troupe::cluster>(*bus_, std::move(own), clock_,
                                               [this] { return addresses(); });
  admin_line_ = std::make_unique<admin_line>(*cluster_, clock_, [this](const std::string& name) {
    return std::ranges::any_of(projections_, [&](const host::bound_projection& one) {
      return one.shared && one.what.kernel->name() == name;
    });
  });
  forwarder_ = std::make_unique<forwarder>(*cluster_, clock_, metrics_);
}

void running_node::set_draining() {
  draining_ = true;
  if (cluster_) cluster_->set_draining();
}

json running_node::addresses() const {
  json found = json::object();
  for (const auto& one : bridges_) {
    if (one == cluster_) continue;
    const auto address = one->describe().value("address", std::string());
    if (!address.empty()) found[one->name()] = address;
  }
  return found;
}

json running_node::cluster() {
  json own = {{"name", options_.node},
              {"incarnation", nullptr},
              {"self", true},
              {"version", version_text},
              {"started", format_time(begun_)},
              {"ready", std::ranges::all_of(readiness_checks(), &health_check::ok)},
              {"draining", draining_.load()},
              {"addresses", addresses()},
              {"lastHeard", format_time(clock_.now())},
              {"shards", shard_count}};
  json shown = {{"cluster", options_.cluster}, {"nodes", json::array()}, {"shards", json::array()}};
  if (!cluster_) {
    shown["nodes"].push_back(std::move(own));
    return shown;
  }
  const auto seen = cluster_->now();
  own["incarnation"] = seen.own.incarnation;
  own["shards"] = seen.shards->owned_by(seen.own.incarnation);
  shown["nodes"].push_back(std::move(own));
  const auto monotonic = clock_.monotonic();
  for (const auto& [said, heard] : seen.peers) {
    const auto ago = std::chrono::duration_cast<std::chrono::milliseconds>(monotonic - heard);
    shown["nodes"].push_back({{"name", said.name},
                              {"incarnation", said.incarnation},
                              {"self", false},
                              {"version", said.version},
                              {"started", format_time(said.started)},
                              {"ready", nullptr},  // Only the node itself knows.
                              {"draining", said.draining},
                              {"addresses", said.addresses},
                              {"lastHeard", format_time(clock_.now() - ago)},
                              {"shards", seen.shards->owned_by(said.incarnation)}});
  }
  for (std::size_t shard = 0; shard < shard_count; ++shard)
    shown["shards"].push_back(seen.shards->owner(shard));
  return shown;
}

}  // namespace troupe
