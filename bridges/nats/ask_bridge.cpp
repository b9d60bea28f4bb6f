#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "bridges/nats/channels.hpp"
#include "bridges/nats/names.hpp"
#include "bridges/nats/under_way.hpp"

namespace troupe::nats {
namespace {

/// The listener is woken by requests and by the end of its subscription.
constexpr std::int64_t an_hour = 3'600'000;
/// For requests that the broker has sent to this node already.
constexpr std::int64_t longest_drain_milliseconds = 2'000;

/// What the subject of a request names.
struct asked {
  std::string category;
  std::string entity;
  std::string type;  ///< "" for an envelope.
};

/// The part of the subject behind "troupe.ask.".
std::optional<asked> parse_subject(std::string_view rest) {
  const auto first = rest.find('.');
  if (first == std::string_view::npos) return asked{std::string(rest), "", ""};
  const auto second = rest.find('.', first + 1);
  if (second == std::string_view::npos || rest.find('.', second + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return asked{std::string(rest.substr(0, first)),
               std::string(rest.substr(first + 1, second - first - 1)),
               std::string(rest.substr(second + 1))};
}

/// The connection as long as answers may be sent; shared with completions, which may come late.
class answers {
 public:
  explicit answers(std::shared_ptr<connection> broker) : broker_(std::move(broker)) {}

  void send(const std::string& to, const command_outcome& outcome) {
    const auto body = to_message(outcome);
    natsConnection_Publish(broker_->native(), to.c_str(), body.data(),
                           static_cast<int>(body.size()));
  }

  under_way pending;

 private:
  const std::shared_ptr<connection> broker_;
};

class ask_bridge final : public bridge {
 public:
  ask_bridge(std::shared_ptr<connection> broker, application& app, const clock& time,
             id_source& ids, channel_options options)
      : broker_(std::move(broker)),
        app_(app),
        options_(std::move(options)),
        subject_(options_.cluster + ".ask."),
        intake_(time, ids, options_.intake) {}
  ~ask_bridge() override { stop(); }

  [[nodiscard]] const std::string& name() const override {
    static const std::string own = "nats-ask";
    return own;
  }

  result<void> start(on_failure failed) override {
    stop();
    const std::lock_guard lock(mutex_);
    natsSubscription* made = nullptr;
    const auto status = natsConnection_QueueSubscribeSync(
        &made, broker_->native(), (subject_ + '>').c_str(), options_.cluster.c_str());
    if (status != NATS_OK) return failure_of(status, "subscribing to " + subject_ + '>');
    requests_.reset(made);
    answers_ = std::make_shared<answers>(broker_);
    done_ = false;
    listener_ = std::thread([this, failed = std::move(failed)] { listen(failed); });
    return {};
  }

  void drain() override {
    end_listening(true);
    answers_->pending.await_none();
  }

  void stop() override {
    answers_->pending.give_up();
    end_listening(false);
  }

  [[nodiscard]] json describe() const override {
    return {{"subject", subject_ + '>'},
            {"queue", options_.cluster},
            {"inFlight", answers_->pending.count()},
            {"asked", asked_.load()}};
  }

 private:
  /// `take_rest`: not before what the broker has sent already is taken.
  void end_listening(bool take_rest) {
    const std::lock_guard lock(mutex_);
    if (!requests_) return;
    done_ = true;
    const bool draining =
        take_rest && broker_->connected() &&
        natsSubscription_DrainTimeout(requests_.get(), longest_drain_milliseconds) == NATS_OK;
    if (!draining) natsSubscription_Unsubscribe(requests_.get());
    listener_.join();
    requests_.reset();
  }

  void listen(const on_failure& failed) {
    for (;;) {
      natsMsg* received = nullptr;
      const auto status = natsSubscription_NextMsg(&received, requests_.get(), an_hour);
      if (status == NATS_OK) {
        const message_ptr owned(received);
        take(*owned);
      } else if (status != NATS_TIMEOUT && status != NATS_SLOW_CONSUMER) {
        if (!done_) failed(failure_of(status, "requests on " + subject_ + '>').message);
        return;
      }
    }
  }

  void take(natsMsg& message) {
    ++asked_;
    const char* reply = natsMsg_GetReply(&message);
    const std::string reply_to = reply == nullptr ? "" : reply;
    auto read = read_request(message);
    if (auto* refused = std::get_if<command_outcome>(&read)) {
      if (!reply_to.empty()) answers_->send(reply_to, *refused);
      return;
    }
    answers_->pending.begin();
    auto& request = std::get<command_request>(read);
    auto done = traced_request(options_.trace, request, "ask ", span_kind::server,
                               [answers = answers_, reply_to](const command_outcome& outcome) {
                                 if (!reply_to.empty()) answers->send(reply_to, outcome);
                                 answers->pending.end();
                               });
    app_.submit(std::move(request), std::move(done));
  }

  [[nodiscard]] intake read_request(const natsMsg& message) const {
    const auto asked = parse_subject(subject_of(message).substr(subject_.size()));
    if (!asked || std::ranges::count(options_.categories, asked->category) == 0) {
      command_outcome unknown;
      unknown.status = outcome_status::not_found;
      unknown.code = "unknown-subject";
      unknown.detail = "ask " + subject_ + "{category}.{id}.{Command} or " + subject_ +
                       "{category}; this node has no such category";
      return unknown;
    }
    const auto traceparent = header_of(message, "traceparent").value_or("");
    if (asked->type.empty())
      return intake_.from_envelope(asked->category, "", body_of(message), traceparent);
    const auto id = header_of(message, "Troupe-Command-Id").value_or("");
    return intake_.from_data(asked->category, asked->entity, asked->type, std::string(id),
                             body_of(message), traceparent);
  }

  const std::shared_ptr<connection> broker_;
  application& app_;
  const channel_options options_;
  const std::string subject_;
  const command_intake intake_;
  std::shared_ptr<answers> answers_ = std::make_shared<answers>(broker_);
  std::mutex mutex_;
  subscription_ptr requests_;
  std::atomic<bool> done_ = true;
  std::atomic<std::uint64_t> asked_ = 0;
  std::thread listener_;
};

}  // namespace

std::shared_ptr<bridge> make_ask_bridge(std::shared_ptr<connection> broker, application& app,
                                        const clock& time, id_source& ids,
                                        channel_options options) {
  return std::make_shared<ask_bridge>(std::move(broker), app, time, ids, std::move(options));
}

}  // namespace troupe::nats
