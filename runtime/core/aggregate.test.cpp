#include "runtime/core/aggregate.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace till {

// NOLINTBEGIN(readability-identifier-naming): messages keep their schema's names.
struct Deposit {
  std::string account;
  int amount = 0;
};
struct Withdraw {
  int amount = 0;
};
struct Deposited {
  int amount = 0;
};
struct Withdrawn {
  int amount = 0;
};
// NOLINTEND(readability-identifier-naming)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Deposit, account, amount)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Withdraw, amount)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Deposited, amount)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Withdrawn, amount)
constexpr std::string_view message_type(const Deposit*) { return "Deposit"; }
constexpr std::string_view message_type(const Withdraw*) { return "Withdraw"; }
constexpr std::string_view message_type(const Deposited*) { return "Deposited"; }
constexpr std::string_view message_type(const Withdrawn*) { return "Withdrawn"; }

/// Deposits in one go or, above 100, in two; refuses to go below zero; throws on a negative amount.
struct purse {
  static constexpr std::string_view category = "purses";
  using command = std::variant<Deposit, Withdraw>;
  using event = std::variant<Deposited, Withdrawn>;
  struct state {
    int balance = 0;
  };
  static std::string entity_of(const Deposit& command) {
    return troupe::derive_id(category, command.account);
  }
  static troupe::decision<event> decide(const state&, const Deposit& command,
                                        const troupe::command_context&) {
    if (command.amount < 0) throw std::domain_error("negative");
    if (command.amount == 0) return troupe::no_change;
    if (command.amount <= 100) return Deposited{command.amount};
    return std::vector<event>{Deposited{100}, Deposited{command.amount - 100}};
  }
  static troupe::decision<event> decide(const state& now, const Withdraw& command,
                                        const troupe::command_context&) {
    if (command.amount > now.balance) return troupe::reject("too-little", "deposit more first");
    return Withdrawn{command.amount};
  }
  static state evolve(state now, const Deposited& event) { return {now.balance + event.amount}; }
  static state evolve(state now, const Withdrawn& event) { return {now.balance - event.amount}; }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(purse::state, balance)

/// Has no entity_of at all.
struct jar {
  static constexpr std::string_view category = "jars";
  using command = std::variant<Withdraw>;
  using event = std::variant<Withdrawn>;
  using state = purse::state;
  static troupe::decision<event> decide(const state&, const Withdraw&,
                                        const troupe::command_context&) {
    return troupe::no_change;
  }
  static state evolve(state now, const Withdrawn&) { return now; }
};

}  // namespace till

namespace troupe {
namespace {

const detail::typed_aggregate<till::purse> kernel;

envelope stored(const std::string& type, json data) {
  return {"e-1", type, json::object(), std::move(data)};
}

json balance(int amount) { return {{"balance", amount}}; }

BOOST_AUTO_TEST_SUITE(aggregate_kernels)

BOOST_AUTO_TEST_CASE(a_kernel_names_its_category_and_messages) {
  BOOST_TEST(kernel.category() == "purses");
  BOOST_TEST((kernel.command_types() == std::vector<std::string>{"Deposit", "Withdraw"}));
  BOOST_TEST((kernel.event_types() == std::vector<std::string>{"Deposited", "Withdrawn"}));
}

BOOST_AUTO_TEST_CASE(an_entity_is_named_by_the_data_where_the_aggregate_says_so) {
  const json data{{"account", "zoe"}, {"amount", 1}};
  BOOST_TEST(kernel.entity_of("Deposit", data, "c-1").value() == derive_id("purses", "zoe"));
  BOOST_TEST(kernel.entity_of("Deposit", data, "c-2").value() == derive_id("purses", "zoe"));
}

BOOST_AUTO_TEST_CASE(else_by_the_command_id_so_that_a_repeat_finds_it) {
  BOOST_TEST(kernel.entity_of("Withdraw", json::object(), "c-1").value() ==
             derive_id("purses", "c-1"));
}

BOOST_AUTO_TEST_CASE(an_aggregate_need_not_name_entities_at_all) {
  const detail::typed_aggregate<till::jar> jars;
  BOOST_TEST(jars.entity_of("Withdraw", json::object(), "c-1").value() == derive_id("jars", "c-1"));
  BOOST_TEST(!jars.names_entity_of("Withdraw"));
}

BOOST_AUTO_TEST_CASE(a_kernel_tells_which_commands_name_their_entity) {
  BOOST_TEST(kernel.names_entity_of("Deposit"));
  BOOST_TEST(!kernel.names_entity_of("Withdraw"));
  BOOST_TEST(!kernel.names_entity_of("Burn"));
}

BOOST_AUTO_TEST_CASE(no_entity_is_named_by_an_unknown_type_or_malformed_data) {
  BOOST_TEST((kernel.entity_of("Burn", json::object(), "c-1").error() ==
              error{errc::invalid, "unknown command type 'Burn'"}));
  const auto malformed = kernel.entity_of("Deposit", {{"account", 7}}, "c-1");
  BOOST_TEST((malformed.error().code == errc::invalid));
  BOOST_TEST(malformed.error().message.starts_with("Deposit: "));
}

BOOST_AUTO_TEST_SUITE_END()

struct a_purse {
  std::unique_ptr<entity> purse = kernel.initial();

  result<handled> handle(const std::string& type, const json& data) {
    return purse->handle(type, data, {});
  }
  result<handled> deposit(int amount) {
    return handle("Deposit", {{"account", "zoe"}, {"amount", amount}});
  }
};

BOOST_FIXTURE_TEST_SUITE(entities, a_purse)

BOOST_AUTO_TEST_CASE(an_accepted_command_gives_its_events_and_moves_the_state) {
  BOOST_TEST(purse->state() == balance(0));
  const auto answer = deposit(7);
  BOOST_TEST_REQUIRE(answer.has_value());
  const auto& events = std::get<0>(*answer);
  BOOST_TEST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].type == "Deposited");
  BOOST_TEST(events[0].data == json({{"amount", 7}}));
  BOOST_TEST(purse->state() == balance(7));
}

BOOST_AUTO_TEST_CASE(all_events_of_a_command_move_the_state) {
  const auto answer = deposit(150);
  BOOST_TEST(std::get<0>(*answer).size() == 2U);
  BOOST_TEST(purse->state() == balance(150));
}

BOOST_AUTO_TEST_CASE(a_command_that_changes_nothing_is_accepted_without_events) {
  const auto answer = deposit(0);
  BOOST_TEST(std::get<0>(*answer).empty());
  BOOST_TEST(purse->state() == balance(0));
}

BOOST_AUTO_TEST_CASE(a_refused_command_leaves_the_state_as_it_was) {
  static_cast<void>(deposit(7));
  const auto answer = handle("Withdraw", {{"amount", 8}});
  BOOST_TEST_REQUIRE(answer.has_value());
  BOOST_TEST((std::get<rejection>(*answer) == rejection{"too-little", "deposit more first"}));
  BOOST_TEST(purse->state() == balance(7));
}

BOOST_AUTO_TEST_CASE(an_unknown_command_is_invalid) {
  const auto answer = handle("Burn", json::object());
  BOOST_TEST((answer.error() == error{errc::invalid, "unknown command type 'Burn'"}));
  // An event's name is no command.
  BOOST_TEST((handle("Deposited", {{"amount", 1}}).error().code == errc::invalid));
  BOOST_TEST((handle("", json::object()).error().code == errc::invalid));
}

BOOST_AUTO_TEST_CASE(malformed_data_of_a_command_is_invalid_and_names_the_command) {
  for (const json& data :
       {json(nullptr), json::array(), json::object(), json({{"amount", "7"}}), json(7)}) {
    const auto answer = handle("Withdraw", data);
    BOOST_TEST_REQUIRE(!answer.has_value(), data);
    BOOST_TEST((answer.error().code == errc::invalid));
    BOOST_TEST(answer.error().message.starts_with("Withdraw: "));
  }
  BOOST_TEST(purse->state() == balance(0));
}

BOOST_AUTO_TEST_CASE(what_domain_code_throws_comes_through) {
  BOOST_CHECK_THROW(static_cast<void>(deposit(-1)), std::domain_error);
}

BOOST_AUTO_TEST_CASE(a_stored_event_moves_the_state) {
  BOOST_TEST(purse->evolve(stored("Deposited", {{"amount", 7}})).has_value());
  BOOST_TEST(purse->evolve(stored("Withdrawn", {{"amount", 2}, {"of_a_later_version", true}}))
                 .has_value());
  BOOST_TEST(purse->state() == balance(5));
}

BOOST_AUTO_TEST_CASE(a_stored_event_that_cannot_be_understood_is_corrupt_and_never_skipped) {
  BOOST_TEST((purse->evolve(stored("Burnt", json::object())).error() ==
              error{errc::corrupt, "unknown event type 'Burnt'"}));
  const auto malformed = purse->evolve(stored("Deposited", {{"amount", nullptr}}));
  BOOST_TEST((malformed.error().code == errc::corrupt));
  BOOST_TEST(malformed.error().message.starts_with("Deposited: "));
  BOOST_TEST(purse->state() == balance(0));
}

BOOST_AUTO_TEST_CASE(a_state_can_be_saved_and_restored) {
  static_cast<void>(deposit(7));
  const auto other = kernel.initial();
  BOOST_TEST(other->restore(purse->state()).has_value());
  BOOST_TEST(other->state() == balance(7));
}

BOOST_AUTO_TEST_CASE(a_saved_state_that_does_not_decode_is_corrupt_and_changes_nothing) {
  static_cast<void>(deposit(7));
  for (const json& saved :
       {json(nullptr), json::array(), json::object(), json({{"balance", "7"}})}) {
    BOOST_TEST((purse->restore(saved).error().code == errc::corrupt), saved);
  }
  BOOST_TEST(purse->state() == balance(7));
}

BOOST_AUTO_TEST_CASE(entities_do_not_share_their_state) {
  const auto other = kernel.initial();
  static_cast<void>(deposit(7));
  BOOST_TEST(other->state() == balance(0));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe
