// pch.hpp for test executables.
#pragma once

#include "__infra__/cmake/pch.hpp"

#include <boost/test/unit_test.hpp>
