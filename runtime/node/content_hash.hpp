#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/core/event_log.hpp"

namespace troupe {

/// SHA-256 over commits in their order, without their positions. Each commit counts with these, in
/// this order: stream, command id and body, each behind its length; first version, number of
/// events, digest and time in milliseconds. Numbers and lengths are 8 bytes, the lowest first.
class content_hash {
 public:
  content_hash();
  content_hash(const content_hash&) = delete;
  content_hash& operator=(const content_hash&) = delete;
  ~content_hash();

  void add(const commit& one);
  /// "sha256:" and 64 hexadecimal digits. To be asked once.
  std::string text();

 private:
  struct state;

  void add_bytes(std::string_view bytes);
  void add_number(std::uint64_t number);
  void add_text(std::string_view text);

  std::unique_ptr<state> state_;
};

}  // namespace troupe
