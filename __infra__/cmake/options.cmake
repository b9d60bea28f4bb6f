# What every target is compiled and linked with.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS CMakePresets.json)

option(TROUPE_HARDEN "Stack protector, fortified libc calls, full RELRO" OFF)
option(TROUPE_PCH "Precompile the headers nearly every file includes" ON)
option(TROUPE_UNITY "Compile a module's files several at a time: a clean build in half the time; OFF suits work on one file" ON)
option(TROUPE_FUZZ "Build the *.fuzz.cpp files (clang)" OFF)
set(TROUPE_SANITIZE "" CACHE STRING "Value for -fsanitize=, such as address,undefined")
set(TROUPE_TEST_TIMEOUT 120 CACHE STRING "Seconds one ctest may take")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

# One code model everywhere, so that one precompiled header fits libraries and executables alike.
add_compile_options(-fPIE)
add_link_options(-pie)

if(TROUPE_HARDEN)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro,-z,now)
endif()

# Warnings that g++ derives from its optimised code, and gets wrong in the standard library's below -O2.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  set(TROUPE_NO_GHOSTS -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds
    -Wno-restrict -Wno-tsan)
endif()

# g++ takes a unit's other files for headers, whose anonymous types would differ from unit to unit.
if(TROUPE_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-Wno-subobject-linkage)
endif()

if(TROUPE_SANITIZE)
  add_compile_options(-fsanitize=${TROUPE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(${TROUPE_NO_GHOSTS})
  add_link_options(-fsanitize=${TROUPE_SANITIZE})
endif()

find_program(TROUPE_CCACHE ccache)
if(TROUPE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${TROUPE_CCACHE})
endif()

foreach(linker mold lld gold)
  find_program(TROUPE_LD_${linker} ld.${linker})
  if(TROUPE_LD_${linker})
    add_link_options(-fuse-ld=${linker})
    break()
  endif()
endforeach()
