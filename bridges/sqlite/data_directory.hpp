#pragma once

#include <filesystem>
#include <memory>

#include "runtime/core/result.hpp"

namespace troupe::sqlite {

/// A directory of SQLite files that belongs to this process for as long as the object lives: an
/// advisory lock on
/// `<directory>/lock`, which holds the process id for whoever asks. The log and the views of one
/// directory share it.
class data_directory {
 public:
  /// Makes the directory if it is missing. `unavailable` when it cannot be written or is in use by
  /// another process; the message says so and names the mend.
  static result<std::shared_ptr<data_directory>> open(const std::filesystem::path& path);
  data_directory(const data_directory&) = delete;
  data_directory& operator=(const data_directory&) = delete;
  ~data_directory();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  data_directory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;  ///< File descriptor; closing it releases the lock.
};

}  // namespace troupe::sqlite
