#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridges/http/exchange.hpp"

namespace troupe::http {

/// Which other origins' scripts may call, and read what they get. Nothing is said about CORS when
/// there are none.
class cors_policy {
 public:
  explicit cors_policy(std::vector<std::string> origins, bool debug_sub = false);

  /// Is this an OPTIONS request by which a browser asks for leave?
  [[nodiscard]] bool is_preflight(const request_head& head) const;
  [[nodiscard]] reply answer_preflight(const request_head& head) const;

  /// Adds the headers that any answer needs to `out`, each line with its CR LF.
  void append_headers(std::string& out, const request_head& head) const;

  /// The value of Access-Control-Allow-Origin; "" when the request's origin is not allowed.
  [[nodiscard]] std::string_view allowed_origin(const request_head& head) const;

 private:
  std::vector<std::string> origins_;
  std::string allowed_headers_;
};

}  // namespace troupe::http
