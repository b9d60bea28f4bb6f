#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/access.hpp"
#include "runtime/core/aggregate.hpp"
#include "runtime/core/http.hpp"
#include "runtime/core/migration.hpp"
#include "runtime/core/projector.hpp"

namespace troupe {

/// A projector with the database that its table lives in.
struct projection {
  std::shared_ptr<const projector_kernel> kernel;
  database_role role = database_role::views;
  view_rule visible = nullptr;  ///< Null: only administrators see its rows.
};

/// An aggregate with the JSON Schema document whose `definitions` describe its messages by name.
struct registered_aggregate {
  std::shared_ptr<const aggregate_kernel> kernel;
  std::string json_schema;
};

/// SQL files of a migrations folder: name and text.
using migration_files = std::vector<std::pair<std::string, std::string>>;

/// Everything that one feature brings to a node. Built once in the feature's `feature()` function:
///
///     return troupe::feature("identity")
///         .with_aggregate<user>(json_schema())
///         .with_rules<user_rules>()
///         .with_view<users_view>(visible_users)
///         .with_routes(routes())
///         .with_view_migrations(aggregator_migrations());
///
/// Misuse (a missing `decide`, `evolve`, `project`) fails to compile at that line.
class feature {
 public:
  explicit feature(std::string name) : name_(std::move(name)) {}

  /// `schema` is a JSON Schema (draft 7) document with a definition for each of the aggregate's
  /// messages.
  template <aggregate A>
  feature&& with_aggregate(std::string_view schema) && {
    aggregates_.push_back(
        {std::make_shared<detail::typed_aggregate<A>>(schema), std::string(schema)});
    return std::move(*this);
  }

  /// Who may do what with an aggregate's entities. Without rules, administrators may do everything
  /// and others nothing.
  template <access_rules R>
  feature&& with_rules() && {
    rules_.push_back(std::make_shared<detail::typed_rules<R>>());
    return std::move(*this);
  }

  /// A view that applications query under `/v1/views/`; `visible` says who sees which rows.
  template <projector P>
  feature&& with_view(view_rule visible = nullptr) && {
    projections_.push_back(
        {std::make_shared<detail::typed_projector<P>>(), database_role::views, std::move(visible)});
    return std::move(*this);
  }

  /// A table in the microservice's own database, for nobody else.
  template <projector P>
  feature&& with_private_table() && {
    projections_.push_back(
        {std::make_shared<detail::typed_projector<P>>(), database_role::microservice, nullptr});
    return std::move(*this);
  }

  feature&& with_routes(std::vector<route> routes) && {
    routes_ = std::move(routes);
    return std::move(*this);
  }
  feature&& with_view_migrations(migration_files files) && {
    view_migrations_ = std::move(files);
    return std::move(*this);
  }
  feature&& with_microservice_migrations(migration_files files) && {
    microservice_migrations_ = std::move(files);
    return std::move(*this);
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<registered_aggregate>& aggregates() const { return aggregates_; }
  [[nodiscard]] const std::vector<projection>& projections() const { return projections_; }
  [[nodiscard]] const std::vector<std::shared_ptr<const rules_kernel>>& rules() const {
    return rules_;
  }
  [[nodiscard]] const std::vector<route>& routes() const { return routes_; }
  [[nodiscard]] const migration_files& migrations(database_role role) const {
    return role == database_role::views ? view_migrations_ : microservice_migrations_;
  }

 private:
  std::string name_;
  std::vector<registered_aggregate> aggregates_;
  std::vector<projection> projections_;
  std::vector<std::shared_ptr<const rules_kernel>> rules_;
  std::vector<route> routes_;
  migration_files view_migrations_;
  migration_files microservice_migrations_;
};

}  // namespace troupe
