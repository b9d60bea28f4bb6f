#include "bridges/sqlite/directory_examination.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "bridges/sqlite/log_format.hpp"

namespace troupe::sqlite {
namespace {

/// The header of a database file (sqlite.org/fileformat2.html, section 1.3).
constexpr std::string_view magic{"SQLite format 3", 16};  // Its terminating zero is part of it.
constexpr std::size_t header_bytes = 100;
constexpr std::size_t user_version_at = 60;
constexpr std::size_t application_at = 68;

constexpr const char* about = "log file";

std::int32_t number_at(const std::array<char, header_bytes>& header, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = (value << 8U) | static_cast<unsigned char>(header[at + i]);
  return static_cast<std::int32_t>(value);
}

diagnosis examine_lock(const std::filesystem::path& directory) {
  const int lock = ::open((directory / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0) return well("data directory in use", "nobody has used it yet");
  std::array<char, 20> text{};
  const auto size = ::pread(lock, text.data(), text.size(), 0);
  const bool free = ::flock(lock, LOCK_SH | LOCK_NB) == 0;
  ::close(lock);
  if (free) return well("data directory in use", "no node uses it now");
  int process = 0;
  std::from_chars(text.data(), text.data() + (size > 0 ? size : 0), process);
  return doubtful("data directory in use", "process " + std::to_string(process) + " uses it",
                  "if that is not the node you mean, stop it or choose another --data");
}

diagnosis examine_log(const std::filesystem::path& directory) {
  std::ifstream in(directory / "log.db", std::ios::binary);
  if (!in) return well(about, "there is none yet; a node makes it");
  std::array<char, header_bytes> header{};
  in.read(header.data(), header.size());
  const bool empty = in.gcount() == 0;
  const bool whole = in.gcount() == static_cast<std::streamsize>(header.size());
  const bool database = whole && std::string_view(header.data(), magic.size()) == magic;
  const auto application = number_at(header, application_at);
  std::error_code none;
  const auto waiting = std::filesystem::file_size(directory / "log.db-wal", none);
  if ((empty || (database && application == 0)) && !none && waiting > 0)
    return well(about, "is new: all of it is still in its write-ahead log");
  if (empty) return well(about, "is empty");
  if (!database || application != log_identity.application) {
    return ill(about, "log.db is not a Troupe event log, or is damaged",
               "put it back from a backup, or choose another --data");
  }
  const auto version = number_at(header, user_version_at);
  if (version > log_identity.version) {
    return ill(
        about,
        "log.db is of format " + std::to_string(version) + ", which is newer than this program",
        "run the newer program");
  }
  return well(about, "log.db is of format " + std::to_string(version));
}

}  // namespace

std::vector<diagnosis> examine_directory(const std::filesystem::path& directory) {
  return {examine_lock(directory), examine_log(directory)};
}

}  // namespace troupe::sqlite
