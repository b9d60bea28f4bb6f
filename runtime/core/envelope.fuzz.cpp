#include "runtime/core/envelope.hpp"

#include <algorithm>

#include "runtime/testkit/fuzzing.hpp"

namespace {

using troupe::json;
using troupe::testkit::require;

std::size_t depth_of(const json& value) {
  std::size_t deepest = 0;
  for (const auto& inner : value) {
    if (inner.is_structured()) deepest = std::max(deepest, depth_of(inner));
  }
  return value.is_structured() ? deepest + 1 : 0;
}

}  // namespace

/// Whatever is accepted is what the library itself reads, within the bounds, and can be written and
/// read again; whatever is refused says why in a few words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t max_depth = 16;
  const auto text = troupe::testkit::text_of(data, size);
  const auto parsed = troupe::parse_json(text, {max_depth});
  if (!parsed) {
    require(parsed.error().code == troupe::errc::invalid, "a refusal is 'invalid'");
    const auto& why = parsed.error().message;
    require(!why.empty() && why.size() < 400, "a refusal is short");
    return 0;
  }
  require(json::accept(text), "what is accepted is JSON");
  require(json::parse(text) == *parsed, "it means what the library says");
  require(depth_of(*parsed) <= max_depth, "it is within the depth limit");
  const auto written = parsed->dump();
  const auto again = troupe::parse_json(written, {max_depth});
  require(again && *again == *parsed, "it is read back as it was written");
  require(written.find('\0') == std::string::npos, "no NUL comes in");

  const auto message = troupe::envelope_from_json(*parsed);
  if (!message) {
    require(message.error().code == troupe::errc::invalid, "a refusal is 'invalid'");
    return 0;
  }
  const auto encoded = troupe::to_json(*message);
  require(encoded.size() == 4, "an envelope has four members");
  const auto decoded = troupe::envelope_from_json(encoded);
  require(decoded && *decoded == *message, "an envelope comes back as it was");
  return 0;
}
