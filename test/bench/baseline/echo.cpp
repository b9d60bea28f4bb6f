// The bare baseline of HTTP: cpp-httplib as it comes, answering a POST with the body it got. No
// JSON, no actors, no disk. Prints its port, then serves until it is killed.
#include <iostream>

#include <httplib.h>

int main() {
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(128); };  // One for each connection.
  server.set_keep_alive_max_count(1'000'000'000);
  server.set_tcp_nodelay(true);
  server.Post("/.*", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.body, "application/json");
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  if (port <= 0) return 1;
  std::cout << port << std::endl;
  return server.listen_after_bind() ? 0 : 1;
}
