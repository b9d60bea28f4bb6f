#pragma once

#include <string>

#include "bridges/nats/request_window.hpp"
#include "runtime/core/ids.hpp"

namespace troupe::nats {

/// What a broker says to a publish into a stream.
struct publish_reply {
  enum class verdict : std::uint8_t {
    stored,    ///< At `position`.
    repeated,  ///< The broker knows the message id: stored before, at `position`.
    conflict,  ///< The compare-and-set lost. Not stored.
    refused,   ///< The broker cannot store anything now. Not stored.
    unknown,   ///< No answer that settles it.
  };
  verdict what = verdict::unknown;
  position_t position = 0;
  std::string detail;
};

publish_reply read_publish_reply(const answer& received);

/// Makes a publish succeed only if the subject's last message has this sequence; 0: if it has none.
void expect_last(outgoing& sent, position_t sequence);

}  // namespace troupe::nats
