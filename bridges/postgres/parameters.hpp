#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <pqxx/pqxx>

namespace troupe::postgres {

/// Values bound to a statement's $1, $2, …, as text or NULL.
class parameters {
 public:
  /// "$3", for the statement's text.
  std::string add(std::string value) {
    values_.push_back(std::move(value));
    pointers_.push_back(values_.back().c_str());
    return "$" + std::to_string(pointers_.size());
  }

  pqxx::result run(pqxx::transaction_base& work, const std::string& statement) const {
    return work.exec_params(statement, pqxx::prepare::make_dynamic_params(pointers_));
  }

 private:
  std::deque<std::string> values_;  ///< Stay where they are.
  std::vector<const char*> pointers_;
};

/// PostgreSQL's text form of an array, built element by element.
class array_text {
 public:
  void add(const std::string& element);
  void add_null();
  [[nodiscard]] std::string text() && { return std::move(text_) + '}'; }

 private:
  std::string text_ = "{";
};

}  // namespace troupe::postgres
