#include "bridges/http/admin_tokens.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <fstream>

namespace troupe::http {
namespace {

constexpr std::size_t least_size = 16;
constexpr std::size_t most_size = 512;
constexpr std::size_t most_tokens = 100;
constexpr const char* nameless = "admin-token";

bool is_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

admin_tokens::digest admin_tokens::hash_of(std::string_view token) {
  digest hash{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

result<admin_tokens> admin_tokens::read(const std::filesystem::path& file) {
  const auto wrong = [&](const std::string& why) {
    return error{errc::invalid, "--admin-token: " + file.string() + ' ' + why};
  };
  std::ifstream in(file);
  if (!in) return wrong("cannot be read; check the path and its rights");
  admin_tokens made;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.starts_with('#')) continue;
    const auto colon = line.find(':');
    const auto owner = colon == std::string::npos ? nameless : line.substr(0, colon);
    const auto token = colon == std::string::npos ? line : line.substr(colon + 1);
    if (owner.empty() || owner.size() > 64 || !is_word(owner) || !is_word(token) ||
        token.size() < least_size || token.size() > most_size) {
      return wrong("line " + std::to_string(number) +
                   " must be a token, or name:token, of 16 to 512 characters without spaces; make "
                   "one with 'openssl rand -hex 32'");
    }
    if (made.known_.size() == most_tokens) return wrong("has more than 100 tokens; remove some");
    made.known_.push_back({owner, hash_of(token)});
  }
  if (made.known_.empty()) return wrong("holds no token; make one with 'openssl rand -hex 32'");
  return made;
}

std::optional<std::string> admin_tokens::owner_of(std::string_view token) const {
  // Hashes have one length, and each is compared to its end, so that time tells nothing of where
  // two differ.
  const auto hash = hash_of(token);
  const entry* found = nullptr;
  for (const auto& one : known_) {
    if (CRYPTO_memcmp(one.hash.data(), hash.data(), hash.size()) == 0) found = &one;
  }
  return found == nullptr ? std::nullopt : std::optional(found->owner);
}

}  // namespace troupe::http
