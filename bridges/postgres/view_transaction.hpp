#pragma once

#include <memory>
#include <string>

#include "bridges/postgres/checkpoints.hpp"
#include "bridges/postgres/view_database.hpp"
#include "runtime/core/view_store.hpp"

namespace troupe::postgres {

/// Begins a transaction and takes the checkpoint's lock.
result<std::unique_ptr<view_transaction>> begin_transaction(std::shared_ptr<view_database> views,
                                                            checkpoint_row checkpoint,
                                                            position_t expected, position_t next);

/// What became of a transaction that was to move a checkpoint from `expected` to `next` when the
/// connection was lost during its commit: success, `unavailable` (nothing was stored), `conflict`,
/// or `in_doubt` if the database cannot be asked.
result<void> resolve(connection_pool& pool, const checkpoint_row& checkpoint, position_t expected,
                     position_t next);

}  // namespace troupe::postgres
