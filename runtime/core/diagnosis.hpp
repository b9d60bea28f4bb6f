#pragma once

#include <string>
#include <utility>

namespace troupe {

/// One thing that `troupe doctor` has looked at.
struct diagnosis {
  enum class level { ok, warn, fail };

  level what = level::ok;
  std::string about;    ///< "data directory"
  std::string finding;  ///< What there is, as a sentence.
  std::string mend;     ///< What to do about it; "" when there is nothing to do.
};

/// "ok", "warn", "fail"
constexpr const char* to_string(diagnosis::level what) noexcept {
  switch (what) {
    case diagnosis::level::ok:
      return "ok";
    case diagnosis::level::warn:
      return "warn";
    case diagnosis::level::fail:
      return "fail";
  }
  return "fail";
}

inline diagnosis well(std::string about, std::string finding) {
  return {diagnosis::level::ok, std::move(about), std::move(finding), ""};
}
inline diagnosis doubtful(std::string about, std::string finding, std::string mend) {
  return {diagnosis::level::warn, std::move(about), std::move(finding), std::move(mend)};
}
inline diagnosis ill(std::string about, std::string finding, std::string mend) {
  return {diagnosis::level::fail, std::move(about), std::move(finding), std::move(mend)};
}

}  // namespace troupe
