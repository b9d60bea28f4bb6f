#include "runtime/core/notifier.hpp"

#include <utility>

namespace troupe {

class notifier::registration final : public watch {
 public:
  registration(std::shared_ptr<listeners> all, std::function<void()> changed)
      : all_(std::move(all)) {
    const std::lock_guard lock(all_->mutex);
    all_->callbacks.emplace(this, std::move(changed));
  }
  ~registration() override {
    const std::lock_guard lock(all_->mutex);
    all_->callbacks.erase(this);
  }
  registration(const registration&) = delete;
  registration& operator=(const registration&) = delete;

 private:
  std::shared_ptr<listeners> all_;
};

std::unique_ptr<watch> notifier::listen(std::function<void()> changed) const {
  return std::make_unique<registration>(listeners_, std::move(changed));
}

void notifier::notify() const {
  const std::lock_guard lock(listeners_->mutex);
  for (const auto& [one, call] : listeners_->callbacks) call();
}

}  // namespace troupe
