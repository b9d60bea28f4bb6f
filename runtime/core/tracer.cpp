#include "runtime/core/tracer.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace troupe {
namespace {

/// The rightmost 56 bits of a trace id are random (Trace Context, level 2, section 4.3).
constexpr std::size_t random_digits = 14;
constexpr double random_numbers = 0x1p56;

/// Longer texts are cut, so that waiting spans take no more room than their number says.
constexpr std::size_t longest_text = 1'024;

void cut(std::string& text) {
  if (text.size() > longest_text) text.resize(longest_text);
}

/// Whether something on this side is at fault, so that nothing is known to be stored.
bool is_fault(outcome_status status) {
  switch (status) {
    case outcome_status::conflict:
    case outcome_status::overloaded:
    case outcome_status::unavailable:
    case outcome_status::failed:
    case outcome_status::in_doubt:
      return true;
    default:
      return false;
  }
}

void note_outcome(span& one, const command_outcome& outcome) {
  one.note("troupe.outcome", to_string(outcome.status));
  if (!outcome.code.empty()) one.note("troupe.code", outcome.code);
  if (outcome.status == outcome_status::accepted) {
    one.note("troupe.version", static_cast<std::int64_t>(outcome.version));
    one.note("troupe.events", static_cast<std::int64_t>(outcome.events.size()));
  }
  if (is_fault(outcome.status))
    one.failure = outcome.detail.empty() ? to_string(outcome.status) : outcome.detail;
}

}  // namespace

tracer::tracer(const clock& time, id_source& ids, double ratio, std::size_t most,
               std::function<void()> dropped)
    : clock_(time), ids_(ids), ratio_(ratio), most_(most), dropped_(std::move(dropped)) {}

std::unique_ptr<span> tracer::make(std::string trace_id, std::string parent, std::string name,
                                   span_kind kind) const {
  auto made = std::make_unique<span>();
  // Of a UUID's second half all bits but two are random.
  auto id = ids_.next();
  std::erase(id, '-');
  made->place = {std::move(trace_id), id.substr(id.size() - std::min<std::size_t>(id.size(), 16)),
                 true};
  made->parent = std::move(parent);
  made->name = std::move(name);
  made->kind = kind;
  made->begun = clock_.monotonic();
  return made;
}

bool tracer::samples(const std::string& w3c_id) const {
  if (ratio_ >= 1) return true;
  std::uint64_t number = 0;
  const char* end = w3c_id.data() + w3c_id.size();
  std::from_chars(end - random_digits, end, number, 16);
  return static_cast<double>(number) < ratio_ * random_numbers;
}

std::unique_ptr<span> tracer::receive(const std::string& traceparent, const std::string& trace_id,
                                      std::string name, span_kind kind) const {
  if (!traceparent.empty()) return begin(traceparent, std::move(name), kind);
  auto id = w3c_trace_id(trace_id);
  if (!samples(id)) return nullptr;
  return make(std::move(id), "", std::move(name), kind);
}

std::unique_ptr<span> tracer::begin(const std::string& traceparent, std::string name,
                                    span_kind kind) const {
  auto above = parse_traceparent(traceparent);
  if (!above || !above->sampled) return nullptr;
  return make(std::move(above->trace_id), std::move(above->span_id), std::move(name), kind);
}

void tracer::end(std::unique_ptr<span> one) {
  one->ended = clock_.monotonic();
  for (auto& [key, value] : one->attributes) {
    if (auto* text = std::get_if<std::string>(&value)) cut(*text);
  }
  if (one->failure) cut(*one->failure);
  {
    const std::lock_guard lock(mutex_);
    if (ended_.size() < most_) {
      ended_.push_back(std::move(*one));
      if (ended_.size() == 1 || ended_.size() == wanted_) changed_.notify_all();
      return;
    }
  }
  dropped_();
}

std::vector<span> tracer::take(std::size_t most, std::chrono::milliseconds patience,
                               const std::stop_token& stopping) {
  std::unique_lock lock(mutex_);
  wanted_ = std::min(most, most_);
  if (!changed_.wait(lock, stopping, [this] { return !ended_.empty(); })) return {};
  changed_.wait_for(lock, stopping, patience, [this] { return ended_.size() >= wanted_; });
  if (stopping.stop_requested()) return {};
  return take_locked(most);
}

std::vector<span> tracer::take(std::size_t most) {
  const std::lock_guard lock(mutex_);
  return take_locked(most);
}

std::vector<span> tracer::take_locked(std::size_t most) {
  const auto end = ended_.begin() + static_cast<std::ptrdiff_t>(std::min(most, ended_.size()));
  std::vector<span> taken(std::make_move_iterator(ended_.begin()), std::make_move_iterator(end));
  ended_.erase(ended_.begin(), end);
  return taken;
}

std::size_t tracer::waiting() const {
  const std::lock_guard lock(mutex_);
  return ended_.size();
}

completion traced(tracer& by, std::unique_ptr<span> one, command_context& context,
                  completion done) {
  if (!one) return done;
  context.traceparent = to_traceparent(one->place);
  // A completion can be copied, but is called once.
  return [&by, shared = std::shared_ptr<span>(std::move(one)),
          done = std::move(done)](command_outcome outcome) {
    note_outcome(*shared, outcome);
    by.end(std::make_unique<span>(std::move(*shared)));
    done(std::move(outcome));
  };
}

completion traced_request(tracer* by, command_request& request, const char* what, span_kind kind,
                          completion done) {
  if (by == nullptr) return done;
  auto& context = request.context;
  auto made = by->receive(context.traceparent, context.trace_id, what + request.category, kind);
  if (!made) return done;
  note_command(*made, request.category, request.id, request.type, context.command_id);
  return traced(*by, std::move(made), context, std::move(done));
}

void note_command(span& one, const std::string& category, const std::string& entity,
                  const std::string& type, const std::string& command_id) {
  one.note("troupe.command", type);
  one.note("troupe.category", category);
  if (!entity.empty()) one.note("troupe.entity", entity);
  one.note("troupe.command_id", command_id);
}

}  // namespace troupe
