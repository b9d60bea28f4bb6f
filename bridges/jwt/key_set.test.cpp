#include "bridges/jwt/key_set.hpp"

#include <boost/test/unit_test.hpp>

#include "bridges/jwt/base64url.hpp"
#include "bridges/jwt/issuer.test.hpp"

using namespace troupe;
using namespace troupe::jwt;

namespace {

const signing_key& good_rsa() {
  static const auto key = signing_key::rsa("good");
  return key;
}

json changed(json jwk, const json& changes) {
  jwk.update(changes);
  return jwk;
}

/// The good key and another; "" when both can be used, else why the other one was left out.
std::string reason_against(const json& other) {
  const auto parsed = key_set::parse(json{{"keys", {good_rsa().jwk(), other}}}.dump());
  BOOST_REQUIRE(parsed.has_value());
  const auto described = parsed->describe();
  BOOST_TEST(parsed->find("good") != nullptr);
  return described.at("leftOut").empty() ? "" : described.at("leftOut").at(0).get<std::string>();
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(key_sets)

BOOST_AUTO_TEST_CASE(keys_are_found_by_their_ids_and_know_their_algorithm) {
  const auto ec = signing_key::ec("ec");
  const auto parsed = key_set::parse(json{{"keys", {good_rsa().jwk(), ec.jwk()}}}.dump());
  BOOST_REQUIRE(parsed.has_value());
  BOOST_TEST(parsed->find("good")->algorithm() == "RS256");
  BOOST_TEST(parsed->find("ec")->algorithm() == "ES256");
  BOOST_TEST(parsed->find("other") == nullptr);
  BOOST_TEST(parsed->find("good")->verifies("text", good_rsa().sign("text")));
  BOOST_TEST(parsed->find("ec")->verifies("text", ec.sign("text")));
  BOOST_TEST(!parsed->find("ec")->verifies("another text", ec.sign("text")));
}

BOOST_AUTO_TEST_CASE(a_key_that_is_weak_malformed_or_for_something_else_is_left_out) {
  const auto rsa = changed(good_rsa().jwk(), {{"kid", "other"}});
  const auto ec = signing_key::ec("other").jwk();
  const auto with = [](const json& jwk, const json& changes) {
    return reason_against(changed(jwk, changes));
  };
  BOOST_TEST(reason_against(rsa) == "");
  BOOST_TEST(reason_against(ec) == "");
  BOOST_TEST(holds(reason_against(signing_key::rsa("other", 1024).jwk()), "smaller than 2048"));
  BOOST_TEST(holds(reason_against(signing_key::ec("other", "P-384").jwk()), "P-256"));
  BOOST_TEST(holds(with(rsa, {{"n", std::string(1400, 'z')}}), "larger"));
  BOOST_TEST(holds(with(rsa, {{"n", "AQAB"}}), "smaller than 2048"));
  BOOST_TEST(holds(with(rsa, {{"n", "AA" + rsa.at("n").get<std::string>()}}), "zeros"));
  BOOST_TEST(holds(with(rsa, {{"n", "not base64!"}}), "base64url"));
  BOOST_TEST(holds(with(rsa, {{"n", 17}}), "base64url"));
  BOOST_TEST(holds(with(rsa, {{"e", "AQ"}}), "no RSA key"));
  BOOST_TEST(holds(with(rsa, {{"e", "Ag"}}), "no RSA key"));
  BOOST_TEST(holds(with(rsa, {{"e", "AQAAAAAB"}}), "larger"));
  BOOST_TEST(holds(with(rsa, {{"alg", "RS512"}}), "RS256"));
  BOOST_TEST(holds(with(rsa, {{"alg", "ES256"}}), "RS256"));
  BOOST_TEST(holds(with(rsa, {{"alg", "HS256"}}), "RS256"));
  BOOST_TEST(holds(with(rsa, {{"alg", nullptr}}), "RS256"));
  BOOST_TEST(holds(with(rsa, {{"use", "enc"}}), "not for signatures"));
  BOOST_TEST(holds(with(rsa, {{"key_ops", {"encrypt"}}}), "not for checking"));
  BOOST_TEST(holds(with(ec, {{"x", ec.at("y")}, {"y", ec.at("x")}}), "no point"));
  BOOST_TEST(holds(with(ec, {{"x", encode_base64url(std::string(31, 'x'))}}), "32 bytes"));
  BOOST_TEST(holds(with(ec, {{"x", encode_base64url(std::string(32, '\0'))},
                             {"y", encode_base64url(std::string(32, '\0'))}}),
                   "no point"));
  BOOST_TEST(holds(with(ec, {{"crv", "secp256k1"}}), "P-256"));
  BOOST_TEST(holds(with(ec, {{"kty", "RSA"}}), "base64url"));
  BOOST_TEST(holds(reason_against({{"kty", "oct"}, {"kid", "other"}, {"k", "c2VjcmV0"}}), "P-256"));
  BOOST_TEST(holds(reason_against({{"kid", "other"}}), "P-256"));
  BOOST_TEST(holds(with(rsa, {{"kid", nullptr}}), "kid"));
  BOOST_TEST(holds(with(rsa, {{"kid", "a b"}}), "kid"));
  BOOST_TEST(holds(reason_against("key"), "kid"));
}

BOOST_AUTO_TEST_CASE(of_two_keys_with_one_id_neither_is_used) {
  const auto other = signing_key::ec("same");
  const auto parsed = key_set::parse(
      json{{"keys", {good_rsa().jwk(), other.jwk(), signing_key::ec("same").jwk(), other.jwk()}}}
          .dump());
  BOOST_REQUIRE(parsed.has_value());
  BOOST_TEST(parsed->find("same") == nullptr);
  BOOST_TEST(parsed->find("good") != nullptr);
}

BOOST_AUTO_TEST_CASE(what_is_no_set_of_keys_is_refused_with_a_reason) {
  for (const std::string text :
       {"", "[]", "{}", "null", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[{}]})", "<html>"}) {
    const auto parsed = key_set::parse(text);
    BOOST_REQUIRE(!parsed.has_value());
    BOOST_TEST((parsed.error().code == errc::invalid));
  }
  json many = json::array();
  for (int i = 0; i < 101; ++i) many.push_back(good_rsa().jwk());
  BOOST_TEST(holds(key_set::parse(json{{"keys", many}}.dump()).error().message, "100 keys"));
  const auto large = '"' + std::string(key_set::max_bytes, 'x') + '"';
  BOOST_TEST(holds(key_set::parse(large).error().message, "larger"));
}

BOOST_AUTO_TEST_CASE(base64url_has_one_spelling) {
  for (const std::string bytes : {"", "f", "fo", "foo", "foob", "\xff\xfe\xfd"})
    BOOST_TEST(decode_base64url(encode_base64url(bytes)).value() == bytes);
  for (const auto* text :
       {"Zg==", "Zh", "Zm9", "Z", "Zm9vY", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "é"})
    BOOST_TEST(!decode_base64url(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
