#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/core/clock.hpp"
#include "runtime/core/command.hpp"
#include "runtime/core/envelope.hpp"

namespace troupe {

/// All events of one command: the unit that is stored wholly or not at all.
/// `body` is the wire form: one envelope as a JSON object, or an array of envelopes when there are
/// several.
struct commit {
  stream_id stream;
  version_t first_version = 1;    ///< Version of the first event.
  std::uint32_t event_count = 1;  ///< At least 1.
  std::string command_id;         ///< Unique in the log: no two commits carry the same one.
  std::uint64_t digest = 0;       ///< `command::digest()` of the command that made it.
  std::string body;
  timestamp time{};
  /// The command id was made for this command alone, so that no other commit can carry it: a log
  /// may spare itself the search for one. Not stored.
  bool fresh_id = false;

  [[nodiscard]] version_t last_version() const { return first_version + event_count - 1; }

  friend bool operator==(const commit&, const commit&) = default;
};

/// A commit with its place in the log.
struct recorded_commit {
  commit data;
  position_t position = 0;

  friend bool operator==(const recorded_commit&, const recorded_commit&) = default;
};

/// Encodes a commit's body from its events (at least one).
std::string encode_body(std::span<const envelope> events);

/// Decodes a commit's events. Total: a body that is not what `encode_body` writes is
/// `errc::corrupt`, and the message names stream and position.
result<std::vector<recorded_event>> decode(const recorded_commit& recorded);

/// Commits of one stream with contiguous versions, decided on top of each other. Stored as a
/// prefix: if one is not stored, no later one is.
struct append_request {
  std::vector<commit> commits;  ///< At least one.
  /// Callers chose the command ids, so a kept outcome may have one of them too: a command that was
  /// once refused is not carried out under the same id later.
  bool ids_given = false;
};

/// What became of an `append_request`. `positions` belong to the stored prefix of its commits. If
/// the prefix is not the whole, `failure` says why the next one was not stored: `conflict`,
/// `duplicate`, `unavailable` — or `in_doubt`, when that commit and its followers may yet turn out
/// to be stored.
struct append_result {
  std::vector<position_t> positions;
  std::optional<error> failure;
};

/// The failure of a commit or outcome whose command id is in the log already.
error already_known(const std::string& command_id);
/// The results where nothing was stored.
std::vector<append_result> all_failed(std::size_t count, const error& why);

/// A refusal or a no-change answer, kept so that a repeated command gets the same answer.
struct kept_outcome {
  std::string command_id;
  std::uint64_t digest = 0;
  command_outcome outcome;
  timestamp time{};
};

/// A saved state, so that loading need not start at version 1.
struct snapshot {
  stream_id stream;
  version_t version = 0;
  position_t position = 0;  ///< Of the commit that holds `version`.
  std::string schema;       ///< Identifies the state's shape; another one means: ignore and remake.
  json state;
};

/// What loading an entity begins with.
struct load_start {
  std::optional<snapshot> saved;
  /// From the commit on that is to hold the snapshot's version; from the first one where there is
  /// no snapshot. If the first does not hold it, at the snapshot's position, the snapshot is of
  /// another history.
  std::vector<recorded_commit> commits;
};

/// The authoritative store. Compare-and-set on an entity's stream is the only concurrency control
/// there is.
///
/// Threads: `append` is called by one thread at a time; everything else by any thread, concurrently
/// with `append`. Errors: `unavailable` when the store cannot be reached or is full, `corrupt` when
/// data cannot be read back. All calls may block on the disk or the network.
class event_log {
 public:
  virtual ~event_log() = default;

  /// Makes ready for these categories and checks that the store is fit for them. Called once,
  /// before the first use by a node; a log that needs nothing of the kind does nothing.
  virtual result<void> prepare(const std::vector<std::string>& /*categories*/) { return {}; }

  /// Whether other processes may append too: what this one remembers of an entity may be behind.
  [[nodiscard]] virtual bool shared() const { return false; }

  /// Told that a category has grown, perhaps through another node; any thread.
  using on_growth = std::function<void(const std::string& category, position_t head)>;
  /// From now on `grown` is told of growth where the log can know; null ends that, and when the
  /// call returns nobody is told any more. Readers that are never told must look by themselves.
  virtual void watch(on_growth /*grown*/) {}

  /// Stores all requests and outcomes with one flush to stable storage; the results are in the
  /// order of the requests, and behind them one for each outcome, without positions. A commit is
  /// stored if and only if its stream's last version is `first_version - 1` and its command id is
  /// new: no commit has it nor, where `ids_given`, a kept outcome. `duplicate` comes before
  /// `conflict`. Requests are independent of each other. When this returns, everything reported
  /// stored is durable. `outcomes` are kept at least 24 hours; the first outcome of a command id
  /// wins, others are a `duplicate`. If the flush fails, every result says so.
  virtual std::vector<append_result> append(std::span<const append_request> requests,
                                            std::span<const kept_outcome> outcomes) = 0;

  /// Commits of one entity that hold versions >= `from`, in order, at most `limit`. Empty for an
  /// unknown entity.
  virtual result<std::vector<recorded_commit>> read_stream(const stream_id& stream, version_t from,
                                                           std::size_t limit) = 0;

  /// Commits of a category with positions >= `from`, in order, at most `limit`. Once a reader has
  /// seen a position, nothing ever appears below it.
  virtual result<std::vector<recorded_commit>> read_category(const std::string& category,
                                                             position_t from,
                                                             std::size_t limit) = 0;

  /// The position of the category's last commit; 0 if it has none.
  virtual result<position_t> head(const std::string& category) = 0;

  /// The commit made by this command, if there is one.
  virtual result<std::optional<recorded_commit>> find_command(const std::string& command_id) = 0;

  /// The kept outcome of this command, if there is one.
  virtual result<std::optional<kept_outcome>> find_outcome(const std::string& command_id) = 0;

  /// The newest snapshot of an entity, if there is one.
  virtual result<std::optional<snapshot>> load_snapshot(const stream_id& stream) = 0;

  /// The newest snapshot and the commits that come with it, at most `limit` of them: in one step
  /// where that saves time. A snapshot that cannot be read counts as none.
  virtual result<load_start> start_load(const stream_id& stream, std::size_t limit);

  /// Replaces the entity's snapshot unless the stored one is newer. Losing it loses nothing but
  /// time.
  virtual result<void> save_snapshot(const snapshot& saved) = 0;

  /// Housekeeping that must not stall the writer (write-ahead-log checkpoints, expired outcomes).
  /// Called a few times a second by one thread, concurrently with everything else. After an append
  /// that failed it also finds out whether the log can be written again; the error says why not.
  virtual result<void> maintain(timestamp now) = 0;
};

}  // namespace troupe
