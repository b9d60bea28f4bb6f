#include "bridges/jwt/token.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>

#include "bridges/jwt/base64url.hpp"
#include "bridges/jwt/issuer.test.hpp"

using namespace troupe;
using namespace troupe::jwt;

namespace {

constexpr std::int64_t present = 1'800'000'000;
const std::string roles_claim = "https://client.devpie.io/claims/roles";

/// An issuer with two keys, and what callers of its tokens must say. The keys are made once.
struct issuer {
  const signing_key& rsa = keys().at(0);
  const signing_key& ec = keys().at(1);
  const signing_key& stranger = keys().at(2);     ///< Has the id of `rsa`, and is not of the set.
  const signing_key& ec_stranger = keys().at(3);  ///< Likewise, of `ec`.
  key_set known = *key_set::parse(json{{"keys", {rsa.jwk(), ec.jwk()}}}.dump());
  expectations wanted{"https://troupe.example/", "https://api.example"};
  timestamp now{std::chrono::seconds(present)};

  static const std::vector<signing_key>& keys() {
    static const std::vector<signing_key> made{signing_key::rsa("r1"), signing_key::ec("e1"),
                                               signing_key::rsa("r1"), signing_key::ec("e1")};
    return made;
  }

  [[nodiscard]] static json claims(const json& changes = json::object()) {
    json made = {{"iss", "https://troupe.example/"},
                 {"aud", "https://api.example"},
                 {"sub", "auth0|zoe"},
                 {"iat", present - 10},
                 {"exp", present + 600},
                 {roles_claim, {"user", "employee"}}};
    made.update(changes);
    return made;
  }
  [[nodiscard]] static json without(const char* claim) {
    auto made = claims();
    made.erase(claim);
    return made;
  }
  [[nodiscard]] static json header(const signing_key& key, const json& changes = json::object()) {
    json made = {{"alg", key.algorithm()}, {"kid", key.id()}, {"typ", "JWT"}};
    made.update(changes);
    return made;
  }
  [[nodiscard]] std::string token(const json& payload) const {
    return signed_token(rsa, header(rsa).dump(), payload.dump());
  }
  [[nodiscard]] std::string headed(const json& changes) const {
    return signed_token(rsa, header(rsa, changes).dump(), claims().dump());
  }

  /// "" when the token is accepted, else why not.
  [[nodiscard]] std::string verdict_on(const std::string& token) const {
    const auto checked = check_token(token, known, wanted, now);
    const auto* why = std::get_if<refusal>(&checked);
    return why == nullptr ? "" : to_string(*why);
  }
};

/// Text with one piece replaced.
std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  BOOST_REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

std::string nested(std::size_t depth) {
  return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + '}';
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tokens, issuer)

BOOST_AUTO_TEST_CASE(a_good_token_tells_whom_it_speaks_for) {
  for (const auto* key : {&rsa, &ec}) {
    const auto checked =
        check_token(signed_token(*key, header(*key).dump(), claims().dump()), known, wanted, now);
    BOOST_REQUIRE(std::holds_alternative<accepted_token>(checked));
    const auto& good = std::get<accepted_token>(checked);
    BOOST_TEST(good.who.subject == "auth0|zoe");
    BOOST_TEST(good.who.roles == (std::vector<std::string>{"user", "employee"}));
    BOOST_TEST((good.until == now + std::chrono::seconds(600)));
  }
}

BOOST_AUTO_TEST_CASE(what_good_issuers_vary_is_accepted) {
  const std::map<std::string, std::string> good{
      {"several audiences", token(claims({{"aud", {"other", "https://api.example"}}}))},
      {"no roles", token(without(roles_claim.c_str()))},
      {"no iat", token(without("iat"))},
      {"an nbf that has passed", token(claims({{"nbf", present}}))},
      {"clocks that differ by half a minute",
       token(claims({{"nbf", present + 30}, {"iat", present + 30}, {"exp", present - 29}}))},
      {"an access token", headed({{"typ", "at+jwt"}})},
      {"an access token, in full", headed({{"typ", "application/AT+JWT"}})},
      {"more claims", token(claims({{"scope", "openid"}, {"azp", "client"}, {"x", {{"y", 1}}}}))},
      {"keys in the header, which nobody looks at",
       headed({{"jku", "https://evil.example/jwks.json"}, {"x5t", "abc"}})},
      {"a subject in another script", token(claims({{"sub", "auth0|Ζωή"}}))},
  };
  for (const auto& [what, one] : good) BOOST_TEST(verdict_on(one) == "", what);
}

/// Tokens by what is wrong with them, and the reason that is to be found.
using corpus = std::vector<std::tuple<std::string, std::string, std::string>>;

BOOST_AUTO_TEST_CASE(forged_and_broken_tokens_are_refused) {
  const auto good = token(claims());
  BOOST_REQUIRE(verdict_on(good) == "");
  const auto first = good.find('.');
  const auto last = good.rfind('.');
  const auto head = good.substr(0, first);
  const auto body = good.substr(first + 1, last - first - 1);
  const auto signature = good.substr(last + 1);
  const auto raw = *decode_base64url(signature);
  const auto ec_good = signed_token(ec, header(ec).dump(), claims().dump());
  const auto ec_text = ec_good.substr(0, ec_good.rfind('.'));
  const auto ec_raw = *decode_base64url(ec_good.substr(ec_good.rfind('.') + 1));
  const auto with_signature = [](const std::string& text, const std::string& bytes) {
    return text + '.' + encode_base64url(bytes);
  };
  const auto public_text = rsa.jwk().at("n").get<std::string>();
  const auto hs256 = [&](const std::string& secret, const json& named) {
    const auto text = unsigned_token(named.dump(), claims().dump());
    return with_signature(text, hmac_of(secret, text));
  };
  const auto by_stranger = [&](const json& changes) {
    return signed_token(stranger, header(rsa, changes).dump(), claims().dump());
  };
  const auto raw_header = [&](const std::string& text) {
    return signed_token(rsa, text, claims().dump());
  };
  const auto raw_payload = [&](const std::string& text) {
    return signed_token(rsa, header(rsa).dump(), text);
  };
  const auto unsigned_with = [&](const std::string& algorithm) {
    return unsigned_token(header(rsa, {{"alg", algorithm}}).dump(), claims().dump()) + '.';
  };
  const auto rs512 = unsigned_token(header(rsa, {{"alg", "RS512"}}).dump(), claims().dump());
  const auto pss = unsigned_token(header(rsa, {{"alg", "PS256"}}).dump(), claims().dump());
  const auto plain = head + '.' + body;
  const auto other_body = encode_base64url(claims({{"sub", "auth0|eve"}}).dump());

  const corpus wrong{
      // The form.
      {"nothing", "", "malformed"},
      {"one part", head, "malformed"},
      {"two parts", plain, "malformed"},
      {"four parts", good + '.' + body, "malformed"},
      {"five parts, as an encrypted one", good + ".a.b", "malformed"},
      {"a dot too many at the end", good + '.', "malformed"},
      {"a dot too many at the start", '.' + good, "malformed"},
      {"an empty header", '.' + body + '.' + signature, "malformed"},
      {"an empty payload", head + ".." + signature, "signature"},
      {"padding", head + '.' + body + '.' + signature + "==", "malformed"},
      {"a space before", ' ' + good, "malformed"},
      {"a space within", head + ". " + body + '.' + signature, "signature"},
      {"a line feed behind", good + '\n', "malformed"},
      {"a NUL behind", good + std::string(1, '\0'), "malformed"},
      {"letters of the other alphabet", head + '.' + body + '.' + '+' + signature.substr(1),
       "malformed"},
      {"percent encoding", head + '.' + body + ".%41" + signature, "malformed"},
      {"bits that are left over in the header", head + "B." + body + '.' + signature, "malformed"},
      {"larger than any", token(claims({{"x", std::string(8192, 'x')}})), "malformed"},
      {"a header that is no JSON", raw_header("alg=RS256"), "malformed"},
      {"a header that is an array", raw_header(R"(["RS256","r1"])"), "malformed"},
      {"a header that is a number", raw_header("1"), "malformed"},
      {"a header with something behind", raw_header(header(rsa).dump() + "{}"), "malformed"},
      {"a header that is not UTF-8",
       raw_header("{\"alg\":\"RS256\",\"kid\":\"r1\",\"x\":\"\xff\"}"), "malformed"},
      {"a header that is nested deep",
       raw_header(replaced(header(rsa).dump(), "{", "{\"x\":" + nested(9) + ',')), "malformed"},
      {"a hundred thousand brackets", encode_base64url(std::string(5000, '[')) + ".e30.AA",
       "malformed"},
      // The algorithm and the key.
      {"alg none", unsigned_with("none"), "algorithm"},
      {"alg None", unsigned_with("None"), "algorithm"},
      {"alg NONE with the good signature",
       unsigned_token(header(rsa, {{"alg", "NONE"}}).dump(), claims().dump()) + '.' + signature,
       "algorithm"},
      {"alg that is empty", headed({{"alg", ""}}), "algorithm"},
      {"alg null", headed({{"alg", nullptr}}), "algorithm"},
      {"alg in an array", headed({{"alg", {"RS256"}}}), "algorithm"},
      {"alg in lower case", headed({{"alg", "rs256"}}), "algorithm"},
      {"no alg", raw_header(R"({"kid":"r1"})"), "algorithm"},
      {"alg twice", raw_header(R"({"alg":"none","alg":"RS256","kid":"r1"})"), "malformed"},
      {"alg twice by an escape", raw_header(R"({"alg":"RS256","\u0061lg":"none","kid":"r1"})"),
       "malformed"},
      {"HS256 with the public key's number", hs256(public_text, header(rsa, {{"alg", "HS256"}})),
       "algorithm"},
      {"HS256 with the public key's JSON", hs256(rsa.jwk().dump(), header(rsa, {{"alg", "HS256"}})),
       "algorithm"},
      {"HS256 with an empty secret", hs256("", header(rsa, {{"alg", "HS256"}})), "algorithm"},
      {"a MAC under alg RS256", hs256(public_text, header(rsa)), "signature"},
      {"RS512 by the good key", with_signature(rs512, rsa.sign_raw(rs512, EVP_sha512())),
       "algorithm"},
      {"PS256 by the good key", with_signature(pss, rsa.sign_raw(pss, EVP_sha256(), true)),
       "algorithm"},
      {"PSS under alg RS256", with_signature(plain, rsa.sign_raw(plain, EVP_sha256(), true)),
       "signature"},
      {"SHA-512 under alg RS256", with_signature(plain, rsa.sign_raw(plain, EVP_sha512())),
       "signature"},
      {"ES256 with the RSA key's id",
       signed_token(ec, header(ec, {{"kid", "r1"}}).dump(), claims().dump()), "algorithm"},
      {"RS256 with the EC key's id", headed({{"kid", "e1"}}), "algorithm"},
      {"no kid", raw_header(R"({"alg":"RS256"})"), "malformed"},
      {"a kid that is null", headed({{"kid", nullptr}}), "malformed"},
      {"a kid that is a number", headed({{"kid", 1}}), "malformed"},
      {"a kid that is empty", headed({{"kid", ""}}), "malformed"},
      {"a kid that is unknown", headed({{"kid", "r2"}}), "unknown-key"},
      {"a kid that is a path", headed({{"kid", "../../../../dev/null"}}), "unknown-key"},
      {"a kid that is SQL", headed({{"kid", "r1'or'1'='1"}}), "unknown-key"},
      {"a kid in the other case", headed({{"kid", "R1"}}), "unknown-key"},
      {"a kid with a space", headed({{"kid", "r1 "}}), "malformed"},
      {"a kid that is long", headed({{"kid", std::string(257, 'r')}}), "malformed"},
      {"a kid twice", raw_header(R"({"alg":"RS256","kid":"r1","kid":"r1"})"), "malformed"},
      {"a stranger's key under a known id", by_stranger(json::object()), "signature"},
      {"a stranger's key in jwk", by_stranger({{"jwk", stranger.jwk()}}), "signature"},
      {"a stranger's key by jku", by_stranger({{"jku", "https://evil.example/jwks.json"}}),
       "signature"},
      {"a stranger's key by x5u", by_stranger({{"x5u", "https://evil.example/x.pem"}}),
       "signature"},
      {"a stranger's key in x5c", by_stranger({{"x5c", {"MIIB"}}}), "signature"},
      {"a stranger's EC key", signed_token(ec_stranger, header(ec).dump(), claims().dump()),
       "signature"},
      {"crit", headed({{"crit", {"exp"}}}), "critical"},
      {"crit that is empty", headed({{"crit", json::array()}}), "critical"},
      {"crit with b64", headed({{"crit", {"b64"}}, {"b64", false}}), "critical"},
      {"typ of a logout token", headed({{"typ", "logout+jwt"}}), "type"},
      {"typ of a proof of possession", headed({{"typ", "dpop+jwt"}}), "type"},
      {"typ that is no text", headed({{"typ", 7}}), "type"},
      // The signature.
      {"no signature", plain + '.', "malformed"},
      {"a signature of one byte", with_signature(plain, "x"), "signature"},
      {"a signature that is cut", with_signature(plain, raw.substr(0, raw.size() - 1)),
       "signature"},
      {"a signature that is longer", with_signature(plain, raw + std::string(1, '\0')),
       "signature"},
      {"a signature with a zero in front", with_signature(plain, std::string(1, '\0') + raw),
       "signature"},
      {"a signature of zeros", with_signature(plain, std::string(256, '\0')), "signature"},
      {"a signature of ones", with_signature(plain, std::string(256, '\xff')), "signature"},
      {"a signature with one bit changed",
       with_signature(plain, raw.substr(0, 255) + static_cast<char>(raw[255] ^ 1)), "signature"},
      {"another token's signature",
       plain + '.' +
           token(claims({{"sub", "auth0|eve"}}))
               .substr(token(claims({{"sub", "auth0|eve"}})).rfind('.') + 1),
       "signature"},
      {"another payload under a good signature", head + '.' + other_body + '.' + signature,
       "signature"},
      {"an EC signature under RS256", with_signature(plain, ec_raw), "signature"},
      {"an RSA signature under ES256", with_signature(ec_text, raw), "signature"},
      {"ES256 in DER", with_signature(ec_text, ec.sign_raw(ec_text)), "signature"},
      {"ES256 with r and s zero", with_signature(ec_text, std::string(64, '\0')), "signature"},
      {"ES256 with r zero", with_signature(ec_text, std::string(32, '\0') + ec_raw.substr(32)),
       "signature"},
      {"ES256 with s zero", with_signature(ec_text, ec_raw.substr(0, 32) + std::string(32, '\0')),
       "signature"},
      {"ES256 with r and s beyond the order", with_signature(ec_text, std::string(64, '\xff')),
       "signature"},
      {"ES256 with r and s one",
       with_signature(ec_text, std::string(31, '\0') + '\1' + std::string(31, '\0') + '\1'),
       "signature"},
      {"ES256 with r and s swapped",
       with_signature(ec_text, ec_raw.substr(32) + ec_raw.substr(0, 32)), "signature"},
      {"ES256 that is cut", with_signature(ec_text, ec_raw.substr(0, 63)), "signature"},
      {"ES256 that is longer", with_signature(ec_text, ec_raw + '\0'), "signature"},
      // The claims.
      {"a payload that is no JSON", raw_payload("sub=zoe"), "malformed"},
      {"a payload that is an array", raw_payload("[" + claims().dump() + "]"), "malformed"},
      {"a payload that is a token", raw_payload('"' + good + '"'), "malformed"},
      {"a payload that is nested deep",
       raw_payload(replaced(claims().dump(), "{", "{\"x\":" + nested(9) + ',')), "malformed"},
      {"a payload that is not UTF-8", raw_payload(replaced(claims().dump(), "zoe", "z\xff")),
       "malformed"},
      {"a payload with a byte order mark", raw_payload("\xef\xbb\xbf" + claims().dump()),
       "malformed"},
      {"sub twice", raw_payload(replaced(claims().dump(), "{", R"({"sub":"auth0|eve",)")),
       "malformed"},
      {"exp twice", raw_payload(replaced(claims().dump(), "{", R"({"exp":1,)")), "malformed"},
      {"no issuer", token(without("iss")), "issuer"},
      {"another issuer", token(claims({{"iss", "https://evil.example/"}})), "issuer"},
      {"the issuer without its slash", token(claims({{"iss", "https://troupe.example"}})),
       "issuer"},
      {"the issuer with more behind", token(claims({{"iss", "https://troupe.example/x"}})),
       "issuer"},
      {"the issuer by http", token(claims({{"iss", "http://troupe.example/"}})), "issuer"},
      {"the issuer in capitals", token(claims({{"iss", "https://TROUPE.example/"}})), "issuer"},
      {"the issuer in an array", token(claims({{"iss", {"https://troupe.example/"}}})), "issuer"},
      {"no audience", token(without("aud")), "audience"},
      {"another audience", token(claims({{"aud", "https://api.example.evil"}})), "audience"},
      {"a part of the audience", token(claims({{"aud", "https://api"}})), "audience"},
      {"audiences without ours", token(claims({{"aud", {"a", "b"}}})), "audience"},
      {"an audience that is empty", token(claims({{"aud", json::array()}})), "audience"},
      {"an audience that is an object", token(claims({{"aud", {{"https://api.example", true}}}})),
       "audience"},
      {"audiences with one that is no text", token(claims({{"aud", {"https://api.example", 1}}})),
       "audience"},
      {"no exp", token(without("exp")), "expired"},
      {"exp that has passed", token(claims({{"exp", present - 30}})), "expired"},
      {"exp in text", token(claims({{"exp", std::to_string(present + 600)}})), "expired"},
      {"exp with a fraction", token(claims({{"exp", present + 600.5}})), "expired"},
      {"exp null", token(claims({{"exp", nullptr}})), "expired"},
      {"exp true", token(claims({{"exp", true}})), "expired"},
      {"exp zero", token(claims({{"exp", 0}})), "expired"},
      {"exp negative", token(claims({{"exp", -present}})), "expired"},
      {"exp beyond all years", token(claims({{"exp", 253'402'300'800}})), "expired"},
      {"exp that would overflow", token(claims({{"exp", INT64_MAX}})), "expired"},
      {"exp that is the largest number", token(claims({{"exp", UINT64_MAX}})), "expired"},
      {"exp that no number can hold",
       raw_payload(replaced(claims().dump(), std::to_string(present + 600), "1e999")), "malformed"},
      {"exp in milliseconds", token(claims({{"exp", (present + 600) * 1000}})), "expired"},
      {"nbf ahead", token(claims({{"nbf", present + 31}})), "not-yet"},
      {"nbf in text", token(claims({{"nbf", "0"}})), "not-yet"},
      {"nbf negative", token(claims({{"nbf", -1}})), "not-yet"},
      {"iat ahead", token(claims({{"iat", present + 31}})), "not-yet"},
      {"iat in text", token(claims({{"iat", "0"}})), "not-yet"},
      {"no sub", token(without("sub")), "subject"},
      {"a sub that is empty", token(claims({{"sub", ""}})), "subject"},
      {"a sub that is a number", token(claims({{"sub", 4711}})), "subject"},
      {"a sub with a line feed", token(claims({{"sub", "auth0|zoe\nx: y"}})), "subject"},
      {"a sub with a NUL", raw_payload(replaced(claims().dump(), "zoe", "zoe\\u0000")),
       "malformed"},
      {"a sub that is long", token(claims({{"sub", std::string(256, 'z')}})), "subject"},
      {"roles in text", token(claims({{roles_claim, "admin"}})), "roles"},
      {"roles that are no text", token(claims({{roles_claim, {"user", 1}}})), "roles"},
      {"roles in an object", token(claims({{roles_claim, {{"admin", true}}}})), "roles"},
      {"a hundred roles and one",
       token(claims({{roles_claim, std::vector<std::string>(101, "user")}})), "roles"},
  };
  BOOST_TEST(wrong.size() >= 60U);
  for (const auto& [what, one, why] : wrong) BOOST_TEST(verdict_on(one) == why, what);
}

BOOST_AUTO_TEST_CASE(every_byte_of_a_token_counts) {
  for (const auto* key : {&rsa, &ec}) {
    const auto good = signed_token(*key, header(*key).dump(), claims().dump());
    for (std::size_t at = 0; at < good.size(); ++at) {
      auto changed = good;
      changed[at] = changed[at] == 'A' ? 'B' : 'A';
      BOOST_TEST(verdict_on(changed) != "", "at " << at);
      BOOST_TEST(verdict_on(good.substr(0, at)) != "", "cut at " << at);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_token_ends_when_it_says) {
  const auto one = token(claims());
  now += std::chrono::seconds(600 + 29);
  BOOST_TEST(verdict_on(one) == "");
  now += std::chrono::seconds(1);
  BOOST_TEST(verdict_on(one) == "expired");
}

BOOST_AUTO_TEST_SUITE_END()
