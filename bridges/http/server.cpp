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

/// Threads that watch connections; requests that do not wait are handled on them too.
unsigned count_of_pollers() { return std::clamp(std::thread::hardware_concurrency() / 2, 1U, 8U); }

/// "127.0.0.1:8080", "[::1]:8080"
std::string address_of(const std::string& host, int port) {
  const bool six = host.find(':') != std::string::npos;
  return (six ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

reply internal_error() {
  return problem_reply(500, "internal", "the request could not be handled; this is a bug here");
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
  auto opened =
      listener::open({options_.host, options_.port, options_.read_timeout, options_.write_timeout},
                     [this](int socket) { return take(socket); });
  if (!opened) {
    return error{opened.error().code, "address " + address + ' ' + opened.error().message +
                                          " or choose another " + site_.flag};
  }
  std::vector<std::unique_ptr<poller>> pollers;
  while (pollers.size() < count_of_pollers()) {
    const bool first = pollers.empty();
    auto made =
        poller::make({.ready =
                          [this](std::uint64_t id) {
                            if (const auto one = find(id); one && one->claim()) serve(one, false);
                          },
                      .handed_back = [this](std::uint64_t id) { serve(find(id), false); },
                      .tick = first ? std::function<void()>([this] { end_idle(); }) : [] {}});
    if (!made) return std::move(made).error();
    pollers.push_back(std::move(*made));
  }
  pollers_ = std::move(pollers);
  workers_ = std::make_unique<worker_pool>(options_.max_connections);
  draining_ = false;
  closing_ = false;
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
    draining_ = true;
    lock.lock();
  }
  const auto stopped = [this, before = stops_] { return stops_ != before; };
  for (const auto& [id, one] : sessions_) {
    if (one->streaming) one->peer.end_input();
  }
  wake_all();
  changed_.wait(lock, [&] {
    return stopped() ||
           std::ranges::all_of(sessions_, [](const auto& one) { return one.second->late; });
  });
  // A port that is closed at once refuses who has not yet heard that this node is going.
  const auto latest = steady_clock::now() + 10 * options_.farewell;
  for (auto before = last_id_ - 1; before != last_id_ && steady_clock::now() < latest;) {
    before = last_id_;
    if (changed_.wait_for(lock, options_.farewell, stopped)) return;
  }
  lock.unlock();
  {
    const std::lock_guard life(life_cycle_);
    if (!listener_) return;
    listener_->close();
    closing_ = true;
    lock.lock();
  }
  wake_all();
  changed_.wait(lock, [&] { return sessions_.empty() || stopped(); });
}

void server::wake_all() {
  // One that has an owner is claimed in vain: its owner looks once more before letting go of it,
  // and sees `draining_`.
  for (const auto& [id, one] : sessions_) {
    if (one->claim()) hand_back(*one);
  }
}

void server::stop() {
  const std::lock_guard life(life_cycle_);
  if (!listener_) return;
  draining_ = true;
  closing_ = true;
  stopping_ = true;
  site_.interrupt();
  {
    const std::lock_guard lock(mutex_);
    ++stops_;
    for (const auto& [id, one] : sessions_) one->peer.interrupt();
    changed_.notify_all();
  }
  listener_->close();
  accepting_.join();
  listener_.reset();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return sessions_.empty(); });
  }
  workers_.reset();
  pollers_.clear();
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

bool server::take(int socket) {
  session_ptr one;
  {
    const std::lock_guard lock(mutex_);
    if (sessions_.size() >= options_.max_connections) {
      metrics_.rejected("too-many-connections");
      metrics_.limit_reached("max-connections");
      return false;
    }
    one = std::make_shared<session>(++last_id_, socket, draining_);
    sessions_.emplace(one->id, one);
    metrics_.counts().connections.fetch_add(1, std::memory_order_relaxed);
    if (stopping_) one->peer.interrupt();
  }
  if (poller_of(one->id).watch(socket, one->id)) {
    hand_back(*one);
  } else {
    leave(one);
  }
  return true;
}

session_ptr server::find(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

void server::count_in_flight(session& one, bool in_flight) {
  if (std::exchange(one.in_flight, in_flight) == in_flight) return;
  metrics_.counts().in_flight.fetch_add(in_flight ? 1 : -1, std::memory_order_relaxed);
}

void server::leave(const session_ptr& one) {
  count_in_flight(*one, false);
  const std::lock_guard lock(mutex_);
  sessions_.erase(one->id);
  metrics_.counts().connections.fetch_sub(1, std::memory_order_relaxed);
  // Under the lock: once nobody is left, the server may go.
  if (sessions_.empty() || draining_) changed_.notify_all();
}

void server::hand_back(const session& one) { poller_of(one.id).hand_back(one.id); }

void server::hand_over(const session_ptr& one, std::function<void()> task) {
  if (workers_->run(std::move(task))) return;
  // As many threads as connections: the system has no more.
  metrics_.rejected("no-thread");
  leave(one);
}

void server::end_idle() {
  std::vector<session_ptr> open;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, one] : sessions_) open.push_back(one);
  }
  const auto since = steady_clock::now() - options_.keep_alive_timeout;
  for (const auto& one : open) {
    if (!one->claim()) continue;
    if (one->idle_since < since) {
      metrics_.limit_reached("keep-alive");
      leave(one);
    } else if (!one->release()) {
      hand_back(*one);
    }
  }
}

void server::serve(const session_ptr& one, bool may_wait) {
  const bool own_thread = may_wait;
  try {
    for (;;) {
      switch (serve_request(one, may_wait)) {
        case next::again:
          may_wait = false;  // For the next request a poller can wait as well.
          break;
        case next::idle:
          if (one->late ? closing_ : draining_) return leave(one);
          one->idle_since = steady_clock::now();
          if (one->release()) return;
          break;
        case next::worker:
          one->peer.read_again();
          if (!own_thread) return hand_over(one, [this, one] { serve(one, true); });
          may_wait = true;
          break;
        case next::elsewhere:
          return;
        case next::end:
          return leave(one);
      }
    }
  } catch (const std::exception&) {  // Out of memory: this connection ends, the others go on.
    leave(one);
  }
}

server::next server::serve_request(const session_ptr& one, bool may_wait) {
  using reading = connection::reading;
  auto& peer = one->peer;
  const auto patience = [&](std::size_t bytes) {
    return may_wait ? deadline_for(options_.read_timeout, bytes) : connection::at_once;
  };
  const auto read = peer.read_head(one->head_text, options_.max_header_bytes, patience(0));
  if (!may_wait && read == reading::late && !peer.has_input()) return next::idle;
  if (read == reading::ended) return next::end;
  count_in_flight(*one, true);
  if (!may_wait && read != reading::done) return next::worker;
  switch (read) {
    case reading::late:
      return refuse(*one,
                    {408, "request-timeout", "the request did not arrive in time", "read-timeout"},
                    nullptr);
    case reading::malformed:
      return refuse(*one, {400, "malformed", "lines of a request must end with CR LF"}, nullptr);
    case reading::too_long:
      return refuse(*one,
                    {431, "headers-too-large",
                     "request line and headers are larger than " +
                         std::to_string(options_.max_header_bytes) + " bytes",
                     "max-header-bytes"},
                    nullptr);
    default:
      break;
  }
  one->began = steady_clock::now();
  one->found = nullptr;
  auto parsed = parse_head(one->head_text, {.max_fields = options_.max_header_count,
                                            .max_target = options_.max_target,
                                            .max_body = options_.max_body});
  if (const auto* refused = std::get_if<refusal>(&parsed)) {
    return may_wait ? refuse(*one, *refused, nullptr) : next::worker;
  }
  one->head = std::move(std::get<request_head>(parsed));
  const auto& head = one->head;

  if (head.expects_continue && head.content_length > 0) {
    if (!may_wait) return next::worker;
    std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    std::string_view nothing;
    if (peer.send(go_on, nothing, deadline_for(options_.write_timeout)) != reading::done)
      return next::end;
  }
  std::string_view body;
  const auto length = static_cast<std::size_t>(head.content_length);
  switch (peer.read_body(body, length, patience(length))) {
    case reading::done:
      break;
    case reading::late:
      if (!may_wait) return next::worker;
      return refuse(
          *one, {408, "request-timeout", "the body did not arrive in time", "read-timeout"}, &head);
    default:
      return next::end;
  }

  if (one->late) {
    if (!may_wait) return next::worker;
    return refuse(*one, {503, "draining", "the node is stopping; ask another one", nullptr}, &head);
  }
  one->trace = trace_of(&head);
  if (site_.trace != nullptr) begin_span(*one);
  auto answered = answer(*one, body, may_wait);
  if (!answered) return next::worker;
  if (answered->later) {
    try {
      answered->later([this, one](const reply& outcome) { finish(one, outcome); });
    } catch (const std::exception&) {
      finish(one, internal_error());
    }
    return next::elsewhere;
  }
  if (answered->stream) {
    stream(*one, std::move(*answered));
    return next::end;
  }
  return send(one, *answered, may_wait);
}

void server::finish(const session_ptr& one, const reply& answered) {
  try {
    switch (send(one, answered, false)) {
      case next::elsewhere:
        return;
      case next::again:
        one->idle_since = steady_clock::now();
        // What was read together with the request will not make the socket ready again.
        if (one->peer.has_input() || !one->release()) hand_back(*one);
        return;
      default:
        break;
    }
  } catch (const std::exception&) {  // Out of memory.
  }
  leave(one);
}

server::next server::send(const session_ptr& one, const reply& answered, bool may_wait) {
  make_head(*one, answered, &one->head, one->head.keep_alive && !draining_);
  const bool bodiless = !has_body(answered.status) || one->head.method == "HEAD";
  one->answer_body = bodiless ? std::string() : answered.body;
  one->body_left = one->answer_body;
  return send_rest(one, may_wait);
}

server::next server::send_rest(const session_ptr& one, bool may_wait) {
  using reading = connection::reading;
  const auto sent = one->peer.send(
      one->head_left, one->body_left,
      may_wait ? deadline_for(options_.write_timeout, one->body_left.size()) : connection::at_once);
  if (sent == reading::late && !may_wait) {
    hand_over(one, [this, one] { send_patiently(one); });
    return next::elsewhere;
  }
  if (sent == reading::late) metrics_.limit_reached("write-timeout");
  one->peer.forget_body();
  const auto took = steady_clock::now() - one->began;
  if (took >= options_.deadline) metrics_.limit_reached("deadline");
  metrics_.answered(one->found, one->head.method, one->status, took);
  if (one->traced) end_span(*one, one->status);
  count_in_flight(*one, false);
  return sent == reading::done && one->keep_alive ? next::again : next::end;
}

void server::send_patiently(const session_ptr& one) {
  try {
    if (send_rest(one, true) == next::again) return serve(one, false);
  } catch (const std::exception&) {  // Out of memory.
  }
  leave(one);
}

void server::stream(session& one, reply answered) {
  auto& streams = metrics_.counts().streams;
  streams.fetch_add(1, std::memory_order_relaxed);
  // Set before `draining_` is looked at: `drain` sees the one, or this the other.
  one.streaming = true;
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
  make_head(one, answered, &one.head, false);
  if (one.head.method != "HEAD") one.body_left = answered.body;
  const bool sent =
      one.peer.send(one.head_left, one.body_left, deadline_for(options_.write_timeout)) ==
      connection::reading::done;
  metrics_.answered(one.found, one.head.method, answered.status, steady_clock::now() - one.began);
  if (one.traced) end_span(one, answered.status);
  if (sent && answered.stream && one.head.method != "HEAD") {
    live_stream out(one.peer, {options_.write_timeout, options_.heartbeat, ends_of(one)});
    answered.stream(out);
    if (out.too_slow()) metrics_.limit_reached("write-timeout");
  }
  streams.fetch_sub(1, std::memory_order_relaxed);
}

std::optional<reply> server::answer(session& one, std::string_view body, bool may_wait) {
  try {
    const auto& head = one.head;
    if (auto refused = site_.guard.refuses(head, site_.cors)) return refused;
    if (site_.cors.is_preflight(head)) return site_.cors.answer_preflight(head);
    if (parameter_count(head.target) > options_.max_query_parameters) {
      metrics_.limit_reached("max-query-parameters");
      return problem_reply(
          400, "malformed",
          "more than " + std::to_string(options_.max_query_parameters) + " query parameters");
    }
    const auto where = parse_target(head.target);
    if (!where) return problem_reply(400, "malformed", where.error().message);
    auto match = site_.routes->find(head.method, where->segments);
    request received{head,     *where,    std::move(match.parameters),
                     body,     one.trace, one.peer.from_this_machine(),
                     &one.peer};
    if (!may_wait && match.found != nullptr && match.found->waits(received)) return std::nullopt;
    one.found = match.found;
    auto admitted = site_.admit(head, match.found, may_wait);
    if (std::holds_alternative<ask_again>(admitted)) return std::nullopt;
    if (auto* refused = std::get_if<reply>(&admitted)) {
      if (site_.audit && match.found != nullptr) site_.audit(received, nullptr, *refused);
      return std::move(*refused);
    }
    const auto& let_in = std::get<visitor>(admitted);
    received.who = let_in.who;
    one.until = let_in.until;
    if (auto refused = wrong_body_type(head)) return refused;
    if (match.found == nullptr && match.allowed.empty()) {
      return problem_reply(404, "not-found", "there is nothing at this path");
    }
    if (match.found == nullptr) {
      auto answer = problem_reply(405, "method-not-allowed",
                                  "this path answers to " + match.allowed + " only");
      answer.headers.emplace_back("Allow", std::move(match.allowed));
      return answer;
    }
    auto answer = match.found->handle(received);
    if (answer.status < 200 || answer.status >= 600) return internal_error();
    if (site_.audit) site_.audit(received, &let_in, answer);
    return answer;
  } catch (const std::exception&) {  // Its text is for nobody outside.
  }
  return internal_error();
}

server::next server::refuse(session& one, const refusal& why, const request_head* head) {
  if (why.limit != nullptr) metrics_.limit_reached(why.limit);
  metrics_.refused(why.code, head != nullptr ? head->method : std::string_view(), why.status);
  one.trace = trace_of(head);
  auto answered = problem_reply(why.status, why.code, why.detail);
  if (why.status == 503) answered.headers.emplace_back("Retry-After", "1");
  make_head(one, answered, head, false);
  one.body_left = answered.body;
  const auto sent = one.peer.send(one.head_left, one.body_left,
                                  deadline_for(options_.write_timeout, one.body_left.size()));
  if (sent == connection::reading::late) metrics_.limit_reached("write-timeout");
  if (sent == connection::reading::done) one.peer.say_goodbye();
  return next::end;
}

void server::make_head(session& one, const reply& answered, const request_head* head,
                       bool keep_alive) {
  one.status = answered.status;
  one.keep_alive = keep_alive;
  one.answer_head = reply_head(answered, one.trace.trace_id, head, keep_alive, site_.cors);
  one.head_left = one.answer_head;
  one.body_left = {};
}

monotonic_time server::ends_of(const session& one) const {
  if (!one.until) return monotonic_time::max();
  return model_.time().monotonic() + (*one.until - model_.time().now());
}

trace_context server::trace_of(const request_head* head) {
  if (head != nullptr) {
    if (const auto given = head->find("traceparent")) {
      if (auto place = parse_traceparent(*given))
        return {std::move(place->trace_id), std::string(*given)};
    }
  }
  auto id = model_.ids().next();
  std::erase(id, '-');
  return {std::move(id), ""};
}

void server::begin_span(session& one) {
  auto& made = one.traced;
  made = site_.trace->receive(one.trace.traceparent, one.trace.trace_id, "HTTP request",
                              span_kind::server);
  if (!made) return;
  made->begun = one.began;
  one.trace.traceparent = to_traceparent(made->place);
}

void server::end_span(session& one, int status) {
  auto& made = *one.traced;
  made.note("http.request.method", std::string(one.head.method));
  if (one.found != nullptr) {
    made.name = one.found->method + ' ' + one.found->pattern;
    made.note("http.route", one.found->pattern);
  }
  made.note("url.path", std::string(one.head.target.substr(0, one.head.target.find('?'))));
  made.note("http.response.status_code", status);
  if (status >= 500) made.failure = "answered with " + std::to_string(status);
  site_.trace->end(std::move(one.traced));
}

}  // namespace troupe::http
