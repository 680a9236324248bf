# Third-party libraries: the installed package first, else fetched at a fixed version.
# Debian's names: libexpected-dev rapidjson-dev libsimdjson-dev libspdlog-dev libcli11-dev
# libtomlplusplus-dev doctest-dev.
# APPD_FETCHED lists what was fetched: such a library is part of this build only, so nothing that
# needs it can be installed (install.cmake).
include(FetchContent)
set(APPD_FETCHED "")

# appd_dependency(NAME TARGET URL...): find_package(NAME), else fetch the archive at URL.
macro(appd_dependency name target url)
  find_package(${name} QUIET)
  if(NOT ${name}_FOUND)
    message(STATUS "${name}: not installed, fetching ${url}")
    FetchContent_Declare(${name} URL ${url})
    FetchContent_MakeAvailable(${name})
    list(APPEND APPD_FETCHED ${name})
  endif()
  if(NOT TARGET ${target} AND NOT "${target}" STREQUAL "none")
    message(FATAL_ERROR "${name} was found, but it has no target ${target}")
  endif()
endmacro()

appd_dependency(tl-expected tl::expected
  https://github.com/TartanLlama/expected/archive/refs/tags/v1.1.0.tar.gz)
appd_dependency(simdjson simdjson::simdjson
  https://github.com/simdjson/simdjson/archive/refs/tags/v3.0.1.tar.gz)
appd_dependency(spdlog spdlog::spdlog
  https://github.com/gabime/spdlog/archive/refs/tags/v1.10.0.tar.gz)
appd_dependency(CLI11 CLI11::CLI11
  https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.1.2.tar.gz)
appd_dependency(tomlplusplus tomlplusplus::tomlplusplus
  https://github.com/marzer/tomlplusplus/archive/refs/tags/v3.3.0.tar.gz)
if(APPD_TESTS)
  appd_dependency(doctest none
    https://github.com/doctest/doctest/archive/refs/tags/v2.4.9.tar.gz)
endif()
find_package(Threads REQUIRED)

# RapidJSON is headers only; its package names a folder, not a target.
find_package(RapidJSON QUIET)
if(NOT RapidJSON_FOUND)
  FetchContent_Declare(RapidJSON
    URL https://github.com/Tencent/rapidjson/archive/refs/tags/v1.1.0.tar.gz
    SOURCE_SUBDIR none)  # its own build is not wanted, its headers are
  FetchContent_MakeAvailable(RapidJSON)
  set(RapidJSON_INCLUDE_DIRS ${rapidjson_SOURCE_DIR}/include)
endif()
add_library(appd_rapidjson INTERFACE)
target_include_directories(appd_rapidjson SYSTEM INTERFACE
  $<BUILD_INTERFACE:${RapidJSON_INCLUDE_DIRS}>)
if(APPD_SANITIZE STREQUAL "address" AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(appd_rapidjson INTERFACE
    $<BUILD_INTERFACE:-fsanitize-ignorelist=${CMAKE_CURRENT_LIST_DIR}/rapidjson_ubsan.txt>)
endif()
