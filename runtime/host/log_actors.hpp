#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/aggregate.hpp"
#include "runtime/core/event_log.hpp"
#include "runtime/host/component.hpp"
#include "runtime/host/event_batch.hpp"
#include "runtime/host/known_commands.hpp"
#include "runtime/host/loaded_entity.hpp"
#include "runtime/host/log_health.hpp"

namespace troupe::host {

/// Work for the log writer: commits, or outcomes to keep.
struct append_job {
  std::optional<append_request> request;
  /// Of each commit of the request, what its body says. Empty for one whose events may come back
  /// from the log other than they went in.
  std::vector<std::vector<envelope>> events;
  std::vector<kept_outcome> outcomes;
  one_shot<append_result> reply;
};

/// To the log writer. Shared because messages are copied; the writer takes the content.
struct append {
  std::shared_ptr<append_job> job;
};

/// To the log writer: answers once everything sent before is stored or refused. False if the writer
/// died first.
struct barrier {
  one_shot<bool> reply;
};

/// Internal to the log writer: everything that had been waiting before this message is at hand.
struct flush {};

/// To a log reader: fold an entity from its stream.
struct load {
  std::shared_ptr<const aggregate_kernel> kernel;
  stream_id stream;
  one_shot<std::shared_ptr<result<loaded_entity>>> reply;
};

/// What is known of each of some command ids, in their order.
using lookup_result = result<std::vector<std::optional<known_command>>>;

/// To a log reader: what became of these commands?
struct lookup {
  std::vector<std::string> command_ids;
  one_shot<lookup_result> reply;
};

/// To a log reader: is this still the entity's last version?
struct confirm_version {
  stream_id stream;
  version_t version = 0;
  one_shot<result<bool>> reply;
};

/// Owns the write side of the log. It takes everything that waits in its mailbox and stores it with
/// one flush to disk (group commit), on a thread of its own. Path: /log/writer
class log_writer final : public component {
 public:
  /// Told after each flush of every category that grew, with what was stored, in the order of the
  /// positions. Called on the writer's thread.
  using on_growth =
      std::function<void(const std::string& category, std::vector<delivered_ptr> stored)>;

  log_writer(caf::actor_config& config, card_ptr card, event_log& log, on_growth grown,
             std::shared_ptr<log_health> health);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;

 private:
  void write();

  event_log& log_;
  on_growth grown_;
  const std::shared_ptr<log_health> health_;
  std::vector<std::shared_ptr<append_job>> waiting_;
  std::vector<barrier> barriers_;
  std::size_t waiting_commits_ = 0;
  bool flush_sent_ = false;
  std::uint64_t flushes_ = 0;
  std::uint64_t commits_ = 0;
  std::string last_failure_;
};

/// Reads entities and command outcomes for the command handlers, which must not block. Path:
/// /log/reader-<n>
class log_reader final : public component {
 public:
  log_reader(caf::actor_config& config, card_ptr card, event_log& log, use_snapshots snapshots);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;

 private:
  event_log& log_;
  const use_snapshots snapshots_;
  std::uint64_t entities_ = 0;
  std::uint64_t from_snapshot_ = 0;
  std::uint64_t lookups_ = 0;
  std::uint64_t confirmations_ = 0;
};

/// Calls the log's housekeeping about once a second, off the writer's path. Path: /log/maintenance
class log_maintenance final : public component {
 public:
  log_maintenance(caf::actor_config& config, card_ptr card, event_log& log,
                  const troupe::clock& time, std::shared_ptr<log_health> health);

 protected:
  caf::message_handler handlers() override;
  [[nodiscard]] json state() const override;

 private:
  event_log& log_;
  const troupe::clock& clock_;
  const std::shared_ptr<log_health> health_;
  std::uint64_t runs_ = 0;
  std::string last_failure_;
};

/// Internal to periodic actors: it is time.
struct tick {};

}  // namespace troupe::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::append)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::barrier)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::flush)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::load)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::lookup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::confirm_version)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::host::tick)
