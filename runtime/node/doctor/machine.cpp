#include "runtime/node/doctor/machine.hpp"

#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace troupe {
namespace {

constexpr std::uintmax_t scarce_bytes = std::uintmax_t{1} << 30U;
constexpr std::uintmax_t least_bytes = std::uintmax_t{64} << 20U;

/// When this was written; a clock before it was never set.
constexpr timestamp long_ago =
    std::chrono::sys_days(std::chrono::year(2026) / std::chrono::January / 1);
constexpr auto tolerated_future = std::chrono::minutes(1);

/// Databases, logs and what else is open besides connections.
constexpr std::size_t files_of_its_own = 256;

/// The directory, or the nearest one above it that is there.
std::filesystem::path existing(std::filesystem::path path) {
  path = std::filesystem::absolute(path);
  std::error_code none;
  while (!std::filesystem::exists(path, none) && path.has_parent_path() &&
         path != path.parent_path())
    path = path.parent_path();
  return path;
}

/// Why nothing can be written there, tried with a file that goes again; "" when it can.
std::string refusal_to_write(const std::filesystem::path& directory) {
  auto name = (directory / ".troupe-doctor-XXXXXX").string();
  const int file = ::mkstemp(name.data());
  if (file < 0) return std::generic_category().message(errno);
  ::unlink(name.c_str());
  ::close(file);
  return "";
}

std::string mebibytes(std::uintmax_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

struct frees_addresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

/// Why nobody could listen there; "" when one could.
std::string refusal_to_listen(const listen_address& address) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const auto port = std::to_string(address.port);
  if (const int failed = ::getaddrinfo(address.host.c_str(), port.c_str(), &wanted, &found);
      failed != 0)
    return ::gai_strerror(failed);
  const std::unique_ptr<addrinfo, frees_addresses> owned(found);
  const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return std::generic_category().message(errno);
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  const int bound = ::bind(socket, found->ai_addr, found->ai_addrlen);
  const int failure = errno;
  ::close(socket);
  return bound == 0 ? "" : std::generic_category().message(failure);
}

bool is_of(const std::optional<json>& running, const std::string& address) {
  if (!running) return false;
  for (const auto& node : running->value("nodes", json::array())) {
    for (const auto& one : node.value("addresses", json::object())) {
      if (one == address) return true;
    }
  }
  return false;
}

diagnosis examine_port(const std::string& flag, const listen_address& address,
                       const std::optional<json>& running) {
  const auto about = "port of " + flag;
  if (address.port == 0) return well(about, "any free one is taken");
  if (is_of(running, address.text())) return well(about, address.text() + " is the node's own");
  const auto why = refusal_to_listen(address);
  if (why.empty()) return well(about, address.text() + " is free");
  return ill(about, address.text() + " cannot be had: " + why,
             "stop the other program or choose another " + flag);
}

}  // namespace

std::vector<diagnosis> examine_disk(const settings& options) {
  const bool needed = options.log == "sqlite" || options.views == "sqlite";
  if (!needed) return {well("data directory", "is not needed with this log and these views")};
  const auto place = existing(options.data);
  std::vector<diagnosis> found;
  if (!std::filesystem::is_directory(place)) {
    found.push_back(ill("data directory", place.string() + " is no directory",
                        "remove it or choose another --data"));
    return found;
  }
  if (const auto why = refusal_to_write(place); !why.empty()) {
    found.push_back(ill("data directory", place.string() + " cannot be written: " + why,
                        "give this user the right to, or choose another --data"));
  } else {
    found.push_back(well("data directory", place == std::filesystem::absolute(options.data)
                                               ? options.data.string() + " can be written"
                                               : options.data.string() + " can be made"));
  }
  std::error_code failed;
  const auto space = std::filesystem::space(place, failed);
  if (failed) return found;
  const auto free = mebibytes(space.available) + " are free for the log";
  const auto* mend = "make room, or move the data with troupe copy";
  if (space.available < least_bytes) {
    found.push_back(ill("disk", free, mend));
  } else if (space.available < scarce_bytes) {
    found.push_back(doubtful("disk", free, mend));
  } else {
    found.push_back(well("disk", free));
  }
  return found;
}

diagnosis examine_clock(const settings& options, timestamp now) {
  const auto* mend = "set it, and keep it with chrony or systemd-timesyncd";
  if (now < long_ago) return ill("clock", "it shows " + format_time(now), mend);
  std::error_code none;
  const auto written = std::filesystem::last_write_time(options.data / "log.db", none);
  if (!none) {
    const auto ahead = std::chrono::file_clock::to_sys(written) -
                       std::chrono::sys_time<std::chrono::nanoseconds>(now);
    if (ahead > tolerated_future) {
      return ill("clock",
                 "it shows " + format_time(now) + ", but the log was written later than that",
                 mend);
    }
  }
  timex state{};
  if (::adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
    return doubtful("clock", "it shows " + format_time(now) + ", and nothing keeps it right", mend);
  return well("clock", "it shows " + format_time(now) + ", and is kept right");
}

std::vector<diagnosis> examine_ports(const settings& options, const std::optional<json>& running) {
  return {examine_port("--http", options.http_address, running),
          examine_port("--admin", options.admin_address, running)};
}

diagnosis examine_open_files(const settings& options) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return well("open files", "have no known limit");
  const auto needed = 2 * options.max_connections + files_of_its_own;
  const auto text = "this shell allows " + std::to_string(limit.rlim_cur);
  if (limit.rlim_cur >= needed) return well("open files", text);
  return doubtful("open files",
                  text + ", --max-connections on both ports may need " + std::to_string(needed),
                  "ulimit -n " + std::to_string(needed) + ", or LimitNOFILE of the service");
}

}  // namespace troupe
