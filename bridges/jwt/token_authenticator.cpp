#include "bridges/jwt/token_authenticator.hpp"

#include <utility>

namespace troupe::jwt {
namespace {

using outcome = token_verdict::outcome;

token_verdict refused(refusal why) { return {outcome::refused, {}, {}, to_string(why)}; }

token_verdict verdict_of(std::variant<accepted_token, refusal> checked) {
  if (const auto* why = std::get_if<refusal>(&checked)) return refused(*why);
  auto& good = std::get<accepted_token>(checked);
  return {outcome::accepted, std::move(good.who), good.until, ""};
}

/// Counts somebody in for as long as it lives.
class place_among {
 public:
  explicit place_among(std::atomic<int>& count) : count_(count), taken_(count.fetch_add(1)) {}
  ~place_among() { count_.fetch_sub(1); }
  place_among(const place_among&) = delete;
  place_among& operator=(const place_among&) = delete;
  [[nodiscard]] int before() const { return taken_; }

 private:
  std::atomic<int>& count_;
  const int taken_;
};

}  // namespace

std::variant<accepted_token, refusal> token_authenticator::check_with(
    const key_ring::snapshot& known, std::string_view token) const {
  static const key_set none;
  return check_token(token, known.keys ? *known.keys : none, wanted_, clock_.now());
}

token_verdict token_authenticator::check(std::string_view token, waiting may_wait) {
  auto known = keys_->now();
  auto checked = check_with(known, token);
  const auto is_of_unknown_key = [&] {
    const auto* why = std::get_if<refusal>(&checked);
    return why != nullptr && *why == refusal::unknown_key;
  };
  if (is_of_unknown_key() && keys_->want_newer(known.fetches)) {
    if (may_wait == waiting::forbidden) return {outcome::must_wait, {}, {}, ""};
    const place_among waiting_ones(waiting_);
    if (waiting_ones.before() < max_waiting) {
      keys_->await_newer(known.fetches, std::chrono::steady_clock::now() + patience);
      known = keys_->now();
      checked = check_with(known, token);
    }
  }
  if (is_of_unknown_key() && !known.keys) return {outcome::unavailable, {}, {}, "no-keys"};
  return verdict_of(std::move(checked));
}

}  // namespace troupe::jwt
