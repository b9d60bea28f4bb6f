#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>

#include "bridges/sqlite/database.hpp"
#include "bridges/sqlite/reader_pool.hpp"
#include "bridges/sqlite/table_layout.hpp"

namespace troupe::sqlite {

/// One file of views: its readers, and its only writer, which is lent to one transaction at a time.
/// Thread-safe.
class view_database {
 public:
  static result<std::shared_ptr<view_database>> open(const std::filesystem::path& file);

  /// The writer on loan, by a transaction that may change threads. Returned, and rolled back, when
  /// it is destroyed.
  class writer {
   public:
    explicit writer(std::shared_ptr<view_database> lender) : lender_(std::move(lender)) {}
    writer(writer&&) = default;
    writer& operator=(writer&&) = delete;
    ~writer();
    database* operator->() { return lender_->writer_.get(); }
    database& operator*() { return *lender_->writer_; }

   private:
    std::shared_ptr<view_database> lender_;
  };

  /// Waits for its turn. After a failure of the disk the connection is made anew.
  static result<writer> lend(std::shared_ptr<view_database> lender);

  [[nodiscard]] reader_pool& readers() { return readers_; }
  [[nodiscard]] table_layouts& layouts() { return layouts_; }

 private:
  explicit view_database(const std::filesystem::path& file) : file_(file), readers_(file) {}
  result<void> connect(database::mode how);

  const std::filesystem::path file_;
  std::mutex mutex_;
  std::condition_variable returned_;
  bool lent_ = false;
  std::unique_ptr<database> writer_;
  reader_pool readers_;
  table_layouts layouts_;
};

}  // namespace troupe::sqlite
