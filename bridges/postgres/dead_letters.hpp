#pragma once

#include <span>
#include <string>
#include <vector>

#include <pqxx/pqxx>

#include "runtime/core/view_store.hpp"

namespace troupe::postgres {

/// Parks events, in one statement. Text that PostgreSQL cannot store is mended, not refused: an
/// event that cannot even be parked would stop its projector for good.
void park(pqxx::transaction_base& work, const std::string& owner,
          std::span<const dead_letter> letters);

/// Takes a projector's parked events with these ids, in one statement; false if one of them was not
/// there.
bool unpark(pqxx::transaction_base& work, const std::string& owner, const std::string& projector,
            std::span<const std::uint64_t> ids);

result<std::vector<dead_letter>> read_letters(pqxx::transaction_base& reader,
                                              const std::string& owner,
                                              const std::string& projector, std::uint64_t after,
                                              std::size_t limit);

}  // namespace troupe::postgres
