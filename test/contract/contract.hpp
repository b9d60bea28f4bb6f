#pragma once

#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>
#include <vector>

namespace troupe::contract {

/// One promise of a port: a sentence, and the check that fails when an adapter breaks it.
template <class Subject>
struct promise {
  const char* sentence;
  std::function<void(Subject&)> check;
};

/// Registers one test per promise under the adapter's name, each with a subject of its own. Meant
/// for a constant at namespace scope of a *.test.cpp.
template <class Subject, class Make>
bool instantiate(const char* adapter, const Make& make,
                 const std::vector<promise<Subject>>& promises) {
  auto* suite = BOOST_TEST_SUITE(adapter);
  for (const auto& one : promises) {
    const auto run = [make, check = one.check] {
      auto subject = make();
      check(*subject);
    };
    suite->add(boost::unit_test::make_test_case(run, one.sentence, __FILE__, __LINE__));
  }
  boost::unit_test::framework::master_test_suite().add(suite);
  return true;
}

/// The value of a result that a test relies on.
template <class Result>
auto must(Result&& result) {
  if (!result) BOOST_FAIL(result.error().message);
  if constexpr (!std::is_void_v<typename std::remove_cvref_t<Result>::value_type>) {
    return std::forward<Result>(result).value();
  }
}

}  // namespace troupe::contract
