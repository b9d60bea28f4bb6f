#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/result.hpp"

namespace troupe {

/// A node of a cluster. Only its incarnation is surely its alone.
struct node_name {
  std::string name;
  std::string incarnation;

  friend bool operator==(const node_name&, const node_name&) = default;
};

/// A request to a node's admin endpoint, carried there by another node.
struct admin_question {
  std::string method;
  std::string target;  ///< Path and query.
  std::string body;
};

struct admin_answer {
  int status = 0;
  std::string body;
};

/// The admin endpoints of a cluster's nodes, as one of these nodes reaches them. Thread-safe.
class node_peers {
 public:
  using answerer = std::function<admin_answer(const admin_question&)>;

  virtual ~node_peers() = default;

  [[nodiscard]] virtual node_name self() const = 0;
  /// All others that are known, by incarnation.
  [[nodiscard]] virtual std::vector<node_name> others() const = 0;
  /// The other node that runs a projection whose database nodes share; nothing if it is this one's.
  [[nodiscard]] virtual std::optional<node_name> runner_of(const std::string& projection) const = 0;

  /// Asks some of them at once and waits, two seconds at most; answers in the order of `whom`.
  /// `not_found` and `unavailable`: the question did not arrive; `in_doubt`: no answer came.
  virtual std::vector<result<admin_answer>> ask(const std::vector<node_name>& whom,
                                                const admin_question& what) = 0;

  /// What this node answers others; may block. Null ends it, when this returns.
  virtual void answer_with(answerer answer) = 0;
};

}  // namespace troupe
