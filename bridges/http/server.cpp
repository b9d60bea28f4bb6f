#include "bridges/http/server.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include "bridges/http/live_stream.hpp"
#include "bridges/http/media_type.hpp"
#include "bridges/http/reply_head.hpp"

namespace troupe::http {
namespace {

using std::chrono::steady_clock;

/// Peers that are slower than this are not waited for.
constexpr std::size_t least_bytes_per_second = 64 * 1024;

steady_clock::time_point deadline_for(std::chrono::seconds patience, std::size_t bytes = 0) {
  return steady_clock::now() + patience + std::chrono::seconds(bytes / least_bytes_per_second);
}

/// One more, as long as it lives.
class counted {
 public:
  explicit counted(std::atomic<std::int64_t>& gauge) : gauge_(gauge) {
    gauge_.fetch_add(1, std::memory_order_relaxed);
  }
  ~counted() { gauge_.fetch_sub(1, std::memory_order_relaxed); }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;

 private:
  std::atomic<std::int64_t>& gauge_;
};

/// "127.0.0.1:8080", "[::1]:8080"
std::string address_of(const std::string& host, int port) {
  const bool six = host.find(':') != std::string::npos;
  return (six ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

/// Why a request's body cannot be understood, whatever it is for.
std::optional<reply> wrong_body_type(const request_head& head) {
  if (head.content_length == 0) return {};
  const auto coding = head.find("content-encoding");
  if (coding && *coding != "identity") {
    return problem_reply(415, "unsupported-media-type",
                         "encoded bodies are not accepted; send plain JSON");
  }
  const auto type = head.find("content-type");
  if (type && is_json_type(*type)) return {};
  return problem_reply(415, "unsupported-media-type",
                       "the body must be JSON; send Content-Type: application/json");
}

}  // namespace

/// A request between its head and its answer.
struct server::exchange_state {
  const request_head& head;
  std::string_view body;
  const trace_context& trace;
  bool from_this_machine;
  const endpoint* found = nullptr;  ///< Set when routed.
};

server::server(node_model& model, http_options options, site served)
    : model_(model),
      options_(std::move(options)),
      site_(std::move(served)),
      metrics_(model.metrics(), site_.name, *site_.routes) {}

server::~server() { stop(); }

result<void> server::start(on_failure failed) {
  const std::lock_guard lock(life_cycle_);
  const auto address = address_of(options_.host, options_.port);
  if (listener_) return error{errc::invalid, "bridge " + name() + " has already been started"};
  auto opened = listener::open(
      {options_.host, options_.port, options_.max_connections, options_.read_timeout,
       options_.write_timeout},
      [this](int socket) { serve(socket); },
      [this] {
        metrics_.rejected("too-many-connections");
        metrics_.limit_reached("max-connections");
      });
  if (!opened) {
    return error{opened.error().code, "address " + address + ' ' + opened.error().message +
                                          " or choose another " + site_.flag};
  }
  draining_ = false;
  stopping_ = false;
  site_.begin();
  listener_ = std::move(*opened);
  port_ = listener_->port();
  accepting_ =
      std::thread([this, accepting = listener_.get(), address, failed = std::move(failed)] {
        if (!accepting->run() && failed)
          failed("accepting connections on " + address + " broke down");
      });
  return {};
}

void server::drain() {
  std::unique_lock lock(mutex_, std::defer_lock);
  {
    const std::lock_guard life(life_cycle_);
    if (!listener_) return;
    listener_->close();
    draining_ = true;
    lock.lock();
  }
  // A connection sets `idle` before it looks at `draining_`: one of the two sees the other.
  for (auto* peer : connections_) {
    if (peer->idle || peer->streaming) peer->end_input();
  }
  changed_.wait(lock, [this, before = stops_] { return connections_.empty() || stops_ != before; });
}

void server::stop() {
  const std::lock_guard life(life_cycle_);
  if (!listener_) return;
  draining_ = true;
  stopping_ = true;
  site_.interrupt();
  {
    const std::lock_guard lock(mutex_);
    ++stops_;
    for (auto* peer : connections_) peer->interrupt();
    changed_.notify_all();
  }
  listener_->close();
  accepting_.join();
  listener_.reset();
  port_ = 0;
}

json server::describe() const {
  const auto& counts = metrics_.counts();
  const int bound = port_;
  json routes = json::array();
  for (const auto& one : site_.routes->endpoints())
    routes.push_back(one->method + ' ' + one->pattern);
  return {{"address", address_of(options_.host, bound != 0 ? bound : options_.port)},
          {"listening", bound != 0 && !draining_},
          {"connections", counts.connections.load()},
          {"inFlight", counts.in_flight.load()},
          {"streams", counts.streams.load()},
          {"requests", counts.requests.load()},
          {"rejected", counts.rejected.load()},
          {"routes", std::move(routes)}};
}

void server::enter(connection& peer) {
  const std::lock_guard lock(mutex_);
  connections_.insert(&peer);
  metrics_.counts().connections.fetch_add(1, std::memory_order_relaxed);
  if (stopping_) peer.interrupt();
}

void server::leave(connection& peer) {
  const std::lock_guard lock(mutex_);
  connections_.erase(&peer);
  metrics_.counts().connections.fetch_sub(1, std::memory_order_relaxed);
  if (connections_.empty()) changed_.notify_all();
}

void server::serve(int socket) {
  connection peer(socket);
  enter(peer);
  try {
    std::string head_text;
    for (bool going_on = true; going_on;) {
      peer.idle = true;
      // One that was accepted before draining began may have sent its request already:
      // `end_input` lets that through.
      if (draining_) peer.end_input();
      const auto woken = peer.wait(deadline_for(options_.keep_alive_timeout));
      if (woken == connection::reading::late) metrics_.limit_reached("keep-alive");
      if (woken != connection::reading::done) break;
      peer.idle = false;
      const counted in_flight(metrics_.counts().in_flight);
      going_on = serve_request(peer, head_text);
    }
  } catch (const std::exception&) {  // Out of memory: this connection ends, the others go on.
  }
  leave(peer);
}

bool server::serve_request(connection& peer, std::string& head_text) {
  using reading = connection::reading;
  switch (
      peer.read_head(head_text, options_.max_header_bytes, deadline_for(options_.read_timeout))) {
    case reading::done:
      break;
    case reading::ended:
      return false;
    case reading::late:
      return refuse(peer,
                    {408, "request-timeout", "the request did not arrive in time", "read-timeout"},
                    nullptr);
    case reading::malformed:
      return refuse(peer, {400, "malformed", "lines of a request must end with CR LF"}, nullptr);
    case reading::too_long:
      return refuse(peer,
                    {431, "headers-too-large",
                     "request line and headers are larger than " +
                         std::to_string(options_.max_header_bytes) + " bytes",
                     "max-header-bytes"},
                    nullptr);
  }
  const auto began = steady_clock::now();
  auto parsed = parse_head(head_text, {.max_fields = options_.max_header_count,
                                       .max_target = options_.max_target,
                                       .max_body = options_.max_body});
  if (const auto* refused = std::get_if<refusal>(&parsed)) return refuse(peer, *refused, nullptr);
  const auto& head = std::get<request_head>(parsed);

  if (head.expects_continue && head.content_length > 0 &&
      peer.send("HTTP/1.1 100 Continue\r\n\r\n", {}, deadline_for(options_.write_timeout)) !=
          reading::done) {
    return false;
  }
  std::string_view body;
  const auto length = static_cast<std::size_t>(head.content_length);
  switch (peer.read_body(body, length, deadline_for(options_.read_timeout, length))) {
    case reading::done:
      break;
    case reading::late:
      return refuse(
          peer, {408, "request-timeout", "the body did not arrive in time", "read-timeout"}, &head);
    default:
      return false;
  }

  const auto trace = trace_of(&head);
  exchange_state state{head, body, trace, peer.from_this_machine()};
  auto answered = answer(state);
  if (answered.stream) {
    stream(peer, std::move(answered), state);
    return false;
  }
  const bool keep_alive = head.keep_alive && !draining_;
  const bool sent = send(peer, answered, trace.trace_id, &head, keep_alive);
  peer.forget_body();
  const auto took = steady_clock::now() - began;
  if (took >= options_.deadline) metrics_.limit_reached("deadline");
  metrics_.answered(state.found, head.method, answered.status, took);
  return sent && keep_alive;
}

void server::stream(connection& peer, reply answered, const exchange_state& state) {
  const auto began = steady_clock::now();
  auto& streams = metrics_.counts().streams;
  const counted place(streams);
  // Set before `draining_` is looked at, as with `idle`.
  peer.streaming = true;
  const auto most = std::min(options_.max_streams, options_.max_connections / 2);
  const auto refuse_with = [&](const char* code, const char* detail) {
    answered = problem_reply(503, code, detail);
    answered.headers.emplace_back("Retry-After", "5");
  };
  if (draining_) {
    refuse_with("stopping", "the node is stopping; try again");
  } else if (streams > static_cast<std::int64_t>(most)) {
    metrics_.limit_reached("max-streams");
    refuse_with("too-many-streams", "too many event streams are open; try again later");
  }
  const bool sent = send(peer, answered, state.trace.trace_id, &state.head, false);
  metrics_.answered(state.found, state.head.method, answered.status, steady_clock::now() - began);
  if (!sent || !answered.stream || state.head.method == "HEAD") return;
  live_stream out(peer, {options_.write_timeout, options_.heartbeat});
  answered.stream(out);
  if (out.too_slow()) metrics_.limit_reached("write-timeout");
}

reply server::answer(exchange_state& state) {
  try {
    const auto& head = state.head;
    if (auto refused = site_.guard.refuses(head, site_.cors)) return std::move(*refused);
    if (site_.cors.is_preflight(head)) return site_.cors.answer_preflight(head);
    if (parameter_count(head.target) > options_.max_query_parameters) {
      metrics_.limit_reached("max-query-parameters");
      return problem_reply(
          400, "malformed",
          "more than " + std::to_string(options_.max_query_parameters) + " query parameters");
    }
    const auto where = parse_target(head.target);
    if (!where) return problem_reply(400, "malformed", where.error().message);
    if (auto refused = wrong_body_type(head)) return std::move(*refused);
    auto match = site_.routes->find(head.method, where->segments);
    if (match.found == nullptr && match.allowed.empty()) {
      return problem_reply(404, "not-found", "there is nothing at this path");
    }
    if (match.found == nullptr) {
      auto answer = problem_reply(405, "method-not-allowed",
                                  "this path answers to " + match.allowed + " only");
      answer.headers.emplace_back("Allow", std::move(match.allowed));
      return answer;
    }
    state.found = match.found;
    auto answer = match.found->handle({head, *where, std::move(match.parameters), state.body,
                                       state.trace, state.from_this_machine});
    if (answer.status >= 200 && answer.status < 600) return answer;
  } catch (const std::exception&) {  // Its text is for nobody outside.
  }
  return problem_reply(500, "internal", "the request could not be handled; this is a bug here");
}

bool server::refuse(connection& peer, const refusal& why, const request_head* head) {
  if (why.limit != nullptr) metrics_.limit_reached(why.limit);
  metrics_.refused(why.code, head != nullptr ? head->method : std::string_view(), why.status);
  const auto trace = trace_of(head);
  if (send(peer, problem_reply(why.status, why.code, why.detail), trace.trace_id, head, false)) {
    peer.say_goodbye();
  }
  return false;
}

bool server::send(connection& peer, const reply& answer, const std::string& trace_id,
                  const request_head* head, bool keep_alive) {
  const auto text = reply_head(answer, trace_id, head, keep_alive, site_.cors);
  const bool bodiless = !has_body(answer.status) || (head != nullptr && head->method == "HEAD");
  const auto body = bodiless ? std::string_view() : std::string_view(answer.body);
  const auto sent = peer.send(text, body, deadline_for(options_.write_timeout, body.size()));
  if (sent == connection::reading::late) metrics_.limit_reached("write-timeout");
  return sent == connection::reading::done;
}

trace_context server::trace_of(const request_head* head) {
  if (head != nullptr) {
    if (const auto given = head->find("traceparent")) {
      if (const auto id = trace_id_of(*given)) return {std::string(*id), std::string(*given)};
    }
  }
  auto id = model_.ids().next();
  std::erase(id, '-');
  return {std::move(id), ""};
}

}  // namespace troupe::http
