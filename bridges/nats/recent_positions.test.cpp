#include "bridges/nats/recent_positions.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace troupe::nats {
namespace {

using place_list = std::vector<position_t>;

recorded_commit at(position_t position, std::size_t bytes = 10) {
  recorded_commit made;
  made.position = position;
  made.data.body.assign(bytes, 'x');
  return made;
}

/// The events from `first` to `last`, and the positions of which nothing is known.
std::pair<place_list, place_list> seen(const recent_positions& recent, position_t first,
                                       position_t last) {
  std::pair<place_list, place_list> found;
  for (const auto& one : recent.events(first, last, found.second))
    found.first.push_back(one.position);
  return found;
}

BOOST_AUTO_TEST_SUITE(recent_position)

BOOST_AUTO_TEST_CASE(commands_are_known_not_to_be_events_and_the_rest_is_unknown) {
  recent_positions recent;
  recent.add(2, at(2));
  recent.add(3, std::nullopt);
  recent.add(5, at(5));
  BOOST_TEST((seen(recent, 1, 6) == std::pair(place_list{2, 5}, place_list{1, 4, 6})));
  BOOST_TEST((seen(recent, 3, 3) == std::pair(place_list{}, place_list{})));
  recent.add(4, at(4));
  BOOST_TEST((seen(recent, 2, 5) == std::pair(place_list{2, 4, 5}, place_list{})));
}

BOOST_AUTO_TEST_CASE(the_oldest_go_when_there_are_too_many) {
  recent_positions recent;
  for (position_t position = 2; position <= recent_positions::most + 1; ++position)
    recent.add(position, at(position));
  recent.add(1, at(1));
  BOOST_TEST(seen(recent, 1, 1).first.empty());
  recent.add(recent_positions::most + 2, std::nullopt);
  BOOST_TEST(seen(recent, 2, 3).second == place_list{2});
}

BOOST_AUTO_TEST_CASE(large_ones_make_room_by_their_bytes) {
  recent_positions recent;
  constexpr std::size_t half = std::size_t{4} << 20U;
  recent.add(1, at(1, half));
  recent.add(2, at(2, half));
  recent.add(2, at(2, half));
  BOOST_TEST((seen(recent, 1, 2).first == place_list{1, 2}));
  recent.add(3, at(3, half));
  BOOST_TEST((seen(recent, 1, 3) == std::pair(place_list{2, 3}, place_list{1})));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::nats
