#pragma once

#include <memory>
#include <string>
#include <thread>

#include "bridges/nats/connection.hpp"
#include "bridges/nats/names.hpp"
#include "runtime/core/event_log.hpp"

namespace troupe::nats {

/// What nodes tell each other after a flush: that a category has grown, up to this position. `own`
/// is the teller's unique name, so that it does not listen to itself.
void tell_growth(const connection& broker, const names& called, const std::string& own,
                 const std::string& category, position_t head);

/// Listens for what the others tell. A lost message costs a second at most, since subscribers also
/// look by themselves.
class growth_watch {
 public:
  growth_watch(std::shared_ptr<connection> broker, const names& called, std::string own,
               event_log::on_growth grown);
  growth_watch(const growth_watch&) = delete;
  growth_watch& operator=(const growth_watch&) = delete;
  /// After this nobody is told any more.
  ~growth_watch();

 private:
  void listen();

  const std::shared_ptr<connection> broker_;
  const std::string before_category_;
  const std::string own_;
  const event_log::on_growth grown_;
  subscription_ptr heard_;
  std::thread listener_;
};

}  // namespace troupe::nats
