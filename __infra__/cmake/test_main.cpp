// The main() of every test executable (BOOST_TEST_DYN_LINK is set by the build).
#define BOOST_TEST_MODULE troupe
#include <boost/test/unit_test.hpp>
