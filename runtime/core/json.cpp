#include "runtime/core/json.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace troupe {
namespace {

constexpr std::size_t max_quoted = 200;
constexpr std::string_view too_deep = "nested deeper than ";

/// What the library says, without its own marks and places, and cut short: it quotes all of a token
/// that is wrong.
std::string reason_of(const std::exception& problem) {
  std::string_view what = problem.what();
  const auto skip = [&what](std::string_view mark) {
    what.remove_prefix(std::min(what.find(mark) + mark.size(), what.size()));
  };
  if (what.starts_with('[')) skip("] ");
  if (what.starts_with("parse error")) skip(": ");
  if (what.size() <= max_quoted) return std::string(what);
  std::size_t end = max_quoted;
  while (end > 0 && (static_cast<unsigned char>(what[end]) & 0xc0U) == 0x80U) --end;
  return std::string(what.substr(0, end)) + "…";
}

/// Builds a value from parser events, so that depth and duplicate keys are refused before they cost
/// anything.
class bounded_builder final : public nlohmann::json_sax<json> {
 public:
  explicit bounded_builder(std::size_t max_depth) : max_depth_(max_depth) {}

  bool null() override { return put(json(nullptr)); }
  bool boolean(bool value) override { return put(json(value)); }
  bool number_integer(number_integer_t value) override { return put(json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return put(json(value)); }
  bool number_float(number_float_t value, const string_t& text) override {
    // The library falls back to floating point for whole numbers that it cannot hold.
    if (text.find_first_of(".eE") == string_t::npos)
      return refuse("the whole number " + text.substr(0, 32) + " does not fit in 64 bits");
    return put(json(value));
  }
  bool string(string_t& value) override {
    if (value.find('\0') != string_t::npos)
      return refuse("a string holds the character U+0000; leave it out");
    // A copy: the parser uses its buffer again, and has to let it grow anew if it is taken away.
    return put(json(value));
  }
  bool binary(binary_t&) override { return refuse("binary data is not allowed"); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (name.find('\0') != string_t::npos)
      return refuse("a member's name holds the character U+0000; leave it out");
    auto& object = *open_.back();
    auto [slot, fresh] = object.get_ref<json::object_t&>().try_emplace(name, nullptr);
    if (!fresh)
      return refuse("member '" + name.substr(0, 64) +
                    "' appears twice in one object; send it once");
    slot_ = &slot->second;
    return true;
  }

  bool parse_error(std::size_t offset, const std::string&,
                   const nlohmann::detail::exception& problem) override {
    failure_ = "not valid JSON at byte " + std::to_string(offset) + ": " + reason_of(problem);
    return false;
  }

  json& root() { return root_; }
  std::string& failure() { return failure_; }

 private:
  json* place(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(value));
      return &open_.back()->back();
    }
    *slot_ = std::move(value);
    return slot_;
  }

  bool put(json value) {
    place(std::move(value));
    return true;
  }

  bool open(json container) {
    if (open_.size() >= max_depth_) {
      return refuse(std::string(too_deep) + std::to_string(max_depth_) + " levels; flatten it");
    }
    open_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  bool refuse(std::string why) {
    failure_ = std::move(why);
    return false;
  }

  std::size_t max_depth_;
  json root_;
  /// The containers that are still open. An array that grows moves its elements, but only its
  /// closed ones: an open element is always the last, and nothing is appended behind it until it
  /// closes.
  std::vector<json*> open_;
  json* slot_ = nullptr;
  std::string failure_;
};

}  // namespace

result<json> parse_json(std::string_view text, const json_limits& limits) {
  // The library takes a NUL for the end and would let anything behind it through.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    return error{errc::invalid,
                 "not valid JSON at byte " + std::to_string(nul + 1) + ": a NUL character"};
  }
  // The library skips one; others take it for text.
  if (text.starts_with("\xef\xbb\xbf")) {
    return error{errc::invalid,
                 "not valid JSON at byte 1: starts with a byte order mark; leave it out"};
  }
  bounded_builder builder(limits.max_depth);
  if (!json::sax_parse(text, &builder)) return error{errc::invalid, std::move(builder.failure())};
  return std::move(builder.root());
}

bool is_utf8(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = byte(at);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - at < length) return false;
    // The second byte's range is narrower where the first alone would allow overlong forms,
    // surrogates or what lies beyond U+10FFFF.
    const unsigned least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (byte(at + 1) < least || byte(at + 1) > most) return false;
    for (std::size_t i = 2; i < length; ++i) {
      if ((byte(at + i) & 0xc0U) != 0x80) return false;
    }
    at += length;
  }
  return true;
}

bool is_too_deep(const error& failure) { return failure.message.starts_with(too_deep); }

}  // namespace troupe
