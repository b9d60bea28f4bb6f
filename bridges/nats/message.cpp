#include "bridges/nats/message.hpp"

#include <charconv>

namespace troupe::nats {
namespace {

/// The library's readers take no const message though they change none.
natsMsg* unlocked(const natsMsg& received) { return const_cast<natsMsg*>(&received); }

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number number{};
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

message_ptr to_native(const outgoing& sent, const std::string& reply_to) {
  natsMsg* made = nullptr;
  const auto* reply = reply_to.empty() ? nullptr : reply_to.c_str();
  if (natsMsg_Create(&made, sent.subject.c_str(), reply, sent.body.data(),
                     static_cast<int>(sent.body.size())) != NATS_OK) {
    return nullptr;
  }
  message_ptr owned(made);
  for (const auto& [name, value] : sent.headers) {
    if (natsMsgHeader_Set(made, name.c_str(), value.c_str()) != NATS_OK) return nullptr;
  }
  return owned;
}

std::string_view subject_of(const natsMsg& received) {
  return natsMsg_GetSubject(unlocked(received));
}

std::string_view body_of(const natsMsg& received) {
  const auto length = natsMsg_GetDataLength(unlocked(received));
  return {natsMsg_GetData(unlocked(received)), static_cast<std::size_t>(length)};
}

std::optional<std::string_view> header_of(const natsMsg& received, const char* name) {
  const char* value = nullptr;
  if (natsMsgHeader_Get(unlocked(received), name, &value) != NATS_OK || value == nullptr) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::uint64_t> number_of(const natsMsg& received, const char* name) {
  const auto text = header_of(received, name);
  return text ? parse<std::uint64_t>(*text) : std::nullopt;
}

int status_of(const natsMsg& received) {
  if (natsMsg_GetDataLength(unlocked(received)) > 0) return 0;
  const auto text = header_of(received, "Status");
  return text ? parse<int>(*text).value_or(0) : 0;
}

}  // namespace troupe::nats
