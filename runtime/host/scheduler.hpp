#pragma once

#include <caf/all.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace troupe::host {

/// One queue of runnable actors for all of CAF's threads, as CAF's own `work_sharing` has it, with
/// two differences that matter where a command starts an actor and another one goes to rest: a
/// thread is woken after the lock is free, so that it does not run into it, and a job is no
/// allocation.
class job_sharing : public caf::policy::unprofiled {
 public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator* /*owner*/) {}

    std::mutex mutex;
    std::condition_variable filled;
    std::deque<caf::resumable*> jobs;
  };

  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator* /*owner*/) {}
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    auto& shared = d(self);
    {
      const std::lock_guard lock(shared.mutex);
      shared.jobs.push_back(job);
    }
    shared.filled.notify_one();
  }

  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    auto& shared = d(self->parent());
    std::unique_lock lock(shared.mutex);
    shared.filled.wait(lock, [&] { return !shared.jobs.empty(); });
    auto* job = shared.jobs.front();
    shared.jobs.pop_front();
    return job;
  }

  template <class Worker, class Each>
  void foreach_resumable(Worker* /*self*/, Each /*each*/) {}

  template <class Coordinator, class Each>
  void foreach_central_resumable(Coordinator* self, Each each) {
    auto& shared = d(self);
    const std::lock_guard lock(shared.mutex);
    for (auto* job : std::exchange(shared.jobs, {})) each(job);
  }
};

/// CAF's clock, but for actors that end: each tells the clock to forget its timeouts, which wakes
/// the clock's thread for every entity that goes to rest. As long as nobody has set a timeout there
/// is none to forget. (Messages sent with a delay are no timeouts: they are delivered, or dropped
/// when their receiver is gone.)
class clock_of_few_timeouts final : public caf::detail::thread_safe_actor_clock {
 public:
  explicit clock_of_few_timeouts(caf::detail::thread_safe_actor_clock& real) : real_(real) {}

  void set_ordinary_timeout(time_point when, caf::abstract_actor* self, caf::atom_value type,
                            std::uint64_t id) override {
    timeouts_set_ = true;
    real_.set_ordinary_timeout(when, self, type, id);
  }
  void set_request_timeout(time_point when, caf::abstract_actor* self,
                           caf::message_id id) override {
    timeouts_set_ = true;
    real_.set_request_timeout(when, self, id);
  }
  void set_multi_timeout(time_point when, caf::abstract_actor* self, caf::atom_value type,
                         std::uint64_t id) override {
    timeouts_set_ = true;
    real_.set_multi_timeout(when, self, type, id);
  }
  void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override {
    if (timeouts_set_) real_.cancel_ordinary_timeout(self, type);
  }
  void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override {
    if (timeouts_set_) real_.cancel_request_timeout(self, id);
  }
  void cancel_timeouts(caf::abstract_actor* self) override {
    if (timeouts_set_) real_.cancel_timeouts(self);
  }
  void schedule_message(time_point when, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override {
    real_.schedule_message(when, std::move(receiver), std::move(content));
  }
  void schedule_message(time_point when, caf::group target, caf::strong_actor_ptr sender,
                        caf::message content) override {
    real_.schedule_message(when, std::move(target), std::move(sender), std::move(content));
  }
  void cancel_all() override { real_.cancel_all(); }

 private:
  caf::detail::thread_safe_actor_clock& real_;
  std::atomic<bool> timeouts_set_ = false;
};

/// CAF's scheduler with the two of them; loaded into the actor system's configuration.
class scheduler final : public caf::scheduler::coordinator<job_sharing> {
 public:
  static caf::actor_system::module* make(caf::actor_system& system,
                                         caf::detail::type_list<> /*none*/) {
    return new scheduler(system);
  }

  explicit scheduler(caf::actor_system& system)
      : coordinator(system), clock_(coordinator::clock()) {}

  caf::detail::thread_safe_actor_clock& clock() noexcept override { return clock_; }

 private:
  clock_of_few_timeouts clock_;
};

}  // namespace troupe::host
