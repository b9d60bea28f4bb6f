#include "bridges/http/client.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>

#include "bridges/http/fake_node.test.hpp"
#include "bridges/http/http_bridge.hpp"
#include "bridges/http/raw_client.test.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

/// Listens on a port of its own, and does with one connection what the test says.
class one_connection {
 public:
  explicit one_connection(std::function<void(int socket)> serve)
      : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    BOOST_REQUIRE(::bind(listener_, generic, size) == 0);
    BOOST_REQUIRE(::listen(listener_, 1) == 0);
    BOOST_REQUIRE(::getsockname(listener_, generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      const int socket = ::accept(listener_, nullptr, nullptr);
      serve(socket);
      ::close(socket);
    });
  }
  ~one_connection() {
    thread_.join();
    ::close(listener_);
  }
  one_connection(const one_connection&) = delete;
  one_connection& operator=(const one_connection&) = delete;
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int listener_;
  int port_ = 0;
  std::thread thread_;
};

client_request get(const std::string& url, const std::string& target = "/") {
  return {url, "GET", target, {}, ""};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(client_of_nodes)

BOOST_AUTO_TEST_CASE(a_node_is_asked_and_answers) {
  fake_node node;
  const auto bridge = make_http_bridge(node, {});
  BOOST_REQUIRE(bridge->start(nullptr));
  const auto ask = make_client();
  const auto url = "http://127.0.0.1:" + std::to_string(bridge->port());
  const auto stored = ask({url,
                           "POST",
                           "/v1/accounts/one/OpenAccount",
                           {{"Content-Type", "application/json"}, {"Idempotency-Key", "first"}},
                           R"({"owner":"Zoë"})"});
  BOOST_REQUIRE(stored);
  BOOST_TEST(stored->status == 200);
  BOOST_TEST(json::parse(stored->body).at("commandId") == "first");
  const auto unknown = ask(get(url, "/v2"));
  BOOST_REQUIRE(unknown);
  BOOST_TEST(unknown->status == 404);
  BOOST_TEST(json::parse(unknown->body).contains("code"));
  bridge->stop();
}

BOOST_AUTO_TEST_CASE(where_nobody_listens_nothing_was_sent) {
  std::string url;
  {
    const one_connection gone([](int) {});
    url = gone.url();
    (void)make_client()(get(url));
  }
  const auto answer = make_client()(get(url));
  BOOST_REQUIRE(!answer);
  BOOST_TEST((answer.error().code == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_connection_that_ends_without_an_answer_leaves_doubt) {
  const one_connection silent([](int socket) {
    char byte = 0;
    while (::recv(socket, &byte, 1, 0) == 1 && byte != '\n') {
    }
  });
  const auto answer = make_client()(get(silent.url()));
  BOOST_REQUIRE(!answer);
  BOOST_TEST((answer.error().code == errc::in_doubt));
}

BOOST_AUTO_TEST_CASE(a_request_is_sent_as_it_is_encoded) {
  std::string first_line;
  {
    const one_connection seen([&](int socket) {
      char byte = 0;
      while (::recv(socket, &byte, 1, 0) == 1 && byte != '\r') first_line += byte;
    });
    (void)make_client()(get(seen.url(), "/admin/actors/a%20b?after=%2Flog"));
  }
  BOOST_TEST(first_line == "GET /admin/actors/a%20b?after=%2Flog HTTP/1.1");
}

BOOST_AUTO_TEST_SUITE_END()
