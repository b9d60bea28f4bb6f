#include "bridges/nats/command_intake.hpp"

#include "runtime/testkit/fuzzing.hpp"
#include "runtime/testkit/manual_clock.hpp"
#include "runtime/testkit/sequence_ids.hpp"

namespace {

using troupe::testkit::require;

/// Whatever comes, the sender gets JSON that says what became of it.
void is_told(const troupe::command_outcome& refused) {
  require(refused.status == troupe::outcome_status::invalid && refused.code == "malformed",
          "what is no command is malformed");
  require(!refused.detail.empty(), "a refusal says why");
  const auto told = troupe::parse_json(troupe::nats::to_message(refused));
  require(told.has_value() && told->at("status") == "invalid", "the answer is JSON");
}

void may_be_an_id(const std::string& text) {
  require(text.empty() || troupe::check_command_id(text).has_value(), "ids are printable");
}

}  // namespace

/// The first byte tells whether the rest is an envelope or a command's data: either it gives a
/// command whose ids can be written anywhere, or it is refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto body = troupe::testkit::text_of(data + 1, size - 1);
  troupe::testkit::manual_clock time;
  troupe::testkit::sequence_ids ids;
  const troupe::nats::command_intake read(time, ids, {});
  const auto taken = data[0] % 2 == 0 ? read.from_envelope("parcels", "", body)
                                      : read.from_data("parcels", "4711", "PostParcel", "", body);
  if (const auto* refused = std::get_if<troupe::command_outcome>(&taken)) {
    is_told(*refused);
    return 0;
  }
  const auto& command = std::get<troupe::command_request>(taken);
  require(!command.context.command_id.empty(), "every command has an id");
  for (const auto& id :
       {command.context.command_id, command.context.trace_id, command.context.correlation_id,
        command.context.causation_id, command.context.user_id, command.context.traceparent})
    may_be_an_id(id);
  const auto again = troupe::parse_json(command.data.dump());
  require(again.has_value() && *again == command.data, "the data can be stored as they are");
  return 0;
}
