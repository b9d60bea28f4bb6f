#include "bridges/nats/nats_message_bus.hpp"

#include <charconv>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "bridges/nats/names.hpp"

namespace troupe::nats {
namespace {

/// A subscription whose messages are taken on a thread of the library; ended by the destructor. Not
/// by `natsSubscription_NextMsg`: that hides which question the broker says nobody listens to.
class subscription final : public watch {
 public:
  using taker = std::function<void(natsMsg&)>;

  static result<std::unique_ptr<subscription>> open(const connection& broker,
                                                    const std::string& subject, taker take) {
    auto made = std::make_unique<subscription>(std::move(take));
    natsSubscription* begun = nullptr;
    const auto status =
        natsConnection_Subscribe(&begun, broker.native(), subject.c_str(), on_message, made.get());
    if (status != NATS_OK) return failure_of(status, "subscribing to " + subject);
    made->messages_.reset(begun);
    // A connection that is closed by now has ended it already.
    made->ended_ = natsSubscription_SetOnCompleteCB(begun, on_end, made.get()) != NATS_OK;
    // What is asked and told is bounded where it is sent, and dropping some would cost its senders
    // their deadline.
    natsSubscription_SetPendingLimits(begun, -1, -1);
    return made;
  }

  explicit subscription(taker take) : take_(std::move(take)) {}
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;
  ~subscription() override {
    if (!messages_) return;
    natsSubscription_Unsubscribe(messages_.get());
    std::unique_lock lock(mutex_);
    change_.wait(lock, [this] { return ended_; });
  }

 private:
  static void on_message(natsConnection*, natsSubscription*, natsMsg* received, void* self) {
    const message_ptr owned(received);
    static_cast<subscription*>(self)->take_(*owned);
  }
  static void on_end(void* self) {
    auto& own = *static_cast<subscription*>(self);
    const std::lock_guard lock(own.mutex_);
    own.ended_ = true;
    own.change_.notify_all();
  }

  const taker take_;
  std::mutex mutex_;
  std::condition_variable change_;
  bool ended_ = false;
  subscription_ptr messages_;
};

class nats_message_bus final : public message_bus {
 public:
  nats_message_bus(std::shared_ptr<connection> broker, const std::string& cluster,
                   std::string inbox)
      : broker_(std::move(broker)), names_(cluster), inbox_(std::move(inbox)) {}
  nats_message_bus(const nats_message_bus&) = delete;
  nats_message_bus& operator=(const nats_message_bus&) = delete;

  ~nats_message_bus() override {
    answers_.reset();
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      turn_.notify_all();
    }
    if (timer_.joinable()) timer_.join();
    for (auto& [number, one] : std::exchange(open_, {}))
      one.done(error{errc::in_doubt, "the node is stopping"});
  }

  result<void> open() {
    auto answers = subscription::open(*broker_, inbox_ + ".*",
                                      [this](natsMsg& received) { take_answer(received); });
    if (!answers) return answers.error();
    answers_ = std::move(*answers);
    timer_ = std::thread([this] { watch_deadlines(); });
    return {};
  }

  result<std::unique_ptr<watch>> listen(const std::string& topic, listener heard) override {
    // An answer may be given after the watch has ended, and so may need the connection.
    auto take = [broker = broker_, heard = std::move(heard)](natsMsg& received) {
      message said{std::string(body_of(received)), nullptr};
      if (const char* reply = natsMsg_GetReply(&received); reply != nullptr && *reply != '\0') {
        said.answer = [broker, to = std::string(reply)](const std::string& body) {
          natsConnection_Publish(broker->native(), to.c_str(), body.data(),
                                 static_cast<int>(body.size()));
        };
      }
      heard(std::move(said));
    };
    auto made = subscription::open(*broker_, names_.between_nodes(topic), std::move(take));
    if (!made) return made.error();
    return std::unique_ptr<watch>(std::move(*made));
  }

  result<void> tell(const std::string& topic, const std::string& body) override {
    if (auto connected = broker_->connected(); !connected) return connected;
    const auto subject = names_.between_nodes(topic);
    const auto status = natsConnection_Publish(broker_->native(), subject.c_str(), body.data(),
                                               static_cast<int>(body.size()));
    if (status != NATS_OK) return failure_of(status, "telling " + subject);
    return {};
  }

  void ask(const std::string& topic, const std::string& body, monotonic_time deadline,
           answered done) override {
    if (auto connected = broker_->connected(); !connected) {
      done(error{errc::unavailable, connected.error().message});
      return;
    }
    std::uint64_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = ++next_;
      open_.emplace(number, question{deadline, std::move(done)});
      const auto at = deadlines_.emplace(deadline, number);
      if (at == deadlines_.begin()) turn_.notify_all();
    }
    const auto reply = inbox_ + '.' + std::to_string(number);
    const auto subject = names_.between_nodes(topic);
    const auto status =
        natsConnection_PublishRequest(broker_->native(), subject.c_str(), reply.c_str(),
                                      body.data(), static_cast<int>(body.size()));
    if (status == NATS_OK) return;
    // Others than these may have put it into the library's buffer before they failed.
    const bool sent = status != NATS_INSUFFICIENT_BUFFER && status != NATS_MAX_PAYLOAD &&
                      status != NATS_CONNECTION_CLOSED && status != NATS_INVALID_SUBJECT;
    if (!sent) settle(number, error{errc::unavailable, failure_of(status, "asking").message});
  }

 private:
  struct question {
    monotonic_time deadline;
    answered done;
  };

  void take_answer(const natsMsg& received) {
    const auto subject = subject_of(received).substr(inbox_.size() + 1);
    std::uint64_t number = 0;
    std::from_chars(subject.data(), subject.data() + subject.size(), number);
    if (status_of(received) == no_responders) {
      settle(number, error{errc::not_found, "nobody listens"});
    } else {
      settle(number, std::string(body_of(received)));
    }
  }

  void settle(std::uint64_t number, result<std::string> with) {
    answered done;
    {
      const std::lock_guard lock(mutex_);
      auto found = open_.extract(number);
      if (!found) return;
      const auto [first, last] = deadlines_.equal_range(found.mapped().deadline);
      for (auto at = first; at != last; ++at) {
        if (at->second != number) continue;
        deadlines_.erase(at);
        break;
      }
      done = std::move(found.mapped().done);
    }
    done(std::move(with));
  }

  void watch_deadlines() {
    std::unique_lock lock(mutex_);
    while (!over_) {
      if (deadlines_.empty()) {
        turn_.wait(lock);
        continue;
      }
      const auto [deadline, number] = *deadlines_.begin();
      if (std::chrono::steady_clock::now() < deadline) {
        turn_.wait_until(lock, deadline);
        continue;
      }
      lock.unlock();
      settle(number, error{errc::in_doubt, "no answer in time"});
      lock.lock();
    }
  }

  const std::shared_ptr<connection> broker_;
  const names names_;
  const std::string inbox_;
  std::mutex mutex_;
  std::condition_variable turn_;
  std::map<std::uint64_t, question> open_;
  std::multimap<monotonic_time, std::uint64_t> deadlines_;  ///< Of the open questions.
  std::uint64_t next_ = 0;
  bool over_ = false;
  std::unique_ptr<subscription> answers_;
  std::thread timer_;
};

}  // namespace

result<std::shared_ptr<message_bus>> open_message_bus(std::shared_ptr<connection> broker,
                                                      const std::string& cluster) {
  natsInbox* inbox = nullptr;
  if (const auto status = natsInbox_Create(&inbox); status != NATS_OK) {
    return failure_of(status, "an inbox for answers");
  }
  const std::string own = inbox;
  natsInbox_Destroy(inbox);
  auto made = std::make_shared<nats_message_bus>(std::move(broker), cluster, own);
  if (auto opened = made->open(); !opened) return opened.error();
  return std::shared_ptr<message_bus>(std::move(made));
}

}  // namespace troupe::nats
