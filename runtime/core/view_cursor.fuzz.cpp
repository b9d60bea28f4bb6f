#include "runtime/core/view_cursor.hpp"

#include "runtime/testkit/fuzzing.hpp"

/// Text from outside as the cursor of a query, and as the key that a cursor is made of.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using troupe::testkit::require;
  const troupe::view_table table{"users", "id"};
  troupe::view_query query{{{"locale", "en"}}, "created", false, 10, ""};
  query.after = troupe::testkit::text_of(data, size);
  const auto cursor = troupe::decode_cursor(table, query);
  if (cursor) {
    require(!cursor->order.is_structured(), "a cursor orders by a plain value");
    auto again = query;
    again.after = troupe::encode_cursor(table, query, *cursor);
    const auto same = troupe::decode_cursor(table, again);
    require(same && same->key == cursor->key && same->order == cursor->order,
            "a cursor comes back as it was");
    auto other = query;
    other.descending = true;
    require(!troupe::decode_cursor(table, other), "a cursor fits no other order");
  } else {
    require(cursor.error().code == troupe::errc::invalid, "a refusal is 'invalid'");
  }

  const auto key = troupe::parse_json(query.after);
  if (!key || !key->is_string()) return 0;
  query.after = troupe::encode_cursor(table, query, {*key, key->get<std::string>()});
  require(query.after.find_first_of("+/=&?%# ") == std::string::npos, "a cursor fits a URL");
  const auto made = troupe::decode_cursor(table, query);
  require(made && troupe::json(made->key) == *key && made->order == *key,
          "any key can be in a cursor");
  return 0;
}
