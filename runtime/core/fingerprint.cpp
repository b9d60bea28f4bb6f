#include "runtime/core/fingerprint.hpp"

#include <array>
#include <charconv>

#include "runtime/core/ids.hpp"

namespace troupe {
namespace {

/// Counts up when this file's own rules change, so that all saved states are remade.
constexpr int rules = 1;

/// The names of a value's types in place of its values.
json shape_of(const json& value) {
  switch (value.type()) {
    case json::value_t::object: {
      json shape = json::object();
      for (const auto& [name, member] : value.items()) shape[name] = shape_of(member);
      return shape;
    }
    case json::value_t::array: {
      json shape = json::array();
      for (const auto& element : value) shape.push_back(shape_of(element));
      return shape;
    }
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return "integer";
    default:
      return value.type_name();
  }
}

/// A schema without what is written for people only.
void drop_comments(json& schema) {
  if (schema.is_object()) {
    for (const auto* comment : {"description", "title", "$comment"}) {
      // A property of that name is a schema, not a text.
      const auto found = schema.find(comment);
      if (found != schema.end() && found->is_string()) schema.erase(found);
    }
  }
  if (schema.is_structured()) {
    for (auto& inner : schema) drop_comments(inner);
  }
}

/// What the schema says of everything but the commands, which no state is folded from.
json folded_part(std::string_view text) {
  auto schema = json::parse(text, nullptr, false);
  if (!schema.is_object()) return std::string(text);
  const auto commands = schema.find("x-commands");
  const auto definitions = schema.find("definitions");
  if (commands != schema.end() && commands->is_array() && definitions != schema.end() &&
      definitions->is_object()) {
    for (const auto& name : *commands) {
      if (name.is_string()) definitions->erase(name.get<std::string>());
    }
    schema.erase("x-commands");
  }
  drop_comments(schema);
  return schema;
}

}  // namespace

std::string fingerprint_of(const state_form& form) {
  const json all = {rules, shape_of(form.initial_state), form.events, folded_part(form.json_schema),
                    form.snapshot_version};
  std::array<char, 16> hex{};
  const auto digest = digest_of(all.dump(-1, ' ', false, json::error_handler_t::replace));
  const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), digest, 16).ptr;
  return {hex.data(), end};
}

}  // namespace troupe
