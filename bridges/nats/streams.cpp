#include "bridges/nats/streams.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace troupe::nats {
namespace {

using info_ptr = std::unique_ptr<jsStreamInfo, destroys<jsStreamInfo_Destroy>>;
using bucket_ptr = std::unique_ptr<kvStore, destroys<kvStore_Destroy>>;

/// Retries after a lost acknowledgement are recognised for so long.
constexpr std::int64_t dedupe_window = std::int64_t{120} * 1'000'000'000;

}  // namespace

result<std::optional<stream_facts>> streams::find(const std::string& category) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(category); known != known_.end()) {
      return std::optional(known->second);
    }
  }
  auto found = look_up(names_.stream(category), category);
  if (found && *found) {
    const std::lock_guard lock(mutex_);
    known_.emplace(category, **found);
  }
  return found;
}

result<stream_facts> streams::find_or_make(const std::string& category) {
  auto found = find(category);
  if (!found) return std::move(found).error();
  if (*found) return std::move(**found);
  if (auto made = make(category); !made) return std::move(made).error();
  // Another node may have made it in the meantime, with other settings.
  found = find(category);
  if (!found) return std::move(found).error();
  if (!*found) return error{errc::unavailable, "the stream of '" + category + "' did not appear"};
  return std::move(**found);
}

result<stream_facts> streams::make(const std::string& category) {
  const auto name = names_.stream(category);
  const auto events = names_.all_events(category);
  const auto commands = names_.addressed_commands(category);
  std::array subjects{events.c_str(), commands.c_str()};
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = name.c_str();
  config.Description = "Troupe: events and durable commands of one category";
  config.Subjects = subjects.data();
  config.SubjectsLen = subjects.size();
  config.Storage = js_FileStorage;
  config.Retention = js_LimitsPolicy;
  config.Discard = js_DiscardNew;
  config.Replicas = replicas_;
  config.Duplicates = dedupe_window;
  config.DenyDelete = true;
  config.DenyPurge = true;
  config.AllowDirect = true;
  jsErrCode code{};
  const auto status = js_AddStream(nullptr, broker_->jetstream(), &config, nullptr, &code);
  if (status == NATS_OK || code == JSStreamNameExistErr) return stream_facts{name, replicas_};
  return failure_of(status,
                    "the stream '" + name + "' of category '" + category + "' cannot be made");
}

result<std::optional<stream_facts>> streams::look_up(const std::string& name,
                                                     const std::string& category) {
  if (auto connected = broker_->connected(); !connected) return connected.error();
  jsStreamInfo* found = nullptr;
  jsErrCode code{};
  const auto status = js_GetStreamInfo(&found, broker_->jetstream(), name.c_str(), nullptr, &code);
  if (status == NATS_NOT_FOUND || code == JSStreamNotFoundErr) return std::optional<stream_facts>();
  if (status != NATS_OK) return failure_of(status, "the stream '" + name + "' cannot be looked at");
  const info_ptr owned(found);
  if (auto checked = check(*found->Config, category); !checked) return checked.error();
  return std::optional(stream_facts{name, static_cast<int>(found->Config->Replicas)});
}

result<void> streams::check(const jsStreamConfig& config, const std::string& category) const {
  const auto wrong = [&](const std::string& what, const std::string& mend) {
    return error{errc::invalid, "the stream '" + std::string(config.Name) + "' " + what + "; " +
                                    mend + " ('nats stream edit'), or move it away"};
  };
  if (config.Storage != js_FileStorage) {
    return error{errc::invalid, "the stream '" + std::string(config.Name) +
                                    "' is kept in memory, which no edit changes; move it away"};
  }
  if (config.Retention != js_LimitsPolicy)
    return wrong("forgets messages that were read", "its retention must be 'limits'");
  if (config.MaxMsgs > 0 || config.MaxAge > 0 || config.MaxMsgsPerSubject > 0)
    return wrong("forgets old messages",
                 "it must have no limit on messages, their age or subjects");
  if (config.MaxBytes > 0 && config.Discard != js_DiscardNew)
    return wrong("forgets old messages when it is full", "its discard policy must be 'new'");
  if (config.MaxMsgSize > 0) return wrong("refuses large messages", "it must have no max_msg_size");
  if (!config.DenyDelete) return wrong("lets messages be deleted", "set deny_delete");
  if (!config.DenyPurge) return wrong("lets messages be purged", "set deny_purge");
  if (config.AllowRollup) return wrong("lets messages be rolled up", "unset allow_rollup_hdrs");
  if (!config.AllowDirect) return wrong("allows no direct get", "set allow_direct");
  std::set<std::string> subjects;
  for (int i = 0; i < config.SubjectsLen; ++i) subjects.insert(config.Subjects[i]);
  const auto events = names_.all_events(category);
  const auto commands = names_.addressed_commands(category);
  if (subjects != std::set{events, commands})
    return wrong("has other subjects", "they must be '" + events + "' and '" + commands + "'");
  return {};
}

result<void> streams::room_for(std::size_t bytes, const std::string& category) {
  const auto name = names_.stream(category);
  jsStreamInfo* found = nullptr;
  const auto status =
      js_GetStreamInfo(&found, broker_->jetstream(), name.c_str(), nullptr, nullptr);
  if (status != NATS_OK) return failure_of(status, "the stream '" + name + "'");
  const info_ptr info(found);
  const auto most = info->Config->MaxBytes;
  if (most <= 0 || info->State.Bytes + bytes <= static_cast<std::uint64_t>(most)) return {};
  return error{errc::unavailable, "the stream '" + name + "' is full: maximum bytes exceeded (" +
                                      std::to_string(most) + "); raise its max_bytes"};
}

result<stream_facts> streams::bucket(const std::string& purpose, std::chrono::hours ttl) {
  const auto name = names_.bucket(purpose);
  kvConfig config;
  kvConfig_Init(&config);
  config.Bucket = name.c_str();
  config.Description = "Troupe";
  config.History = 1;
  config.TTL = std::chrono::nanoseconds(ttl).count();
  config.StorageType = js_FileStorage;
  config.Replicas = replicas_;
  const auto stream = "KV_" + name;
  kvStore* opened = nullptr;
  auto status = js_KeyValue(&opened, broker_->jetstream(), name.c_str());
  if (status == NATS_NOT_FOUND) status = js_CreateKeyValue(&opened, broker_->jetstream(), &config);
  const bucket_ptr owned(opened);
  if (status != NATS_OK) return failure_of(status, "the bucket '" + name + "' cannot be made");
  jsStreamInfo* found = nullptr;
  status = js_GetStreamInfo(&found, broker_->jetstream(), stream.c_str(), nullptr, nullptr);
  if (status != NATS_OK) return failure_of(status, "the bucket '" + name + "' cannot be looked at");
  const info_ptr info(found);
  const auto& kept = *found->Config;
  if (kept.Storage != js_FileStorage || kept.MaxAge != config.TTL || !kept.AllowDirect) {
    return error{errc::invalid,
                 "the bucket '" + name + "' must be in files, allow direct get and " +
                     (ttl.count() == 0 ? std::string("keep entries for ever")
                                       : "keep entries for " + std::to_string(ttl.count()) + " h") +
                     "; mend or remove it"};
  }
  return stream_facts{stream, static_cast<int>(kept.Replicas)};
}

}  // namespace troupe::nats
