#include "runtime/host/failure.hpp"

namespace troupe::host {

actor_failure failure_of(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const traced_failure& known) {
    return {known.what(), known.trace_id()};
  } catch (const std::exception& known) {
    return {known.what(), ""};
  } catch (...) {
    return {"an exception of unknown type", ""};
  }
}

}  // namespace troupe::host
