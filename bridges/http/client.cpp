#include "bridges/http/client.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include <httplib.h>

#include "runtime/node/settings.hpp"

namespace troupe::http {
namespace {

constexpr auto connect_timeout = std::chrono::seconds(3);
constexpr auto write_timeout = std::chrono::seconds(10);
constexpr auto read_timeout = std::chrono::seconds(60);
constexpr std::size_t most_bytes = std::size_t{64} << 20U;

result<std::unique_ptr<httplib::ClientImpl>> client_for(const std::string& url) {
  const auto end = url.find("://");
  const auto address = parse_address(end == std::string::npos ? "" : url.substr(end + 3));
  if (!address) return address.error();
  std::unique_ptr<httplib::ClientImpl> made;
  if (url.starts_with("https:")) {
    made = std::make_unique<httplib::SSLClient>(address->host, address->port);
    made->enable_server_certificate_verification(true);
  } else {
    made = std::make_unique<httplib::ClientImpl>(address->host, address->port);
  }
  made->set_connection_timeout(connect_timeout);
  made->set_write_timeout(write_timeout);
  made->set_read_timeout(read_timeout);
  made->set_url_encode(false);
  return made;
}

/// Whether a failure came before the request was sent, and in which words.
error translated(httplib::Error failure) {
  switch (failure) {
    case httplib::Error::Connection:
      return {errc::unavailable, "nobody listens there"};
    case httplib::Error::ConnectionTimeout:
      return {errc::unavailable, "no connection within 3 s"};
    case httplib::Error::SSLConnection:
      return {errc::unavailable, "no TLS there"};
    case httplib::Error::SSLLoadingCerts:
    case httplib::Error::SSLServerVerification:
      return {errc::unavailable, "its certificate is not valid for this name"};
    case httplib::Error::Canceled:
      return {errc::in_doubt, "the answer is larger than 64 MiB"};
    default:
      return {errc::in_doubt, httplib::to_string(failure)};
  }
}

}  // namespace

http_client make_client() {
  return [](const client_request& asked) -> result<client_reply> {
    auto client = client_for(asked.url);
    if (!client) return std::move(client).error();
    client_reply answer;
    httplib::Request request;
    request.method = asked.method;
    request.path = asked.target;
    for (const auto& [name, value] : asked.headers) request.headers.emplace(name, value);
    request.body = asked.body;
    request.content_receiver = [&](const char* bytes, std::size_t count, std::uint64_t,
                                   std::uint64_t) {
      answer.body.append(bytes, count);
      return answer.body.size() <= most_bytes;
    };
    const auto outcome = (*client)->send(request);
    if (!outcome) return translated(outcome.error());
    answer.status = outcome->status;
    return answer;
  };
}

}  // namespace troupe::http
