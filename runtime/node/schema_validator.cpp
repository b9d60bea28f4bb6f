#include "runtime/node/schema_validator.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include <re2/re2.h>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace troupe {
namespace {

/// A pattern that the text at a place in the data must match.
struct placed_pattern {
  json::json_pointer place;
  std::string text;
  std::unique_ptr<re2::RE2> expression;
};

/// Moves the patterns of a schema's properties into `found`.
std::optional<error> take_patterns(json& schema, const json::json_pointer& place,
                                   std::vector<placed_pattern>& found) {
  if (!schema.is_object()) return std::nullopt;
  if (const auto pattern = schema.find("pattern");
      pattern != schema.end() && pattern->is_string()) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    auto text = pattern->get<std::string>();
    auto expression = std::make_unique<re2::RE2>(text, options);
    if (!expression->ok()) {
      return error{errc::invalid, "the pattern at " + place.to_string() +
                                      " is not supported: " + expression->error()};
    }
    found.push_back({place, std::move(text), std::move(expression)});
    schema.erase("pattern");
  }
  if (const auto properties = schema.find("properties");
      properties != schema.end() && properties->is_object()) {
    for (auto& [name, property] : properties->items()) {
      if (auto failure = take_patterns(property, place / name, found)) return failure;
    }
  }
  return std::nullopt;
}

bool has_pattern(const json& schema) {
  if (schema.is_object()) {
    for (const auto& [name, value] : schema.items()) {
      if ((name == "pattern" && value.is_string()) || name == "patternProperties" ||
          has_pattern(value))
        return true;
    }
  }
  return schema.is_array() && std::ranges::any_of(schema, has_pattern);
}

/// {"<root>", "[address]", "[0]"} becomes "/address/0".
std::string pointer_of(const std::vector<std::string>& context) {
  json::json_pointer place;
  for (const auto& step : context) {
    if (step.size() > 2 && step.front() == '[') place /= step.substr(1, step.size() - 2);
  }
  return place.to_string();
}

/// What the validator says, as people would.
std::string in_plain_words(std::string text) {
  constexpr std::string_view unknown =
      "Object contains a property that could not be validated using 'properties' or "
      "'additionalProperties' constraints: ";
  if (text.starts_with(unknown)) return "unknown member " + text.substr(unknown.size());
  return text;
}

}  // namespace

struct schema_validator::definition {
  valijson::Schema schema;
  std::vector<placed_pattern> patterns;
};

schema_validator::schema_validator(std::map<std::string, std::unique_ptr<definition>> definitions)
    : definitions_(std::move(definitions)) {}
schema_validator::schema_validator(schema_validator&&) noexcept = default;
schema_validator& schema_validator::operator=(schema_validator&&) noexcept = default;
schema_validator::~schema_validator() = default;

result<std::unique_ptr<schema_validator::definition>> schema_validator::parse(
    json document, const std::string& type) {
  const auto definitions = document.find("definitions");
  if (definitions == document.end() || !definitions->contains(type)) {
    return error{errc::invalid, "the JSON Schema has no definition of '" + type +
                                    "'; add it to the schema's source"};
  }
  auto parsed = std::make_unique<definition>();
  json root = std::move((*definitions)[type]);
  definitions->erase(type);
  if (auto failure = take_patterns(root, json::json_pointer(), parsed->patterns)) return *failure;
  // What is left of the other definitions is there for references.
  root["definitions"] = std::move(*definitions);
  const bool misplaced = std::ranges::any_of(root.items(), [](const auto& member) {
    return member.key() != "definitions" && has_pattern(member.value());
  });
  if (misplaced) {
    return error{errc::invalid, "the JSON Schema of '" + type +
                                    "' has a pattern that is not directly at a property"};
  }
  try {
    valijson::adapters::NlohmannJsonAdapter adapter(root);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(adapter, parsed->schema);
  } catch (const std::exception& problem) {
    return error{errc::invalid,
                 "the JSON Schema of '" + type + "' is not usable: " + problem.what()};
  }
  return parsed;
}

result<schema_validator> schema_validator::make(std::string_view document,
                                                const std::vector<std::string>& types) {
  auto root = parse_json(document);
  if (!root) return error{errc::invalid, "the JSON Schema is " + root.error().message};
  std::map<std::string, std::unique_ptr<definition>> definitions;
  for (const auto& type : types) {
    auto parsed = parse(*root, type);
    if (!parsed) return std::move(parsed).error();
    definitions.emplace(type, std::move(*parsed));
  }
  return schema_validator(std::move(definitions));
}

std::vector<field_error> schema_validator::check(const std::string& type, const json& data) const {
  const auto& known = *definitions_.at(type);
  const valijson::adapters::NlohmannJsonAdapter target(data);
  std::vector<field_error> wrong;
  // The first pass stops at the first fault and builds no messages; nearly all data passes it.
  if (!valijson::Validator().validate(known.schema, target, nullptr)) {
    valijson::ValidationResults faults;
    valijson::Validator().validate(known.schema, target, &faults);
    for (const auto& fault : faults) {
      // An object is reported once more for each faulty member; the member's own report says it
      // better.
      if (fault.description.starts_with("Failed to validate against schema associated with"))
        continue;
      wrong.push_back({pointer_of(fault.context), in_plain_words(fault.description)});
    }
    if (wrong.empty()) wrong.push_back({"", "does not fit its schema"});
    return wrong;
  }
  for (const auto& pattern : known.patterns) {
    if (!data.contains(pattern.place)) continue;
    const auto& text = data.at(pattern.place);
    if (text.is_string() &&
        !re2::RE2::PartialMatch(text.get_ref<const std::string&>(), *pattern.expression)) {
      wrong.push_back({pattern.place.to_string(), "does not match the pattern " + pattern.text});
    }
  }
  return wrong;
}

}  // namespace troupe
