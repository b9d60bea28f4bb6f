#include "bridges/jwt/token.hpp"

#include "bridges/jwt/base64url.hpp"
#include "bridges/jwt/issuer.test.hpp"
#include "runtime/testkit/fuzzing.hpp"

namespace {

using namespace troupe::jwt;
using troupe::testkit::require;

const signing_key& issuers() {
  static const auto key = signing_key::ec("e1");
  return key;
}

const key_set& known() {
  static const auto keys = *key_set::parse(troupe::json{{"keys", {issuers().jwk()}}}.dump());
  return keys;
}

const expectations& wanted() {
  static const expectations made{"https://troupe.example/", "api"};
  return made;
}

constexpr troupe::timestamp now{std::chrono::seconds(1'800'000'000)};

/// Even a token that the issuer has signed is accepted only if it says what it must.
void check_signed(std::string_view header, std::string_view payload) {
  const auto checked =
      check_token(signed_token(issuers(), header, payload), known(), wanted(), now);
  const auto* good = std::get_if<accepted_token>(&checked);
  if (good == nullptr) return;
  const auto head = troupe::parse_json(header);
  const auto claims = troupe::parse_json(payload);
  require(head && claims && head->is_object() && claims->is_object(), "both parts are objects");
  require(head->at("alg") == "ES256" && head->at("kid") == "e1", "by the key and its algorithm");
  require(!head->contains("crit"), "no extension is passed over");
  require(claims->at("iss") == "https://troupe.example/", "of the issuer");
  require(claims->at("exp").is_number_integer() && good->until + wanted().leeway > now, "in time");
  require(!good->who.subject.empty() && claims->at("sub") == good->who.subject, "of somebody");
}

}  // namespace

/// A token as it comes; header and payload, a line feed between, under a good signature; a set of
/// keys.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = troupe::testkit::text_of(data, size);
  const auto as_it_comes = check_token(text, known(), wanted(), now);
  require(std::holds_alternative<refusal>(as_it_comes), "nobody else can sign");
  if (const auto bytes = decode_base64url(text))
    require(encode_base64url(*bytes) == text, "bytes have one spelling");
  const auto line = text.find('\n');
  if (line != std::string_view::npos) check_signed(text.substr(0, line), text.substr(line + 1));
  if (const auto keys = key_set::parse(text))
    require(!keys->describe().at("keys").empty(), "a set of keys has a key");
  return 0;
}
