#pragma once

#include <string>

#include <pqxx/pqxx>

#include "runtime/core/view_store.hpp"

namespace troupe::postgres {

/// The checkpoint of one projector. Every transaction that may move it takes its row's lock first,
/// so runners of one projector do their work one after the other, never in a deadlock; and whoever
/// holds the lock knows that no earlier transaction is still on its way to being committed.
struct checkpoint_row {
  std::string owner;
  std::string projector;

  /// One in the database.
  [[nodiscard]] std::string name() const { return owner + ' ' + projector; }
  /// The position; 0 if there is none.
  [[nodiscard]] position_t read(pqxx::transaction_base& reader) const;
  /// The same, once every transaction that moves it has ended; others wait from now on.
  position_t lock(pqxx::transaction_base& work) const;
  /// Compare-and-set: whether it was at `expected`.
  bool move(pqxx::transaction_base& work, position_t expected, position_t next) const;
};

}  // namespace troupe::postgres
