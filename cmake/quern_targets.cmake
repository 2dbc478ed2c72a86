# quern_library(NAME SOURCES ... LINKS ... PACKAGES ... TESTS ...): one library for one folder, and its tests.
# THREADED: its tests run threads, so that the thread sanitizer's build has them too; the others would tell it nothing.
# LINKS are the quern libraries that it may use, PACKAGES other people's. Both are public: a header that shows a type of theirs works.

add_library(quern_options INTERFACE)
target_include_directories(quern_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(quern_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  $<$<BOOL:${QUERN_WERROR}>:-Werror> -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(quern_options INTERFACE -Wno-restrict)  # "a" + std::string is warned of at random: https://gcc.gnu.org/PR105651
endif()
find_package(Threads REQUIRED)
target_link_libraries(quern_options INTERFACE Threads::Threads)
if(QUERN_SANITIZE STREQUAL "address")
  target_compile_options(quern_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  target_link_options(quern_options INTERFACE -fsanitize=address,undefined)
elseif(QUERN_SANITIZE STREQUAL "thread")
  target_compile_options(quern_options INTERFACE -fsanitize=thread)
  target_link_options(quern_options INTERFACE -fsanitize=thread)
elseif(NOT QUERN_SANITIZE STREQUAL "")
  message(FATAL_ERROR "QUERN_SANITIZE is '${QUERN_SANITIZE}': it must be address, thread or empty")
endif()

# What is under test is built as it ships; the tests themselves need to be built soon rather than to run fast. With a sanitizer
# nothing makes a test's own code slow enough to pay for the optimizer, which is half of the time that clang takes for it.
set(QUERN_TEST_OPTIMIZATION -O1)
if(NOT QUERN_SANITIZE STREQUAL "")
  set(QUERN_TEST_OPTIMIZATION -O0)
endif()

# Builds of the same sources spend most of their time on the same headers. With QUERN_PRELUDE these are parsed once for
# all libraries, and once for all tests; with CMAKE_UNITY_BUILD the files of a library, or of its tests, are compiled together,
# so that the names in their unnamed namespaces must differ. The preset `release` uses neither, so that every file names the
# headers that it needs.
function(quern_preludes)
  find_package(fmt REQUIRED)
  set(source ${PROJECT_BINARY_DIR}/prelude.cc)
  if(NOT EXISTS ${source})
    file(WRITE ${source} "")
  endif()
  add_library(quern_prelude OBJECT ${source})
  target_link_libraries(quern_prelude PRIVATE quern_options fmt::fmt)
  set(usual <algorithm> <atomic> <chrono> <condition_variable> <deque> <filesystem> <functional> <map> <memory> <mutex> <optional>
      <set> <span> <stop_token> <string> <string_view> <thread> <utility> <variant> <vector> <fmt/format.h>)
  target_precompile_headers(quern_prelude PRIVATE ${usual})
  if(QUERN_TESTS)
    add_library(quern_test_prelude OBJECT ${source})
    target_link_libraries(quern_test_prelude PRIVATE quern_options fmt::fmt GTest::gmock GTest::gtest)
    target_compile_options(quern_test_prelude PRIVATE ${QUERN_TEST_OPTIMIZATION})
    target_precompile_headers(quern_test_prelude PRIVATE ${usual} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endfunction()

function(quern_library NAME)
  cmake_parse_arguments(ARG "THREADED" "" "SOURCES;LINKS;PACKAGES;TESTS" ${ARGN})
  add_library(${NAME} STATIC ${ARG_SOURCES})
  target_link_libraries(${NAME} PUBLIC quern_options ${ARG_LINKS} ${ARG_PACKAGES})
  if(QUERN_PRELUDE)
    target_precompile_headers(${NAME} REUSE_FROM quern_prelude)
  endif()
  if(QUERN_SANITIZE STREQUAL "thread" AND NOT ARG_THREADED)
    return()
  endif()
  if(QUERN_TESTS AND ARG_TESTS)
    add_executable(${NAME}_test ${ARG_TESTS})
    target_link_libraries(${NAME}_test PRIVATE ${NAME} GTest::gmock GTest::gtest_main)
    target_compile_options(${NAME}_test PRIVATE ${QUERN_TEST_OPTIMIZATION})
    if(QUERN_PRELUDE)
      target_precompile_headers(${NAME}_test REUSE_FROM quern_test_prelude)
    endif()
    add_test(NAME ${NAME} COMMAND ${NAME}_test)
    set_tests_properties(${NAME} PROPERTIES ENVIRONMENT "QUERN_SOURCE_DIR=${PROJECT_SOURCE_DIR}" TIMEOUT 900)
  endif()
endfunction()
