// An event of an older form is lifted wherever a running node reads it, and stays in the log as it
// was.
#include <boost/test/unit_test.hpp>

#include <future>
#include <span>

#include "runtime/core/parcels.test.hpp"
#include "runtime/host/engine.hpp"
#include "runtime/host/loaded_entity.hpp"
#include "runtime/testkit/memory_event_log.hpp"
#include "runtime/testkit/memory_view_provider.hpp"
#include "runtime/testkit/patience.test.hpp"

namespace troupe::host {
namespace {

const stream_id parcel{"parcels", "7"};

/// A node whose log holds one event of the first form and the first name.
struct node_with_old_events {
  node_with_old_events() {
    const append_request request{{{parcel, 1, 1, "c1", 0, encode_body(std::span(&posted, 1)), {}}}};
    BOOST_TEST_REQUIRE(!log.append(std::span(&request, 1), {}).front().failure.has_value());
    actors = std::make_unique<engine>(
        engine_options{}, features,
        std::vector<bound_projection>{{"parcels", features[0].projections()[0], views.get()}}, log,
        time);
    actors->start();
  }

  json row() {
    BOOST_TEST_REQUIRE(actors->await_projection("weights", log.head("parcels").value(),
                                                time.monotonic() + patience));
    return views->get({"weights", "id"}, parcel.id).value().value();
  }

  const envelope posted{"e1", "Posted", json::object(), {{"weight", "2.5 kg"}}};
  system_clock time;
  std::vector<feature> features{parcels::feature()};
  testkit::memory_event_log log;
  testkit::memory_view_provider provider;
  std::unique_ptr<view_store> views =
      std::move(provider.open("parcels", database_role::views)).value();
  std::unique_ptr<engine> actors;
};

BOOST_FIXTURE_TEST_SUITE(upcasting, node_with_old_events)

BOOST_AUTO_TEST_CASE(an_old_event_is_lifted_in_load_projection_and_inspection) {
  BOOST_TEST(row() == json({{"id", "7"}, {"grams", 2500}}));
  command one;
  one.stream = parcel;
  one.type = "Send";
  one.data = {{"grams", 800}};
  one.context.command_id = "c2";
  std::promise<command_outcome> answered;
  actors->submit(one, [&](command_outcome outcome) { answered.set_value(std::move(outcome)); });
  BOOST_TEST(to_string(answered.get_future().get().status) == "accepted");
  BOOST_TEST(row()["grams"] == 800);
  const auto handler = actors->actor("/features/parcels/command-handlers/7");
  BOOST_TEST_REQUIRE(handler.has_value());
  BOOST_TEST(handler->second["state"]["grams"] == 800);

  const auto& kernel = *features[0].aggregates()[0].kernel;
  BOOST_TEST(load_entity(log, kernel, parcel, 1)->state->state()["grams"] == 2500);
  BOOST_TEST(load_entity(log, kernel, parcel, 2)->state->state()["grams"] == 800);
}

BOOST_AUTO_TEST_CASE(new_events_say_their_version_and_old_ones_are_not_rewritten) {
  command one;
  one.stream = parcel;
  one.type = "Send";
  one.data = {{"grams", 800}};
  one.context.command_id = "c2";
  std::promise<command_outcome> answered;
  actors->submit(one, [&](command_outcome outcome) { answered.set_value(std::move(outcome)); });
  BOOST_TEST(answered.get_future().get().version == 2U);
  const auto commits = log.read_stream(parcel, 1, 10).value();
  BOOST_TEST(commits[0].data.body == encode_body(std::span(&posted, 1)));
  const auto fresh = decode(commits[1]).value().front().event;
  BOOST_TEST(fresh.type == "Sent");
  BOOST_TEST(fresh.metadata["schemaVersion"] == 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::host
