#include "runtime/node/cluster.hpp"

#include <utility>

namespace troupe {
namespace {

const std::string announcements = "alive";

/// The announcer was held up for longer than this: the process was, and heard nobody.
constexpr auto longest_pause = 3 * announcement_interval;

std::string topic_of(const std::string& incarnation, const std::string& question) {
  return incarnation + '.' + question;
}

}  // namespace

cluster::cluster(message_bus& bus, announcement own, const clock& time,
                 std::function<json()> addresses)
    : bus_(bus), clock_(time), addresses_(std::move(addresses)), known_(std::move(own)) {}

void cluster::serve(std::string question, service answer) {
  services_.insert_or_assign(std::move(question), std::move(answer));
}

const std::string& cluster::name() const {
  static const std::string own = "cluster";
  return own;
}

result<void> cluster::start(on_failure /*failed*/) {
  stop();
  const std::lock_guard life(life_);
  {
    const std::lock_guard lock(open_->mutex);
    open_->given_up = false;
  }
  auto heard = bus_.listen(announcements, [this](const message_bus::message& said) { hear(said); });
  if (!heard) return heard.error();
  listening_.push_back(std::move(*heard));
  const auto own = now().own.incarnation;
  for (const auto& [question, answer] : services_) {
    auto asked = bus_.listen(topic_of(own, question),
                             [this, &answer = answer](message_bus::message message) {
                               take(answer, std::move(message));
                             });
    if (!asked) {
      listening_.clear();
      return asked.error();
    }
    listening_.push_back(std::move(*asked));
  }
  {
    const std::lock_guard lock(mutex_);
    over_ = false;
  }
  announcer_ = std::thread([this] { run(); });
  return {};
}

void cluster::end_listening() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    turn_.notify_all();
  }
  listening_.clear();
  if (announcer_.joinable()) announcer_.join();
}

void cluster::drain() {
  const std::lock_guard life(life_);
  end_listening();
  {
    std::unique_lock lock(open_->mutex);
    open_->none.wait(lock, [this] { return open_->count == 0 || open_->given_up; });
  }
  announce(true);
}

void cluster::stop() {
  {
    const std::lock_guard lock(open_->mutex);
    open_->given_up = true;
    open_->none.notify_all();
  }
  const std::lock_guard life(life_);
  end_listening();
}

void cluster::run() {
  auto next = clock_.monotonic();
  std::unique_lock lock(mutex_);
  while (!over_) {
    lock.unlock();
    const auto begun = clock_.monotonic();
    const bool held_up = begun - next > longest_pause;
    // Whoever could not speak, or was not running, could not hear either.
    if (!announce() || held_up) {
      const std::lock_guard again(mutex_);
      known_.excuse(begun);
    }
    tick();
    next = begun + announcement_interval;
    lock.lock();
    turn_.wait_until(lock, next, [this] { return over_; });
  }
}

void cluster::tick() {
  membership::change change;
  {
    const std::lock_guard lock(mutex_);
    change = known_.sweep(clock_.monotonic());
  }
  after(change);
}

bool cluster::announce(bool leaving) {
  auto addresses = addresses_();
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    known_.set_addresses(std::move(addresses));
    auto said = known_.own();
    said.leaving = leaving;
    text = encode(said);
  }
  if (!bus_.tell(announcements, text)) return false;
  ++announced_;
  return true;
}

void cluster::hear(const message_bus::message& said) {
  const auto read = decode_announcement(said.body);
  if (!read) return;
  membership::change change;
  {
    const std::lock_guard lock(mutex_);
    change = known_.heard(*read, clock_.monotonic());
  }
  after(change);
}

void cluster::after(membership::change change) {
  // A newcomer need not wait to learn who is there.
  if (change.newcomer) announce();
  if (change.moved) changed_.notify();
}

void cluster::take(const service& answer, message_bus::message asked) {
  if (!asked.answer) return;
  {
    const std::lock_guard lock(open_->mutex);
    ++open_->count;
  }
  auto counted = [open = open_, reply = std::move(asked.answer)](const std::string& body) {
    reply(body);
    const std::lock_guard lock(open->mutex);
    if (--open->count == 0) open->none.notify_all();
  };
  answer({std::move(asked.body), std::move(counted)});
}

void cluster::set_draining() {
  membership::change change;
  {
    const std::lock_guard lock(mutex_);
    change = known_.set_draining();
  }
  announce();
  after(change);
}

void cluster::suspect(const std::string& incarnation) {
  membership::change change;
  {
    const std::lock_guard lock(mutex_);
    change = known_.forget(incarnation);
  }
  after(change);
}

cluster::picture cluster::now() const {
  const std::lock_guard lock(mutex_);
  picture seen{known_.own(), {}, known_.shards()};
  for (const auto& [incarnation, one] : known_.peers()) seen.peers.push_back(one);
  return seen;
}

std::string cluster::owner_of(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return known_.shards()->owner_of(name);
}

bool cluster::here(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return known_.shards()->owner_of(name) == known_.own().incarnation;
}

std::string cluster::node_of(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto& owner = known_.shards()->owner_of(name);
  const auto peer = known_.peers().find(owner);
  return peer == known_.peers().end() ? known_.own().name : peer->second.said.name;
}

bool cluster::knows(const std::string& incarnation) const {
  const std::lock_guard lock(mutex_);
  return known_.peers().contains(incarnation);
}

void cluster::ask(const std::string& incarnation, const std::string& question,
                  const std::string& body, monotonic_time deadline, message_bus::answered done) {
  bus_.ask(topic_of(incarnation, question), body, deadline, std::move(done));
}

json cluster::describe() const {
  const auto seen = now();
  json peers = json::array();
  for (const auto& one : seen.peers)
    peers.push_back({{"name", one.said.name}, {"incarnation", one.said.incarnation}});
  std::size_t open = 0;
  {
    const std::lock_guard lock(open_->mutex);
    open = open_->count;
  }
  return {{"incarnation", seen.own.incarnation},
          {"announced", announced_.load()},
          {"peers", std::move(peers)},
          {"shards", seen.shards->owned_by(seen.own.incarnation)},
          {"openQuestions", open}};
}

}  // namespace troupe
