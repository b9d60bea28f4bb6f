#include "bridges/sqlite/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace troupe::sqlite {
namespace {

error unusable(const std::filesystem::path& path, int code) {
  return {errc::unavailable, "data directory " + path.string() +
                                 " cannot be used: " + std::generic_category().message(code) +
                                 "; mend it or choose another --data"};
}

/// The process id in the lock file; "" if there is none.
std::string holder(int file) {
  std::array<char, 20> text{};
  const auto size = ::pread(file, text.data(), text.size(), 0);
  std::string id;
  for (ssize_t i = 0; i < size && text[static_cast<std::size_t>(i)] >= '0'; ++i) {
    id += text[static_cast<std::size_t>(i)];
  }
  return id;
}

}  // namespace

result<std::shared_ptr<data_directory>> data_directory::open(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) return unusable(path, failed.value());
  if (::access(path.c_str(), W_OK | X_OK) != 0) return unusable(path, errno);

  const int lock = ::open((path / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return unusable(path, errno);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    const auto process = holder(lock);
    ::close(lock);
    if (code != EWOULDBLOCK) return unusable(path, code);
    return error{errc::unavailable, "data directory " + path.string() + " is in use by process " +
                                        (process.empty() ? std::string("unknown") : process) +
                                        "; stop it or choose another --data"};
  }
  const auto id = std::to_string(::getpid()) + "\n";
  // The id is for people only: a full disk must not keep a node from starting to say so itself.
  if (::ftruncate(lock, 0) == 0 && ::pwrite(lock, id.data(), id.size(), 0) < 0) errno = 0;
  return std::shared_ptr<data_directory>(new data_directory(path, lock));
}

data_directory::~data_directory() { ::close(lock_); }

}  // namespace troupe::sqlite
