#include "bridges/jwt/key_set.hpp"

#include <set>
#include <utility>

#include "bridges/jwt/token.hpp"

namespace troupe::jwt {
namespace {

constexpr std::size_t max_set_depth = 8;

}  // namespace

result<key_set> key_set::parse(std::string_view text) {
  const auto no_set = [](const std::string& why) {
    return error{errc::invalid, "this is no set of keys (RFC 7517): " + why};
  };
  if (text.size() > max_bytes) return no_set("larger than " + std::to_string(max_bytes) + " bytes");
  const auto document = parse_json(text, {max_set_depth});
  if (!document) return no_set(document.error().message);
  const auto listed = document->is_object() ? document->find("keys") : document->end();
  if (listed == document->end() || !listed->is_array()) return no_set("it has no array 'keys'");
  if (listed->size() > max_keys) return no_set("more than " + std::to_string(max_keys) + " keys");

  key_set made;
  std::set<std::string> seen;
  for (const auto& one : *listed) {
    const auto id = one.is_object() ? one.find("kid") : one.end();
    if (id == one.end() || !id->is_string() || !is_key_id(id->get_ref<const std::string&>())) {
      made.left_out_.emplace_back("a key without a usable kid");
      continue;
    }
    const auto& name = id->get_ref<const std::string&>();
    if (!seen.insert(name).second) {
      made.keys_.erase(name);
      made.left_out_.push_back(name + ": several keys have this kid");
      continue;
    }
    auto key = verification_key::from_jwk(one);
    if (key) {
      made.keys_.emplace(name, *std::move(key));
    } else {
      made.left_out_.push_back(name + ": " + key.error().message);
    }
  }
  if (made.keys_.empty()) {
    return no_set("no key of it can be used" +
                  (made.left_out_.empty() ? "" : ": " + made.left_out_.front()));
  }
  return made;
}

const verification_key* key_set::find(const std::string& id) const {
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : &found->second;
}

json key_set::describe() const {
  json keys = json::object();
  for (const auto& [id, key] : keys_) keys[id] = key.algorithm();
  return {{"keys", std::move(keys)}, {"leftOut", left_out_}};
}

}  // namespace troupe::jwt
