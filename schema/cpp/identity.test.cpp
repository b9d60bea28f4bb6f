// The generated messages: what is read is what is written, and what does not fit the type is
// refused.
#include "schema/cpp/identity.hpp"
#include "schema/cpp/identity_schema.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using nlohmann::json;

std::filesystem::path golden_directory() {
#ifdef TROUPE_SOURCE_DIR
  const std::filesystem::path root = TROUPE_SOURCE_DIR;
#else
  const auto root = std::filesystem::absolute(__FILE__).parent_path().parent_path().parent_path();
#endif
  return root / "schema" / "test" / "golden" / "identity";
}

json golden(std::string_view type) {
  const auto path = golden_directory() / (std::string{type} + ".json");
  std::ifstream file{path};
  BOOST_TEST_REQUIRE(file.is_open(), "cannot open " << path);
  return json::parse(file);
}

/// Calls `visit` with a null pointer of each generated type.
template <typename Visitor>
void for_each_type(Visitor visit) {
  const auto visit_all = [&]<typename... Types>(const Types*... types) { (visit(types), ...); };
  constexpr auto null = [](auto type) { return static_cast<const decltype(type)*>(nullptr); };
  visit_all(null(identity::AddUser{}), null(identity::ModifyUser{}), null(identity::LockAccount{}),
            null(identity::UnlockAccount{}), null(identity::CloseAccount{}),
            null(identity::UserAdded{}), null(identity::UserModified{}),
            null(identity::AccountLocked{}), null(identity::AccountUnlocked{}),
            null(identity::AccountClosed{}), null(identity::AddUserRequest{}));
}

/// Validates against one definition of the embedded schema, as a node does.
class checker {
 public:
  explicit checker(std::string_view type) {
    const auto text = identity::json_schema();
    document_ = json::parse(text);
    document_["$ref"] = "#/definitions/" + std::string{type};
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter{document_}, schema_);
  }

  bool accepts(const json& data) {
    return validator_.validate(schema_, valijson::adapters::NlohmannJsonAdapter{data}, nullptr);
  }

 private:
  json document_;
  valijson::Schema schema_;
  valijson::Validator validator_;
};

json with(json data, const char* member, json value) {
  data[member] = std::move(value);
  return data;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(identity_messages)

BOOST_AUTO_TEST_CASE(every_golden_file_is_the_same_after_decoding_and_encoding) {
  std::size_t seen = 0;
  for_each_type([&]<typename Type>(const Type* type) {
    const json before = golden(message_type(type));
    const auto decoded = before.get<Type>();
    const json after = decoded;
    BOOST_TEST(after == before, message_type(type) << ": " << after << " is not " << before);
    BOOST_TEST((json::parse(after.dump()).get<Type>() == decoded));
    ++seen;
  });
  const auto files = std::distance(std::filesystem::directory_iterator{golden_directory()},
                                   std::filesystem::directory_iterator{});
  BOOST_TEST(seen == static_cast<std::size_t>(files));
}

BOOST_AUTO_TEST_CASE(a_missing_required_member_is_refused) {
  for_each_type([]<typename Type>(const Type* type) {
    const json whole = golden(message_type(type));
    for (const auto& [name, value] : whole.items()) {
      if (std::is_same_v<Type, identity::AddUser> && name == "id") continue;
      auto part = whole;
      part.erase(name);
      BOOST_CHECK_THROW(static_cast<void>(part.get<Type>()), json::out_of_range);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_member_of_another_type_is_refused_and_never_converted) {
  for_each_type([]<typename Type>(const Type* type) {
    const json whole = golden(message_type(type));
    for (const auto& [name, value] : whole.items()) {
      for (const json& wrong : {json(nullptr), json(1), json(0.5), json::array(), json::object(),
                                value.is_boolean() ? json("true") : json(true)}) {
        const json changed = with(whole, name.c_str(), wrong);
        BOOST_CHECK_THROW(static_cast<void>(changed.get<Type>()), json::type_error);
      }
    }
    for (const json& wrong : {json(nullptr), json("text"), json(1), json::array()}) {
      BOOST_CHECK_THROW(static_cast<void>(wrong.get<Type>()), json::exception);
    }
  });
}

BOOST_AUTO_TEST_CASE(an_absent_optional_member_stays_absent) {
  auto data = golden("AddUser");
  data.erase("id");
  const auto decoded = data.get<identity::AddUser>();
  BOOST_TEST(!decoded.id.has_value());
  BOOST_TEST(json(decoded) == data);
}

BOOST_AUTO_TEST_CASE(an_event_with_members_of_a_later_version_is_still_read) {
  const auto data = golden("UserAdded");
  const auto later = with(data, "nickname", "Zo");
  BOOST_TEST((later.get<identity::UserAdded>() == data.get<identity::UserAdded>()));
  BOOST_TEST(checker{"UserAdded"}.accepts(later));
}

BOOST_AUTO_TEST_CASE(messages_are_equal_when_all_their_members_are) {
  const auto message = golden("ModifyUser").get<identity::ModifyUser>();
  auto other = message;
  BOOST_TEST((other == message));
  other.locale = "en";
  BOOST_TEST((other != message));
}

BOOST_AUTO_TEST_CASE(commands_and_events_are_listed_and_each_has_a_definition) {
  const auto schema = json::parse(identity::json_schema());
  std::set<std::string> listed{"AddUserRequest"};
  listed.insert(identity::command_types.begin(), identity::command_types.end());
  listed.insert(identity::event_types.begin(), identity::event_types.end());
  std::set<std::string> defined;
  for (const auto& [name, definition] : schema.at("definitions").items()) defined.insert(name);
  BOOST_TEST(listed == defined);
  BOOST_TEST(identity::command_types.size() == 5U);
  BOOST_TEST(identity::event_types.size() == 5U);
}

BOOST_AUTO_TEST_CASE(every_golden_file_satisfies_its_schema) {
  for_each_type([](const auto* type) {
    BOOST_TEST(checker{message_type(type)}.accepts(golden(message_type(type))), message_type(type));
  });
}

BOOST_AUTO_TEST_CASE(a_command_with_a_member_that_nobody_reads_is_refused) {
  for (const auto type : identity::command_types) {
    BOOST_TEST(!checker{type}.accepts(with(golden(type), "admin", true)), type);
  }
  BOOST_TEST(!checker{"AddUserRequest"}.accepts(with(golden("AddUserRequest"), "id", "a")));
}

BOOST_AUTO_TEST_CASE(constraints_hold_at_their_edges) {
  checker add_user{"AddUser"};
  checker lock_account{"LockAccount"};
  const auto data = golden("AddUser");
  const auto long_name = [](std::size_t count) {
    std::string name;
    for (std::size_t i = 0; i < count; ++i) name += "龍";
    return name;
  };
  const auto accepts = [&](const char* member, const std::string& value) {
    return add_user.accepts(with(data, member, value));
  };
  BOOST_TEST(accepts("firstName", ""));
  BOOST_TEST(accepts("firstName", long_name(200)));
  BOOST_TEST(!accepts("firstName", long_name(201)));
  BOOST_TEST(!accepts("auth0Id", ""));
  BOOST_TEST(accepts("auth0Id", std::string(255, 'a')));
  BOOST_TEST(!accepts("auth0Id", std::string(256, 'a')));
  BOOST_TEST(accepts("picture", ""));
  BOOST_TEST(accepts("picture", std::string(2048, 'a')));
  BOOST_TEST(!accepts("picture", std::string(2049, 'a')));
  for (const auto* locale :
       {"", "en", "en-GB", "zh-Hant-TW", "en_US", "es-419", "ca-ES-valencia"}) {
    BOOST_TEST(accepts("locale", locale), locale);
  }
  for (const auto* locale : {"en-", "-en", "en GB", "e\n", "en\n", "ö", "en-GB\nSet-Cookie: a=b",
                             "abcdefghi", "zh-Hant-TW-x-aaaaaaaa-bbbbbbbb-ccccccc"}) {
    BOOST_TEST(!accepts("locale", locale), locale);
  }
  for (const auto* email : {"a@b", "zoë@exämple.org", "李@例子.tw"}) {
    BOOST_TEST(accepts("email", email), email);
  }
  for (const auto* email : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", "a@b\r\nBcc: c@d"}) {
    BOOST_TEST(!accepts("email", email), email);
  }
  for (const auto* id : {"", ".", "a.b", "a b", "*", ">", "ö", "a\n"}) {
    BOOST_TEST(!accepts("id", id), id);
  }
  BOOST_TEST(!lock_account.accepts({{"reason", ""}}));
  BOOST_TEST(lock_account.accepts({{"reason", long_name(500)}}));
  BOOST_TEST(!lock_account.accepts({{"reason", long_name(501)}}));
}

// std::regex recurses for every character that an unbounded repetition takes; a megabyte would end
// the process.
BOOST_AUTO_TEST_CASE(a_megabyte_in_any_member_is_refused_and_does_not_exhaust_the_stack) {
  checker add_user{"AddUser"};
  const auto data = golden("AddUser");
  for (const auto* member :
       {"id", "auth0Id", "email", "firstName", "lastName", "picture", "locale"}) {
    for (const char* unit : {"a", "@", "-a", "龍"}) {
      std::string huge;
      while (huge.size() < (1U << 20U)) huge += unit;
      BOOST_TEST(!add_user.accepts(with(data, member, huge)), member);
      BOOST_TEST(!add_user.accepts(with(data, member, huge + "@b")), member);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
