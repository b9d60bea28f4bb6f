#pragma once

#include "bridges/nats/names.hpp"
#include "bridges/nats/stored_messages.hpp"
#include "runtime/core/event_log.hpp"

namespace troupe::nats {

/// A commit as a message: the body is the commit's body, everything else is in headers.
///
///     Nats-Msg-Id               commit:<command id>:<previous sequence>: names the attempt; only
///     on
///                               its first publish
///     Troupe-Command-Id         unique in the log
///     Troupe-Version            of the first event
///     Troupe-Events             how many
///     Troupe-Digest             tells apart two commands sent under one id
///     Troupe-Time               as in the events' metadata
///     Troupe-Previous-Sequence  of the entity's commit before; 0 for the first
///     traceparent               W3C trace context, when the events carry one
outgoing to_message(const names& called, const commit& stored, position_t previous);

/// For a message that is published again: a broker that lost its first proposal would hold on to
/// the id, and say for two minutes that it is under way. The expected sequence alone makes the
/// repeat harmless.
void forget_message_id(outgoing& sent);

/// A commit read back.
struct read_commit {
  recorded_commit recorded;
  position_t previous = 0;
  bool whole = false;  ///< False for a message that this runtime has not written.
};

/// Total: a message of somebody else's has version 0 and its body as it is, so that readers of the
/// category see it and may refuse it with its position.
read_commit from_message(const stored_message& stored, const std::string& category,
                         std::string entity);

/// `invalid` where a name cannot be part of a subject or a command id not a header.
result<void> check_names(const commit& wanted);
result<void> check_stream(const stream_id& stream);

}  // namespace troupe::nats
