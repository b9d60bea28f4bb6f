#include "runtime/node/cli/node_caller.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

namespace troupe {
namespace {

constexpr std::size_t most_token_bytes = 64 * 1024;

result<std::string> read_token(const std::filesystem::path& file, const std::string& flag) {
  std::ifstream in(file, std::ios::binary);
  std::string token(most_token_bytes, '\0');
  in.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(in.gcount()));
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  const auto odd = [](char c) { return c <= 0x20 || c >= 0x7f; };
  if (!token.empty() && std::ranges::none_of(token, odd)) return token;
  return error{errc::invalid, flag + ": " + file.string() + " cannot be read, or holds no token"};
}

}  // namespace

result<node_caller> node_caller::make(const operator_command& command, const http_client& client) {
  const bool to_application = command.name == "command";
  node_caller made(to_application, command.command_id, client);
  const auto& file = to_application ? command.token : command.admin_token;
  if (file.empty()) return made;
  auto token = read_token(file, to_application ? "--token" : "--admin-token");
  if (!token) return token.error();
  made.token_ = std::move(*token);
  return made;
}

result<client_reply> node_caller::call(client_request request) const {
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
  auto reply = (*client_)(request);
  if (!reply) return error{reply.error().code, unreachable(request.url, reply.error())};
  return reply;
}

result<node_answer> node_caller::ask(client_request request) const {
  const auto url = request.url;
  auto reply = call(std::move(request));
  if (!reply) return reply.error();
  auto body = parse_json(reply->body, {.max_depth = 1'000});
  if (body && body->is_object()) return node_answer{reply->status, std::move(*body)};
  return error{errc::unsupported,
               "what answers at " + url + " is no node: its answer is no JSON object"};
}

std::string node_caller::unreachable(const std::string& url, const error& why) const {
  if (why.code != errc::in_doubt) {
    return "no node answers at " + url + " (" + why.message +
           "): is 'troupe run' running? Choose another with " +
           (to_application_ ? "--http" : "--admin") + " URL";
  }
  auto line = "the node at " + url + " broke off before it answered (" + why.message + ")";
  if (to_application_) {
    line += ": whether the command is stored is not known; the same with --command-id " +
            command_id_ + " finds out, and never has a second effect";
  }
  return line;
}

}  // namespace troupe
