#pragma once

#include <atomic>
#include <memory>

#include "bridges/jwt/key_ring.hpp"
#include "bridges/jwt/token.hpp"
#include "runtime/core/authenticator.hpp"

namespace troupe::jwt {

/// Takes the tokens of one issuer for one audience. A token whose key is not known may be signed by
/// a new one: whoever may wait does so until the keys have been fetched anew, if that is being done
/// or may begin at once; else it is refused, and the next one finds newer keys. Thread-safe.
class token_authenticator final : public authenticator {
 public:
  /// At most so many wait for keys at a time; more are refused at once.
  static constexpr int max_waiting = 64;
  static constexpr std::chrono::seconds patience{5};

  token_authenticator(std::shared_ptr<key_ring> keys, expectations wanted, const clock& time)
      : keys_(std::move(keys)), wanted_(std::move(wanted)), clock_(time) {}

  token_verdict check(std::string_view token, waiting may_wait) override;

 private:
  [[nodiscard]] std::variant<accepted_token, refusal> check_with(const key_ring::snapshot& known,
                                                                 std::string_view token) const;

  const std::shared_ptr<key_ring> keys_;
  const expectations wanted_;
  const clock& clock_;
  std::atomic<int> waiting_{0};
};

}  // namespace troupe::jwt
