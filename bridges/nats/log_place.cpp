#include "bridges/nats/log_place.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "bridges/nats/category_reader.hpp"
#include "bridges/nats/nats_event_log.hpp"
#include "runtime/core/database_url.hpp"

namespace troupe::nats {
namespace {

using stream_names_ptr = std::unique_ptr<jsStreamNamesList, destroys<jsStreamNamesList_Destroy>>;

struct log_address {
  connection_options broker;
  log_options log;
};

/// The servers of "user:password@one:4222,two:4222"; who logs in to the first one does so to all.
std::vector<std::string> servers_of(const database_url& url) {
  const auto at = url.authority.rfind('@');
  const auto login = at == std::string::npos ? "" : url.authority.substr(0, at + 1);
  std::vector<std::string> servers;
  for (auto from = login.size(); from <= url.authority.size();) {
    const auto end = std::min(url.authority.find(',', from), url.authority.size());
    servers.push_back(url.scheme + "://" + login + url.authority.substr(from, end - from));
    from = end + 1;
  }
  return servers;
}

result<log_address> parse(const std::string& text) {
  // The text is not repeated: it may hold a password.
  const auto wrong = [](const std::string& what) {
    return error{errc::invalid,
                 what + "; give a broker like nats://127.0.0.1:4222?cluster=troupe&replicas=1"};
  };
  const auto url = parse_database_url(text);
  if (!url) return wrong("the URL is malformed");
  if (url->authority.empty() || (!url->path.empty() && url->path != "/"))
    return wrong("the URL must name hosts and nothing behind them");
  log_address found;
  found.broker.urls = servers_of(*url);
  found.broker.name = "troupe copy";
  for (const auto& [name, value] : url->parameters) {
    if (name == "cluster") {
      // A part of subjects, too.
      if (!check_category(value) || value.find('_') != std::string::npos)
        return wrong("cluster '" + value + "' must be a lower-case letter and [a-z0-9-]");
      found.log.cluster = value;
    } else if (name == "replicas") {
      const auto* end = value.data() + value.size();
      const auto read = std::from_chars(value.data(), end, found.log.replicas);
      const auto count = found.log.replicas;
      if (read.ptr != end || (count != 1 && count != 3 && count != 5))
        return wrong("replicas must be 1, 3 or 5");
    } else if (name == "creds") {
      found.broker.credentials = value;
    } else if (name == "ca") {
      found.broker.ca = value;
    } else {
      return wrong("the URL has an unknown parameter '" + name + "'");
    }
  }
  return found;
}

result<std::vector<std::string>> categories_of(const std::shared_ptr<connection>& broker,
                                               const names& called) {
  jsStreamNamesList* listed = nullptr;
  const auto status = js_StreamNames(&listed, broker->jetstream(), nullptr, nullptr);
  if (status == NATS_NOT_FOUND) return std::vector<std::string>();
  if (status != NATS_OK) return failure_of(status, "listing the broker's streams");
  const stream_names_ptr owned(listed);
  streams all(broker, called, 1);
  stored_messages messages(broker);
  category_reader reader(called, all, messages);
  const auto prefix = called.stream("");
  std::vector<std::string> found;
  for (int i = 0; i < listed->Count; ++i) {
    const std::string name = listed->List[i];
    if (!name.starts_with(prefix) || !check_category(name.substr(prefix.size()))) continue;
    const auto head = reader.head(name.substr(prefix.size()));
    if (!head) return head.error();
    if (*head > 0) found.push_back(name.substr(prefix.size()));
  }
  return found;
}

/// Running nodes answer questions, whatever these are.
bool has_running_node(const connection& broker, const names& called) {
  natsMsg* answer = nullptr;
  const auto status =
      natsConnection_RequestString(&answer, broker.native(), called.question("troupe-copy").c_str(),
                                   "", broker.options().answer_timeout.count());
  const message_ptr owned(answer);
  return status == NATS_OK || status == NATS_TIMEOUT;
}

}  // namespace

result<opened_log> open_log_place(const std::string& url, log_use use) {
  auto where = parse(url);
  if (!where) return std::move(where).error();
  auto broker = connection::open(where->broker);
  if (!broker) return std::move(broker).error();
  const names called(where->log.cluster);
  if (use == log_use::write && has_running_node(**broker, called)) {
    return error{errc::unavailable, "nodes of cluster '" + where->log.cluster +
                                        "' are running on this broker; stop them, or choose "
                                        "another cluster"};
  }
  auto categories = categories_of(*broker, called);
  if (!categories) return std::move(categories).error();
  if (use == log_use::read && categories->empty()) {
    return error{errc::invalid, "there is no log of cluster '" + where->log.cluster +
                                    "' on this broker; name one with ?cluster=NAME"};
  }
  auto log = open_event_log(std::move(*broker), where->log);
  if (!log) return std::move(log).error();
  return opened_log{std::move(*log), std::move(*categories)};
}

}  // namespace troupe::nats
