#include "bridges/nats/commit_message.hpp"

#include <array>

#include "runtime/testkit/fuzzing.hpp"

namespace {

/// The header names that a commit has; a message of somebody else's may have any text in them.
constexpr std::array known{"Troupe-Command-Id", "Troupe-Version", "Troupe-Events",
                           "Troupe-Digest",     "Troupe-Time",    "Troupe-Previous-Sequence"};

/// One value a line, then the body.
troupe::nats::outgoing message_of(std::string_view text) {
  troupe::nats::outgoing made{"parcels.4711", "", {}};
  for (const auto* name : known) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto value = text.substr(0, end);
    // The library's headers are C strings; an empty line leaves its header out.
    if (!value.empty() && value.find('\0') == std::string_view::npos)
      made.headers.emplace_back(name, value);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  made.body = text;
  return made;
}

}  // namespace

/// Any message can stand in a stream. It is read as the commit that it is, which can be written
/// again and reads alike, or is told apart from one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using troupe::testkit::require;
  // Messages are destroyed by the library's own collector.
  static const bool opened = nats_Open(-1) == NATS_OK;
  require(opened, "the library opens");
  const auto sent = message_of(troupe::testkit::text_of(data, size));
  auto native = troupe::nats::to_native(sent, "");
  if (native == nullptr) return 0;
  const auto read =
      troupe::nats::from_message({std::move(native), sent.subject, 7}, "parcels", "4711");
  require(read.recorded.position == 7 && read.recorded.data.body == sent.body, "nothing is lost");
  if (const auto events = troupe::decode(read.recorded); !events)
    require(events.error().code == troupe::errc::corrupt, "what cannot be read is corrupt");
  if (!read.whole) return 0;
  const auto& commit = read.recorded.data;
  require(commit.first_version > 0 && commit.event_count > 0, "a whole commit has events");
  const auto written =
      troupe::nats::to_message(troupe::nats::names("troupe"), commit, read.previous);
  auto copy = troupe::nats::to_native(written, "");
  require(copy != nullptr, "it can be written again");
  const auto again =
      troupe::nats::from_message({std::move(copy), written.subject, 7}, "parcels", "4711");
  require(again.whole && again.previous == read.previous, "it stays whole");
  require(again.recorded.data.first_version == commit.first_version &&
              again.recorded.data.event_count == commit.event_count &&
              again.recorded.data.digest == commit.digest &&
              again.recorded.data.time == commit.time &&
              again.recorded.data.command_id == commit.command_id,
          "and says the same");
  return 0;
}
