#pragma once

#include <filesystem>
#include <string>

#include "runtime/core/key_source.hpp"

namespace troupe::jwt {

/// An issuer's keys in a file, which is read anew each time: put a changed one in its place with
/// one `rename`.
class file_source final : public key_source {
 public:
  explicit file_source(std::filesystem::path file)
      : file_(std::move(file)), place_(file_.string()) {}

  result<std::string> fetch(std::stop_token stopping) override;
  [[nodiscard]] const std::string& place() const override { return place_; }

 private:
  const std::filesystem::path file_;
  const std::string place_;
};

}  // namespace troupe::jwt
