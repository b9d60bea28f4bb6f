#include "runtime/host/actor_card.hpp"

#include <utility>

namespace troupe::host {

const char* to_string(actor_status status) noexcept {
  switch (status) {
    case actor_status::starting:
      return "starting";
    case actor_status::running:
      return "running";
    case actor_status::restarting:
      return "restarting";
    case actor_status::failed:
      return "failed";
    case actor_status::stopped:
      return "stopped";
  }
  return "failed";
}

actor_card::actor_card(std::string path, std::string kind, timestamp since)
    : path_(std::move(path)), kind_(std::move(kind)), since_(since) {}

caf::actor actor_card::handle() const {
  const std::lock_guard lock(mutex_);
  return handle_;
}

void actor_card::started(caf::actor handle, timestamp now) {
  const std::lock_guard lock(mutex_);
  handle_ = std::move(handle);
  status_ = actor_status::running;
  since_ = now;
}

void actor_card::ended(actor_status status, timestamp now) {
  const std::lock_guard lock(mutex_);
  handle_ = nullptr;
  status_ = status;
  since_ = now;
  busy_ = nullptr;
  awaited_ = awaited::nothing;
  lost_ = enqueued_.load(std::memory_order_relaxed) - processed_.load(std::memory_order_relaxed);
}

void actor_card::record_error(actor_failure why) {
  const std::lock_guard lock(mutex_);
  last_error_ = std::move(why);
}

actor_card::snapshot actor_card::read() const {
  const std::lock_guard lock(mutex_);
  const auto processed = processed_.load(std::memory_order_relaxed);
  const auto gone = processed + lost_;
  const auto enqueued = enqueued_.load(std::memory_order_relaxed);
  return {status_,
          since_,
          last_error_.what,
          enqueued > gone ? enqueued - gone : 0,
          processed,
          restarts_.load(std::memory_order_relaxed),
          busy_.load(std::memory_order_relaxed) != nullptr,
          awaited_.load(std::memory_order_relaxed),
          steps_.load(std::memory_order_relaxed),
          last_error_.trace_id};
}

card_ptr actor_registry::card(const std::string& path, const std::string& kind) {
  const std::lock_guard lock(mutex_);
  auto& slot = cards_[path];
  if (!slot) slot = std::make_shared<actor_card>(path, kind, clock_.now());
  return slot;
}

card_ptr actor_registry::find(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = cards_.find(path);
  return found == cards_.end() ? nullptr : found->second;
}

std::vector<card_ptr> actor_registry::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<card_ptr> cards;
  cards.reserve(cards_.size());
  for (const auto& [path, card] : cards_) cards.push_back(card);
  return cards;
}

void actor_registry::set_given_up(std::optional<std::string> reason) {
  const std::lock_guard lock(mutex_);
  given_up_ = std::move(reason);
}

std::optional<std::string> actor_registry::given_up() const {
  const std::lock_guard lock(mutex_);
  return given_up_;
}

}  // namespace troupe::host
