#include <algorithm>
#include <vector>

#include "runtime/core/event_log.hpp"
#include "runtime/testkit/fuzzing.hpp"

/// The first byte is the number of events that the commit claims to hold, the rest its body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using troupe::testkit::require;
  if (size == 0) return 0;
  troupe::recorded_commit stored;
  stored.position = 7;
  stored.data.stream = {"accounts", "4711"};
  stored.data.first_version = 3;
  stored.data.event_count = data[0];
  stored.data.body = troupe::testkit::text_of(data + 1, size - 1);
  const auto events = troupe::decode(stored);
  if (!events) {
    require(events.error().code == troupe::errc::corrupt, "a torn commit is 'corrupt'");
    require(events.error().message.find("position 7") != std::string::npos, "the place is named");
    return 0;
  }
  require(events->size() == data[0], "as many events as were expected");
  std::vector<troupe::envelope> envelopes;
  for (const auto& one : *events) {
    require(one.version == 3 + envelopes.size() && one.position == 7, "versions have no holes");
    envelopes.push_back(one.event);
  }
  if (envelopes.empty()) return 0;
  stored.data.body = troupe::encode_body(envelopes);
  const auto again = troupe::decode(stored);
  require(again.has_value(), "what was decoded can be encoded");
  require(std::ranges::equal(*again, envelopes, {}, &troupe::recorded_event::event),
          "and comes back as it was");
  return 0;
}
