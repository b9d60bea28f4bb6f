# The few functions the folders' CMakeLists.txt are made of.
#
#   troupe_module(NAME name [FOLDER folder] [DEPENDS public...] [PRIVATE private...] [TEST_DEPENDS more...]
#                 [DEFINE macro...] [TIMEOUT seconds] [GENERATED])
#       Library from the folder's *.cpp (header-only or still empty: an INTERFACE library), <name>_test from its
#       *.test.cpp, <name>_<stem>_fuzz (or, without
#       TROUPE_FUZZ, <name>_<stem>_seeds) from each x.fuzz.cpp, <name>_<stem>_bench from each x.bench.cpp.
#   troupe_test(NAME name SOURCES file... [DEPENDS library...] [TIMEOUT seconds])
#   troupe_embed_files(TARGET module HEADER path SYMBOL ns::function FILES glob...)
#       Text of the files inside the binary: std::vector<std::pair<std::string, std::string>> of name and text.
#   troupe_compile_failure(NAME name FILE file EXPECT regex)    the file must not compile, and must say why
#   troupe_compile_success(NAME name FILE file)                 the control
#   troupe_link_all(target)    links every module so far

set(TROUPE_GENERATED_DIR ${PROJECT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${TROUPE_GENERATED_DIR})

# Include roots: the repository, then what the build generates.
function(troupe_target target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${TROUPE_GENERATED_DIR})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
endfunction()

function(troupe_reuse_pch target owner)
  if(TROUPE_PCH)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

function(troupe_unity target)
  if(TROUPE_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

add_library(troupe_test_main OBJECT ${PROJECT_SOURCE_DIR}/__infra__/cmake/test_main.cpp)
target_compile_definitions(troupe_test_main PUBLIC BOOST_TEST_DYN_LINK)
target_link_libraries(troupe_test_main PUBLIC Boost::unit_test_framework)
troupe_target(troupe_test_main)

# Tests are compiled with -O1: a third less to wait for, and the code under test keeps its own level. Sanitized
# ones take the preset's.
set(TROUPE_TEST_OPTIONS ${TROUPE_NO_GHOSTS})
if(NOT TROUPE_SANITIZE)
  list(PREPEND TROUPE_TEST_OPTIONS -O1)
endif()

# Owners of the precompiled headers: troupe_pch for libraries, troupe_pch_test for tests.
if(TROUPE_PCH)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/pch.cpp CONTENT "" @ONLY)
  foreach(owner pch pch_test)
    add_library(troupe_${owner} OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
    target_precompile_headers(troupe_${owner} PRIVATE ${PROJECT_SOURCE_DIR}/__infra__/cmake/${owner}.hpp)
    troupe_target(troupe_${owner})
  endforeach()
  target_compile_options(troupe_pch_test PRIVATE ${TROUPE_TEST_OPTIONS})
  target_compile_definitions(troupe_pch_test PRIVATE BOOST_TEST_DYN_LINK)
  target_link_libraries(troupe_pch_test PRIVATE Boost::unit_test_framework)
endif()

# Files of a folder by pattern, sorted, relative paths made absolute.
function(troupe_glob out folder)
  list(TRANSFORM ARGN PREPEND ${folder}/ OUTPUT_VARIABLE patterns)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${patterns})
  list(FILTER files EXCLUDE REGEX "^${PROJECT_SOURCE_DIR}/(.*/)?(node_modules|build)/")
  set(${out} ${files} PARENT_SCOPE)
endfunction()

function(troupe_module)
  cmake_parse_arguments(PARSE_ARGV 0 arg "GENERATED" "NAME;FOLDER;TIMEOUT" "DEPENDS;PRIVATE;TEST_DEPENDS;DEFINE")
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/${arg_FOLDER})
  troupe_glob(sources ${folder} *.cpp)
  list(FILTER sources EXCLUDE REGEX "\\.(test|fuzz|bench)\\.cpp$")

  if(sources)
    add_library(${arg_NAME} STATIC ${sources})
    target_link_libraries(${arg_NAME} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE} Threads::Threads)
    target_compile_definitions(${arg_NAME} PRIVATE ${arg_DEFINE})
    troupe_target(${arg_NAME})
    troupe_reuse_pch(${arg_NAME} troupe_pch)
    troupe_unity(${arg_NAME})
    if(arg_GENERATED)
      target_compile_options(${arg_NAME} PRIVATE -w)
    endif()
  else()
    add_library(${arg_NAME} INTERFACE)
    target_link_libraries(${arg_NAME} INTERFACE ${arg_DEPENDS} ${arg_PRIVATE})
  endif()
  if(NOT arg_NAME STREQUAL troupe_testkit)
    set_property(GLOBAL APPEND PROPERTY TROUPE_MODULES ${arg_NAME})
  endif()

  troupe_glob(tests ${folder} *.test.cpp)
  if(tests)
    troupe_test(NAME ${arg_NAME}_test SOURCES ${tests} TIMEOUT ${arg_TIMEOUT}
      DEPENDS ${arg_NAME} ${arg_PRIVATE} ${arg_TEST_DEPENDS} troupe_testkit)
  endif()

  troupe_glob(benches ${folder} *.bench.cpp)
  troupe_glob(fuzzers ${folder} *.fuzz.cpp)
  foreach(file IN LISTS benches fuzzers)
    cmake_path(GET file STEM stem)
    if(file MATCHES "bench.cpp$")
      troupe_tool(${arg_NAME}_${stem}_bench ${file} troupe_bench ${arg_NAME} ${arg_PRIVATE} troupe_testkit)
    elseif(TROUPE_FUZZ)
      troupe_tool(${arg_NAME}_${stem}_fuzz ${file} troupe_fuzz ${arg_NAME} ${arg_PRIVATE} troupe_testkit)
      target_link_options(${arg_NAME}_${stem}_fuzz PRIVATE -fsanitize=fuzzer)
    else()
      troupe_fuzz_seeds(${arg_NAME}_${stem} ${file} ${arg_NAME} ${arg_PRIVATE} troupe_testkit)
    endif()
  endforeach()
endfunction()

# One-file executable under build/bench/ or build/fuzz/, built by the target troupe_bench or troupe_fuzz only.
function(troupe_tool name file kind)
  string(REPLACE troupe_ "" folder ${kind})
  add_executable(${name} EXCLUDE_FROM_ALL ${file})
  troupe_target(${name})
  target_link_libraries(${name} PRIVATE ${ARGN})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
  add_dependencies(${kind} ${name})
endfunction()
# A fuzzer without libFuzzer, run on its seeds as a test.
function(troupe_fuzz_seeds name file)
  add_executable(${name}_seeds ${file} ${PROJECT_SOURCE_DIR}/__infra__/cmake/fuzz_main.cpp)
  troupe_target(${name}_seeds)
  target_compile_options(${name}_seeds PRIVATE ${TROUPE_TEST_OPTIONS})
  target_link_libraries(${name}_seeds PRIVATE ${ARGN})
  add_test(NAME ${name}_seeds COMMAND ${name}_seeds ${PROJECT_SOURCE_DIR}/test/fuzz/${name}_fuzz)
  troupe_test_properties(${name}_seeds "")
endfunction()
add_custom_target(troupe_bench)
add_custom_target(troupe_fuzz)

# Each test has a working directory of its own, where run-tests finds the cases it ran (junit.xml).
function(troupe_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "SOURCES;DEPENDS")
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE troupe_test_main ${arg_DEPENDS} Threads::Threads)
  target_compile_definitions(${arg_NAME} PRIVATE
    TROUPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TROUPE_BINARY="${PROJECT_BINARY_DIR}/troupe")
  target_compile_options(${arg_NAME} PRIVATE ${TROUPE_TEST_OPTIONS})
  troupe_target(${arg_NAME})
  troupe_reuse_pch(${arg_NAME} troupe_pch_test)
  troupe_unity(${arg_NAME})

  set(directory ${PROJECT_BINARY_DIR}/test-results/${arg_NAME})
  file(MAKE_DIRECTORY ${directory})
  add_test(NAME ${arg_NAME} WORKING_DIRECTORY ${directory}
    COMMAND ${arg_NAME} --color_output=no
            --logger=HRF,warning,stdout:JUNIT,error,junit.xml)
  troupe_test_properties(${arg_NAME} "${arg_TIMEOUT}")
endfunction()

function(troupe_test_properties name timeout)
  if(NOT timeout)
    set(timeout ${TROUPE_TEST_TIMEOUT})
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout})
  if(TROUPE_SANITIZE)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT
      "ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1;UBSAN_OPTIONS=print_stacktrace=1;TSAN_OPTIONS=second_deadlock_stack=1:suppressions=${PROJECT_SOURCE_DIR}/__infra__/ci/tsan.supp;LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/__infra__/ci/lsan.supp")
  endif()
endfunction()

function(troupe_link_all target)
  get_property(modules GLOBAL PROPERTY TROUPE_MODULES)
  target_link_libraries(${target} PRIVATE ${modules})
endfunction()

# Every subfolder that has a CMakeLists.txt.
function(troupe_add_folders)
  file(GLOB lists CONFIGURE_DEPENDS */CMakeLists.txt)
  foreach(list IN LISTS lists)
    cmake_path(GET list PARENT_PATH folder)
    add_subdirectory(${folder})
  endforeach()
endfunction()

function(troupe_add_test_folders)
  troupe_add_folders()
  get_property(modules GLOBAL PROPERTY TROUPE_MODULES)
  file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true *)
  foreach(folder IN LISTS folders)
    if(IS_DIRECTORY ${folder} AND NOT EXISTS ${folder}/CMakeLists.txt)
      troupe_glob(sources ${folder} *.cpp)
      set(tests ${sources})
      list(FILTER tests INCLUDE REGEX "\\.test\\.cpp$")
      if(tests)
        cmake_path(GET folder FILENAME name)
        troupe_test(NAME ${name}_test SOURCES ${sources}
          DEPENDS ${modules} troupe_testkit CAF::core SQLite::SQLite3 httplib::httplib rapidcheck)
      endif()
    endif()
  endforeach()
endfunction()

function(troupe_embed_files)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;HEADER;SYMBOL" "FILES")
  list(TRANSFORM arg_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  file(GLOB files CONFIGURE_DEPENDS ${arg_FILES})
  string(REGEX MATCH "^(.*)::([^:]+)$" _ ${arg_SYMBOL})
  set(namespace ${CMAKE_MATCH_1})
  set(function ${CMAKE_MATCH_2})
  set(library ${arg_TARGET}_embedded)

  set(source ${TROUPE_GENERATED_DIR}/${library}/${function}.cpp)
  set(script ${PROJECT_SOURCE_DIR}/__infra__/cmake/embed_files.cmake)
  add_custom_command(OUTPUT ${source} DEPENDS ${files} ${script} VERBATIM
    COMMENT "Embedding ${arg_SYMBOL}"
    COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${source}" "-DHEADER=${arg_HEADER}" "-DNAMESPACE=${namespace}"
            "-DFUNCTION=${function}" "-DFILES=${files}" -P ${script})

  if(NOT TARGET ${library})
    add_library(${library} STATIC)
    troupe_target(${library})
    get_target_property(type ${arg_TARGET} TYPE)
    if(type STREQUAL INTERFACE_LIBRARY)
      target_link_libraries(${arg_TARGET} INTERFACE ${library})
    else()
      target_link_libraries(${arg_TARGET} PUBLIC ${library})
    endif()
  endif()
  target_sources(${library} PRIVATE ${source})

  # One header may declare several of these functions; it is written when all calls are known.
  string(MAKE_C_IDENTIFIER "TROUPE_EMBED_${arg_HEADER}" property)
  get_target_property(known ${library} ${property})
  if(NOT known)
    file(GENERATE OUTPUT ${TROUPE_GENERATED_DIR}/${arg_HEADER} CONTENT
"// Generated by the build: files embedded in the binary, as (file name, text), sorted by name.
#pragma once

#include <string>
#include <utility>
#include <vector>

$<JOIN:$<TARGET_PROPERTY:${library},${property}>,; }\n>; }
")
  endif()
  set_property(TARGET ${library} APPEND PROPERTY ${property}
    "namespace ${namespace} { std::vector<std::pair<std::string, std::string>> ${function}()")
endfunction()

function(troupe_compile_failure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;FILE;EXPECT" "")
  troupe_add_compile_test(${arg_NAME} ${arg_FILE} "-DEXPECT=${arg_EXPECT}")
endfunction()

function(troupe_compile_success)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;FILE" "")
  troupe_add_compile_test(${arg_NAME} ${arg_FILE} "-DEXPECT=")
endfunction()

function(troupe_add_compile_test name file)
  cmake_path(ABSOLUTE_PATH file)
  add_test(NAME compile_${name} COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER}
    "-DINCLUDE=${PROJECT_SOURCE_DIR};${TROUPE_GENERATED_DIR}" -DFILE=${file} ${ARGN}
    -P ${PROJECT_SOURCE_DIR}/__infra__/cmake/compile_test.cmake)
  troupe_test_properties(compile_${name} "")
endfunction()
