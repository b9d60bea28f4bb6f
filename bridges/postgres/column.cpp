#include "bridges/postgres/column.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace troupe::postgres {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// In the pattern 'd' stands for a digit, 'x' for one of a lower-case hexadecimal number.
bool has_shape(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool fits = pattern[i] == 'd'   ? is_digit(c)
                      : pattern[i] == 'x' ? is_digit(c) || (c >= 'a' && c <= 'f')
                                          : c == pattern[i];
    if (!fits) return false;
  }
  return true;
}

bool is_uuid(std::string_view text) {
  return has_shape(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

/// RFC 3339, to the microsecond, which is what PostgreSQL keeps.
bool is_time(std::string_view text) {
  constexpr std::string_view seconds = "dddd-dd-ddTdd:dd:dd";
  if (!has_shape(text.substr(0, seconds.size()), seconds)) return false;
  text.remove_prefix(seconds.size());
  if (text.starts_with('.')) {
    std::size_t end = 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end < 2 || end > 7) return false;
    text.remove_prefix(end);
  }
  return text == "Z" || has_shape(text, "+dd:dd") || has_shape(text, "-dd:dd");
}

const char* describe(column_kind kind) {
  switch (kind) {
    case column_kind::whole:
    case column_kind::real:
    case column_kind::decimal:
      return "a number";
    case column_kind::boolean:
      return "true or false";
    case column_kind::json:
      return "JSON";
    default:
      return "text";
  }
}

/// A number without a fraction, as digits.
std::optional<std::string> whole_text(const json& number) {
  if (!number.is_number_float()) return number.dump();
  constexpr double limit = 9223372036854775808.0;  // 2^63
  const double value = number.get<double>();
  if (value != std::trunc(value) || value < -limit || value >= limit) return std::nullopt;
  return std::to_string(static_cast<std::int64_t>(value));
}

/// The number that PostgreSQL has printed; text if it is no JSON number ("NaN").
json number_of(std::string_view printed) {
  auto number = json::parse(printed, nullptr, false);
  return number.is_number() ? number : json(std::string(printed));
}

}  // namespace

column_kind kind_of(std::string_view type_name) {
  struct rule {
    std::string_view type;
    column_kind kind;
  };
  static constexpr std::array rules = {
      rule{"text", column_kind::text},        rule{"varchar", column_kind::text},
      rule{"bpchar", column_kind::text},      rule{"uuid", column_kind::uuid},
      rule{"timestamptz", column_kind::time}, rule{"int2", column_kind::whole},
      rule{"int4", column_kind::whole},       rule{"int8", column_kind::whole},
      rule{"float4", column_kind::real},      rule{"float8", column_kind::real},
      rule{"numeric", column_kind::decimal},  rule{"bool", column_kind::boolean},
      rule{"json", column_kind::json},        rule{"jsonb", column_kind::json}};
  for (const auto& one : rules) {
    if (one.type == type_name) return one.kind;
  }
  return column_kind::other;
}

bool is_storable(const std::string& text) {
  if (text.find('\0') != std::string::npos) return false;
  try {
    static_cast<void>(json(text).dump());
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

std::string time_text(std::string printed) {
  constexpr std::size_t day_end = 10;
  // Not infinity, years before Christ and beyond 9999: those stay as they are.
  if (printed.size() < day_end + 12 || printed[day_end] != ' ' || !printed.ends_with("+00")) {
    return printed;
  }
  printed[day_end] = 'T';
  printed.resize(printed.size() - 3);
  // No trailing zeros are printed: make it milliseconds, or microseconds if there are any.
  constexpr std::size_t seconds_end = 19;
  if (printed.size() == seconds_end) printed += '.';
  const auto digits = printed.size() - seconds_end - 1;
  if (digits != 3 && digits <= 6) printed.append((digits < 3 ? 3 : 6) - digits, '0');
  return printed + 'Z';
}

result<json> table_column::read(const pqxx::field& stored) const {
  if (stored.is_null()) return json();
  const std::string_view text(stored.c_str(), stored.size());
  switch (kind) {
    case column_kind::boolean:
      return json(text == "t");
    case column_kind::whole:
    case column_kind::decimal:
      return number_of(text);
    case column_kind::real: {
      // "3" is 3.0 here.
      auto number = number_of(text);
      if (number.is_number()) return json(number.get<double>());
      return number;
    }
    case column_kind::json: {
      auto value = json::parse(text, nullptr, false);
      if (value.is_discarded()) return error{errc::corrupt, "column '" + name + "' is not JSON"};
      return value;
    }
    case column_kind::time:
      return json(time_text(std::string(text)));
    case column_kind::text:
    case column_kind::uuid:
    case column_kind::other:
      break;
  }
  return json(text);
}

std::optional<std::string> table_column::write(const json& value) const {
  switch (kind) {
    case column_kind::boolean:
      if (!value.is_boolean()) return std::nullopt;
      return value.get<bool>() ? "t" : "f";
    case column_kind::whole:
      if (!value.is_number()) return std::nullopt;
      return whole_text(value);
    case column_kind::real:
    case column_kind::decimal:
      if (!value.is_number()) return std::nullopt;
      return value.dump();
    case column_kind::json:
      return value.dump();
    case column_kind::text:
    case column_kind::uuid:
    case column_kind::time:
    case column_kind::other:
      break;
  }
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (kind == column_kind::uuid && !is_uuid(text)) return std::nullopt;
  if (kind == column_kind::time && !is_time(text)) return std::nullopt;
  return text;
}

result<std::optional<std::string>> table_column::wanted(const json& value) const {
  const auto invalid = [&] {
    return error{errc::invalid, "column '" + name + "' holds " + describe(kind)};
  };
  switch (kind) {
    case column_kind::json:
      return std::optional(value.dump(-1, ' ', false, json::error_handler_t::replace));
    case column_kind::whole:
    case column_kind::real:
    case column_kind::decimal:
    case column_kind::boolean: {
      const auto spelt = value.is_string()
                             ? json::parse(value.get_ref<const std::string&>(), nullptr, false)
                             : value;
      if (kind == column_kind::boolean ? !spelt.is_boolean() : !spelt.is_number()) return invalid();
      return write(spelt);
    }
    default:
      break;
  }
  if (!value.is_string()) return invalid();
  if (!is_storable(value.get_ref<const std::string&>())) return std::optional<std::string>();
  return write(value);
}

}  // namespace troupe::postgres
