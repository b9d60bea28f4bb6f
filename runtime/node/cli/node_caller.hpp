#pragma once

#include <string>
#include <utility>

#include "runtime/core/json.hpp"
#include "runtime/node/cli/node_client.hpp"
#include "runtime/node/cli/operator_command.hpp"

namespace troupe {

/// An answer that is a JSON object.
struct node_answer {
  int status = 0;
  json body;
};

/// Asks the node of a command, with its token. Errors are sentences for people, with the mend.
class node_caller {
 public:
  /// `invalid` when a token's file holds none. The client outlives this.
  static result<node_caller> make(const operator_command& command, const http_client& client);

  [[nodiscard]] result<client_reply> call(client_request request) const;
  /// The same; `unsupported` when the answer is no JSON object, for then it is not a node that
  /// answers.
  [[nodiscard]] result<node_answer> ask(client_request request) const;

 private:
  node_caller(bool to_application, std::string command_id, const http_client& client)
      : to_application_(to_application), command_id_(std::move(command_id)), client_(&client) {}

  [[nodiscard]] std::string unreachable(const std::string& url, const error& why) const;

  bool to_application_;
  std::string command_id_;
  std::string token_;
  const http_client* client_;
};

}  // namespace troupe
