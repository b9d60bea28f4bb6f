#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace troupe::host {

/// A reply that is always given: calling it answers, and if it is destroyed unanswered (because the
/// actor that held it crashed, or its mailbox was thrown away) it answers with the fallback. Shared
/// by its copies, so that it can travel in a message. Answer it from one thread at a time.
template <class T>
class one_shot {
 public:
  using receiver = std::function<void(T)>;

  one_shot(receiver receive, T fallback)
      : pending_(std::make_shared<pending>(std::move(receive), std::move(fallback))) {}

  void operator()(T value) const { pending_->answer(std::move(value)); }

 private:
  struct pending {
    pending(receiver to, T otherwise) : receive(std::move(to)), fallback(std::move(otherwise)) {}
    pending(const pending&) = delete;
    pending& operator=(const pending&) = delete;
    ~pending() { answer(std::move(fallback)); }

    void answer(T value) {
      if (auto to = std::exchange(receive, nullptr)) to(std::move(value));
    }

    receiver receive;
    T fallback;
  };

  std::shared_ptr<pending> pending_;
};

}  // namespace troupe::host
