#include "runtime/node/membership.hpp"

#include <algorithm>
#include <utility>

namespace troupe {
namespace {

constexpr std::size_t longest_text = 256;

/// Of peers comes what the admin endpoint shows and metrics are labelled with: short, printable.
bool acceptable(const std::string& text) {
  return !text.empty() && text.size() <= longest_text && std::ranges::all_of(text, [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
}

}  // namespace

std::string encode(const announcement& one) {
  return json{{"incarnation", one.incarnation}, {"name", one.name},
              {"version", one.version},         {"started", one.started.time_since_epoch().count()},
              {"addresses", one.addresses},     {"draining", one.draining},
              {"leaving", one.leaving}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

result<announcement> decode_announcement(const std::string& text) {
  const auto wrong = [](const std::string& what) {
    return error{errc::invalid, "an announcement " + what};
  };
  const auto parsed = parse_json(text);
  if (!parsed) return wrong("that is not JSON: " + parsed.error().message);
  announcement made;
  try {
    parsed->at("incarnation").get_to(made.incarnation);
    parsed->at("name").get_to(made.name);
    parsed->at("version").get_to(made.version);
    made.started = timestamp(std::chrono::milliseconds(parsed->at("started").get<std::int64_t>()));
    made.addresses = parsed->at("addresses");
    parsed->at("draining").get_to(made.draining);
    parsed->at("leaving").get_to(made.leaving);
  } catch (const json::exception& problem) {
    return wrong(std::string("that lacks something: ") + problem.what());
  }
  // An incarnation is a part of topics.
  const bool plain = std::ranges::all_of(made.incarnation, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!plain || !acceptable(made.incarnation) || !acceptable(made.name) ||
      made.version.size() > longest_text || !made.addresses.is_object()) {
    return wrong("with a name that no node has");
  }
  return made;
}

membership::membership(announcement own)
    : own_(std::move(own)),
      shards_(std::make_shared<const shard_map>(std::vector<std::string>{own_.incarnation})) {}

membership::change membership::heard(const announcement& said, monotonic_time now) {
  if (said.incarnation == own_.incarnation) return {};
  if (said.leaving) return forget(said.incarnation);
  const bool newcomer = !peers_.contains(said.incarnation);
  if (newcomer && peers_.size() >= most_peers) return {};
  peers_[said.incarnation] = {said, now};
  return redraw(newcomer);
}

membership::change membership::forget(const std::string& incarnation) {
  if (peers_.erase(incarnation) == 0) return {};
  return redraw(false);
}

membership::change membership::sweep(monotonic_time now) {
  const auto silent = [&](const auto& one) { return now - one.second.heard > longest_silence; };
  if (std::erase_if(peers_, silent) == 0) return {};
  return redraw(false);
}

void membership::excuse(monotonic_time now) {
  for (auto& [incarnation, one] : peers_) one.heard = now;
}

membership::change membership::set_draining() {
  own_.draining = true;
  return redraw(false);
}

membership::change membership::redraw(bool newcomer) {
  std::vector<std::string> staying;
  std::vector<std::string> all{own_.incarnation};
  if (!own_.draining) staying.push_back(own_.incarnation);
  for (const auto& [incarnation, one] : peers_) {
    all.push_back(incarnation);
    if (!one.said.draining) staying.push_back(incarnation);
  }
  auto drawn =
      std::make_shared<const shard_map>(staying.empty() ? std::move(all) : std::move(staying));
  if (*drawn == *shards_) return {newcomer, false};
  shards_ = std::move(drawn);
  return {newcomer, true};
}

}  // namespace troupe
