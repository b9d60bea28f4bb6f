# Third parties, each as one imported target; imported targets' headers are SYSTEM.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS unit_test_framework)
find_package(rapidcheck REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(valijson REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CAF REQUIRED)

# troupe_pkg(TARGET name MODULE pkg-config-module): libraries known to pkg-config only, or best known to it.
function(troupe_pkg)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;MODULE" "")
  pkg_check_modules(${arg_MODULE} REQUIRED IMPORTED_TARGET ${arg_MODULE})
  # A -pthread of their own would set a macro that the precompiled header was built without.
  get_target_property(flags PkgConfig::${arg_MODULE} INTERFACE_COMPILE_OPTIONS)
  if(flags)
    list(REMOVE_ITEM flags -pthread)
    set_target_properties(PkgConfig::${arg_MODULE} PROPERTIES INTERFACE_COMPILE_OPTIONS "${flags}")
  endif()
  add_library(${arg_TARGET} INTERFACE IMPORTED GLOBAL)
  target_link_libraries(${arg_TARGET} INTERFACE PkgConfig::${arg_MODULE} Threads::Threads)
endfunction()

# The distribution's cpp-httplib is compiled: its own macros must be in force wherever the header is included.
troupe_pkg(TARGET httplib::httplib MODULE cpp-httplib)
troupe_pkg(TARGET re2::re2 MODULE re2)
troupe_pkg(TARGET prometheus-cpp::core MODULE prometheus-cpp-core)
troupe_pkg(TARGET jemalloc::jemalloc MODULE jemalloc)
troupe_pkg(TARGET libpqxx::pqxx MODULE libpqxx)
# The distribution's CMake package of the NATS client names a static library that it does not ship.
troupe_pkg(TARGET nats::nats MODULE libnats)
