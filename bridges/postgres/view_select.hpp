#pragma once

#include "bridges/postgres/table_layout.hpp"

namespace troupe::postgres {

/// One page of a view: equality filters, one order with the key as tie-break, and a cursor that
/// names the last row seen rather than a count, so that pages neither skip nor repeat a row when
/// others come and go. Text is ordered by its bytes and NULL is below every value.
result<view_page> select_page(pqxx::transaction_base& reader, const view_table& table,
                              const table_layout& layout, const view_query& query);

}  // namespace troupe::postgres
