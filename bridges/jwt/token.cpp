#include "bridges/jwt/token.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "bridges/jwt/base64url.hpp"

namespace troupe::jwt {
namespace {

constexpr std::size_t max_token_depth = 8;
constexpr std::size_t max_key_id = 256;
constexpr std::size_t max_subject = 255;
constexpr std::size_t max_audiences = 100;
constexpr std::size_t max_roles = 100;
constexpr std::size_t max_role = 100;
/// The last second of the year 9999; a later one is a mistake, or meant to overflow.
constexpr std::int64_t end_of_time = 253'402'300'799;

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

/// Text that may be logged and stored as a name: bounded, without control characters.
bool is_name(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && std::ranges::none_of(text, [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code < 0x20 || code == 0x7f;
  });
}

/// The three parts of a token.
struct parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view is_signed;  ///< Header and payload with the dot between.
};

std::optional<parts> split(std::string_view token) {
  const auto first = token.find('.');
  if (token.size() > max_token_bytes || first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return std::nullopt;
  return parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1), token.substr(0, second)};
}

/// A part that must be a JSON object.
std::optional<json> object_in(std::string_view part) {
  const auto text = decode_base64url(part);
  if (!text) return std::nullopt;
  auto value = parse_json(*text, {max_token_depth});
  if (!value || !value->is_object()) return std::nullopt;
  return *std::move(value);
}

/// A member that is text; null otherwise.
const std::string* text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? &found->get_ref<const std::string&>()
                                                     : nullptr;
}

/// `typ`, where there is one, says that this is an access token or just some JWT (RFC 9068): a
/// token that was made for something else is not taken for one.
bool is_fitting_type(const json& header) {
  if (!header.contains("typ")) return true;
  const auto* given = text_in(header, "typ");
  if (given == nullptr) return false;
  std::string type = *given;
  std::ranges::for_each(type, [](char& c) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  });
  if (type.starts_with("application/")) type.erase(0, 12);
  return type == "jwt" || type == "at+jwt";
}

/// The key that the header names, if the header asks for nothing that is not done here.
std::variant<const verification_key*, refusal> key_for(const json& header, const key_set& keys) {
  const auto* algorithm = text_in(header, "alg");
  if (algorithm == nullptr || (*algorithm != "RS256" && *algorithm != "ES256"))
    return refusal::algorithm;
  if (header.contains("crit")) return refusal::critical;
  if (!is_fitting_type(header)) return refusal::type;
  const auto* id = text_in(header, "kid");
  if (id == nullptr || !is_key_id(*id)) return refusal::malformed;
  const auto* key = keys.find(*id);
  if (key == nullptr) return refusal::unknown_key;
  if (key->algorithm() != *algorithm) return refusal::algorithm;
  return key;
}

bool is_for(const json& claims, const std::string& audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_string()) return *found == audience;
  return found->is_array() && found->size() <= max_audiences &&
         std::ranges::all_of(*found, [](const json& one) { return one.is_string(); }) &&
         std::ranges::find(*found, json(audience)) != found->end();
}

/// A NumericDate. Whole seconds only: a fraction is allowed by RFC 7519, but nobody needs it here,
/// and what cannot be rounded cannot be rounded to somebody's advantage. Nothing unless it is one.
std::optional<timestamp> time_in(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > end_of_time) return std::nullopt;
  const auto seconds = found->get<std::int64_t>();
  if (seconds < 0) return std::nullopt;
  return timestamp(std::chrono::seconds(seconds));
}

/// False when the claim is there and lies ahead, or is no time.
bool has_begun(const json& claims, const char* name, timestamp now, std::chrono::seconds leeway) {
  if (!claims.contains(name)) return true;
  const auto begin = time_in(claims, name);
  return begin && *begin <= now + leeway;
}

/// The caller's roles, none when the claim is absent. Nothing when it is not as it should be.
std::optional<std::vector<std::string>> roles_in(const json& claims, const std::string& name) {
  std::vector<std::string> roles;
  const auto found = claims.find(name);
  if (found == claims.end()) return roles;
  if (!found->is_array() || found->size() > max_roles) return std::nullopt;
  for (const auto& one : *found) {
    if (!one.is_string() || !is_name(one.get_ref<const std::string&>(), max_role))
      return std::nullopt;
    roles.push_back(one.get<std::string>());
  }
  return roles;
}

std::variant<accepted_token, refusal> check_claims(const json& claims, const expectations& wanted,
                                                   timestamp now) {
  const auto* issuer = text_in(claims, "iss");
  if (issuer == nullptr || *issuer != wanted.issuer) return refusal::issuer;
  if (!is_for(claims, wanted.audience)) return refusal::audience;
  const auto until = time_in(claims, "exp");
  if (!until || now >= *until + wanted.leeway) return refusal::expired;
  for (const auto* begin : {"nbf", "iat"}) {
    if (!has_begun(claims, begin, now, wanted.leeway)) return refusal::not_yet;
  }
  const auto* subject = text_in(claims, "sub");
  if (subject == nullptr || !is_name(*subject, max_subject)) return refusal::subject;
  auto roles = roles_in(claims, wanted.roles_claim);
  if (!roles) return refusal::roles;
  return accepted_token{{*subject, *std::move(roles)}, *until};
}

}  // namespace

const char* to_string(refusal why) noexcept {
  switch (why) {
    case refusal::malformed:
      return "malformed";
    case refusal::algorithm:
      return "algorithm";
    case refusal::critical:
      return "critical";
    case refusal::type:
      return "type";
    case refusal::unknown_key:
      return "unknown-key";
    case refusal::signature:
      return "signature";
    case refusal::issuer:
      return "issuer";
    case refusal::audience:
      return "audience";
    case refusal::expired:
      return "expired";
    case refusal::not_yet:
      return "not-yet";
    case refusal::subject:
      return "subject";
    case refusal::roles:
      return "roles";
  }
  return "malformed";
}

bool is_key_id(std::string_view text) {
  return !text.empty() && text.size() <= max_key_id && is_printable_ascii(text);
}

std::variant<accepted_token, refusal> check_token(std::string_view token, const key_set& keys,
                                                  const expectations& wanted, timestamp now) {
  const auto found = split(token);
  if (!found) return refusal::malformed;
  const auto header = object_in(found->header);
  if (!header) return refusal::malformed;
  const auto key = key_for(*header, keys);
  if (const auto* why = std::get_if<refusal>(&key)) return *why;
  const auto signature = decode_base64url(found->signature);
  if (!signature || signature->empty()) return refusal::malformed;
  if (!std::get<const verification_key*>(key)->verifies(found->is_signed, *signature))
    return refusal::signature;
  const auto claims = object_in(found->payload);
  if (!claims) return refusal::malformed;
  return check_claims(*claims, wanted, now);
}

}  // namespace troupe::jwt
