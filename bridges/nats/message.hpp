#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::nats {

/// Owns an object of the C library.
template <auto Destroy>
struct destroys {
  template <class T>
  void operator()(T* owned) const {
    Destroy(owned);
  }
};
using subscription_ptr = std::unique_ptr<natsSubscription, destroys<natsSubscription_Destroy>>;
using message_ptr = std::unique_ptr<natsMsg, destroys<natsMsg_Destroy>>;
using jetstream_ptr = std::unique_ptr<jsCtx, destroys<jsCtx_Destroy>>;

using headers = std::vector<std::pair<std::string, std::string>>;

/// A message to be sent.
struct outgoing {
  std::string subject;
  std::string body;
  troupe::nats::headers headers;
};

/// The library's form of a message, with the subject that an answer goes to ("" for none). Null
/// when there is no memory or the message is larger than the library takes.
message_ptr to_native(const outgoing& sent, const std::string& reply_to);

std::string_view subject_of(const natsMsg& received);
std::string_view body_of(const natsMsg& received);
/// A header's first value.
std::optional<std::string_view> header_of(const natsMsg& received, const char* name);
/// A header's value as a number; nothing when it is absent or is none.
std::optional<std::uint64_t> number_of(const natsMsg& received, const char* name);

/// The status that a broker sends in place of a body (404, 408, 503 …); 0 for a normal message.
int status_of(const natsMsg& received);
/// The status when nobody listens on the subject of a request.
inline constexpr int no_responders = 503;

}  // namespace troupe::nats
