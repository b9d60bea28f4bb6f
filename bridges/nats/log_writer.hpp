#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bridges/nats/category_reader.hpp"
#include "bridges/nats/command_index.hpp"
#include "bridges/nats/kept_outcomes.hpp"
#include "bridges/nats/places.hpp"

namespace troupe::nats {

/// The write side of the log: everything of one `append` is in flight together, in waves, because
/// an entity's next commit can only be published when the sequence of the one before is known.
///
/// A publish without an answer may be stored or not. It is sent again, under the same message id
/// and the same expected sequence, until the broker settles it: it can be stored once at most. If
/// the broker stays away for longer than `patience`, the commit is in doubt, and until it is
/// settled nothing is appended and nobody may read the log to find out. Thread-safe.
class log_writer {
 public:
  log_writer(std::shared_ptr<connection> broker, names called, streams& all,
             stored_messages& messages, command_index& index, category_reader& categories,
             places& newest, kept_outcomes& outcomes, std::string own_name);

  std::vector<append_result> append(std::span<const append_request> requests,
                                    std::span<const kept_outcome> outcomes);

  /// Success when nothing is in doubt (any more).
  result<void> settled();
  /// The same, and that the broker stores again what is published, if it did not the last time.
  result<void> writable();

 private:
  /// A publish into an entity's stream, until the broker has settled it.
  struct publish {
    const commit* what = nullptr;
    position_t previous = 0;
    outgoing message;
    std::optional<error> failure;
    position_t position = 0;
    bool id_given = false;  ///< A kept outcome may carry the command's id.
    bool settled = false;
    bool maybe_stored = false;  ///< An earlier try has had no answer.
    std::string doubt;          ///< Why it is not settled.
  };
  class batch;

  result<void> open_window();
  result<place> newest_place(const stream_id& entity, version_t expected);
  /// Claims the ids of the wave's commits that are not known to be fresh.
  void claim(std::vector<publish>& wave, monotonic_time deadline);
  /// Keeps outcomes; what became of each.
  std::vector<append_result> keep(std::span<const kept_outcome> outcomes);
  /// Publishes all, with `alongside`, and tries again until all are settled or the deadline passed.
  void publish_all(std::vector<publish>& wave, std::vector<outgoing> alongside,
                   monotonic_time deadline);
  void take(publish& one, const publish_reply& reply);
  /// After a try without an answer: what is behind the expected sequence now?
  void look_behind(publish& one);
  result<void> settle();
  void remember_refusals(const std::vector<publish>& wave);

  const std::shared_ptr<connection> broker_;
  const names names_;
  streams& streams_;
  stored_messages& messages_;
  command_index& index_;
  category_reader& categories_;
  places& newest_;
  kept_outcomes& outcomes_;
  const std::string own_name_;

  std::mutex mutex_;
  std::unique_ptr<request_window> window_;
  /// Of commits in doubt; each with a copy of its commit.
  std::vector<std::pair<std::unique_ptr<const commit>, publish>> doubtful_;
  std::atomic<bool> in_doubt_ = false;
  /// The last commit that the broker was not able to store: its category and bytes.
  std::optional<std::pair<std::string, std::size_t>> refused_;
};

}  // namespace troupe::nats
