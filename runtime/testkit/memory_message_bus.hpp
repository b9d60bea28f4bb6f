#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/core/message_bus.hpp"

namespace troupe::testkit {

/// A bus within one process: one thread delivers everything, in order. A question that its listener
/// does not answer stays open until its deadline.
class memory_message_bus final : public message_bus {
 public:
  memory_message_bus() : courier_([this] { deliver(); }) {}
  memory_message_bus(const memory_message_bus&) = delete;
  memory_message_bus& operator=(const memory_message_bus&) = delete;
  ~memory_message_bus() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    some_.notify_all();
    courier_.join();
    expire(monotonic_time::max());
  }

  result<std::unique_ptr<watch>> listen(const std::string& topic, listener heard) override {
    const std::lock_guard lock(hearing_);
    const auto number = ++next_;
    ears_[number] = {topic, std::move(heard)};
    return std::unique_ptr<watch>(std::make_unique<registration>(*this, number));
  }

  result<void> tell(const std::string& topic, const std::string& body) override {
    if (!post([this, topic, body] { hand_on(topic, {body, nullptr}, false); }))
      return error{errc::unavailable, "the bus is away"};
    return {};
  }

  void ask(const std::string& topic, const std::string& body, monotonic_time deadline,
           answered done) override {
    auto open = std::make_shared<question>();
    open->deadline = deadline;
    open->done = std::move(done);
    {
      const std::lock_guard lock(mutex_);
      open_.push_back(open);
    }
    const bool sent = post([this, topic, body, open] {
      auto answer = [open](const std::string& text) { open->settle(text); };
      if (!hand_on(topic, {body, std::move(answer)}, true))
        open->settle(error{errc::not_found, "nobody listens"});
    });
    if (!sent) open->settle(error{errc::unavailable, "the bus is away"});
  }

  /// Nothing is sent while it is not.
  void set_connected(bool yes) {
    const std::lock_guard lock(mutex_);
    connected_ = yes;
  }

 private:
  struct question {
    std::mutex mutex;
    monotonic_time deadline;
    answered done;
    void settle(result<std::string> with) {
      answered told;
      {
        const std::lock_guard lock(mutex);
        told = std::exchange(done, nullptr);
      }
      if (told) told(std::move(with));
    }
  };

  class registration final : public watch {
   public:
    registration(memory_message_bus& bus, std::uint64_t number) : bus_(bus), number_(number) {}
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;
    ~registration() override {
      const std::lock_guard lock(bus_.hearing_);
      bus_.ears_.erase(number_);
    }

   private:
    memory_message_bus& bus_;
    std::uint64_t number_;
  };

  bool post(std::function<void()> parcel) {
    const std::lock_guard lock(mutex_);
    if (!connected_) return false;
    parcels_.push_back(std::move(parcel));
    some_.notify_all();
    return true;
  }

  void deliver() {
    std::unique_lock lock(mutex_);
    while (!over_) {
      some_.wait_for(lock, std::chrono::milliseconds(5),
                     [this] { return over_ || !parcels_.empty(); });
      auto parcels = std::exchange(parcels_, {});
      lock.unlock();
      for (const auto& one : parcels) one();
      expire(std::chrono::steady_clock::now());
      lock.lock();
    }
  }

  /// False if nobody listens.
  bool hand_on(const std::string& topic, const message& said, bool to_one) {
    const std::lock_guard lock(hearing_);
    std::vector<listener> hearers;
    for (const auto& [number, ear] : ears_) {
      if (ear.first == topic) hearers.push_back(ear.second);
    }
    if (to_one && hearers.size() > 1) hearers.resize(1);
    for (const auto& one : hearers) one(said);
    return !hearers.empty();
  }

  void expire(monotonic_time now) {
    std::vector<std::shared_ptr<question>> late;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(open_, [&](const auto& one) {
        if (one->deadline > now) return false;
        late.push_back(one);
        return true;
      });
    }
    for (const auto& one : late) one->settle(error{errc::in_doubt, "no answer in time"});
  }

  std::recursive_mutex hearing_;  ///< Held while something is heard.
  std::map<std::uint64_t, std::pair<std::string, listener>> ears_;
  std::uint64_t next_ = 0;
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<std::function<void()>> parcels_;
  std::vector<std::shared_ptr<question>> open_;
  bool connected_ = true;
  bool over_ = false;
  std::thread courier_;
};

}  // namespace troupe::testkit
