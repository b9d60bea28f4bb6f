// Events as released versions have stored them (schema/golden) are still understood.
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <variant>

#include "actors/identity/aggregator/users_view.hpp"
#include "actors/identity/microservice/accounts.hpp"
#include "actors/identity/microservice/user.hpp"
#include "runtime/core/aggregate.hpp"
#include "runtime/core/projector.hpp"

namespace identity {
namespace {

const troupe::detail::typed_aggregate<user> kernel;

std::filesystem::path golden() {
  return std::filesystem::path(TROUPE_SOURCE_DIR) / "schema" / "golden" / "identity";
}

std::string name_of_file(std::string_view type, std::uint32_t version) {
  return std::string(type) + ".v" + std::to_string(version) + ".json";
}

troupe::envelope stored(const std::string& file) {
  std::ifstream in(golden() / file);
  BOOST_TEST_REQUIRE(in.is_open(), "no " << (golden() / file) << ": add the released form");
  return troupe::envelope_from_json(troupe::json::parse(in)).value();
}

/// Calls `visit.operator()<E>()` for each type of event.
template <class Visitor>
void each_event(Visitor visit) {
  [&]<class... Es>(const std::variant<Es...>*) {
    (visit.template operator()<Es>(), ...);
  }(static_cast<const user::event*>(nullptr));
}

/// An entity to which anything can happen.
std::unique_ptr<troupe::entity> an_open_user() {
  auto made = kernel.initial();
  BOOST_TEST_REQUIRE(made->evolve(stored("UserAdded.v1.json")).has_value());
  return made;
}

template <class P>
void projects(const troupe::envelope& event) {
  const troupe::detail::typed_projector<P> view;
  if (!view.handles(event.type)) return;
  const auto fold = std::move(view.fold(nullptr)).value();
  for (const auto& one : {stored("UserAdded.v1.json"), event}) {
    if (!view.handles(one.type)) continue;
    const troupe::recorded_event recorded{one, {"identity", "7"}, 1, 1};
    const auto decoded = view.decode(recorded);
    BOOST_TEST_REQUIRE(decoded.has_value(), one.type);
    fold->apply(**decoded);
  }
  BOOST_TEST(fold->row().has_value(), event.type);
}

BOOST_AUTO_TEST_SUITE(stored_events)

BOOST_AUTO_TEST_CASE(every_released_version_of_every_event_is_understood) {
  each_event([]<class E>() {
    constexpr auto type = troupe::name_of<E>();
    for (std::uint32_t version = 1; version <= troupe::schema_version_of<E>(); ++version) {
      const auto event = stored(name_of_file(type, version));
      BOOST_TEST(troupe::stored_schema_version(event).value() == version);
      BOOST_TEST(troupe::stored_as<E>(event.type), event.type);
      const auto evolved = an_open_user()->evolve(event);
      BOOST_TEST(evolved.has_value(), name_of_file(type, version));
      projects<users_view>(event);
      projects<accounts>(event);
    }
  });
}

BOOST_AUTO_TEST_CASE(the_first_versions_say_what_they_always_said) {
  auto state = an_open_user();
  BOOST_TEST((state->state().at("email") == "li.xiaolong@example.com"));
  BOOST_TEST((state->state().at("firstName") == "李小龍"));
  BOOST_TEST((state->state().at("status") == "open"));
  BOOST_TEST_REQUIRE(state->evolve(stored("AccountLocked.v1.json")).has_value());
  BOOST_TEST((state->state().at("status") == "locked"));
  BOOST_TEST_REQUIRE(state->evolve(stored("AccountUnlocked.v1.json")).has_value());
  BOOST_TEST((state->state().at("status") == "open"));
  BOOST_TEST_REQUIRE(state->evolve(stored("AccountClosed.v1.json")).has_value());
  BOOST_TEST((state->state().at("status") == "closed"));
}

BOOST_AUTO_TEST_CASE(there_is_no_golden_file_of_an_unknown_event) {
  std::set<std::string> expected;
  each_event([&]<class E>() {
    for (std::uint32_t version = 1; version <= troupe::schema_version_of<E>(); ++version)
      expected.insert(name_of_file(troupe::name_of<E>(), version));
  });
  for (const auto& file : std::filesystem::directory_iterator(golden()))
    BOOST_TEST(expected.contains(file.path().filename().string()), file.path());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace identity
