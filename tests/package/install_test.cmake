# What cannot be installed is not installed by half, and says why; as a part of another project appd
# installs nothing and changes nothing of it. Nothing is built. See CMakeLists.txt of this folder.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

set(prefix ${WORK_DIR}/prefix)

# configure(SOURCE NAME FLAG...): into WORK_DIR/NAME.
function(configure source name)
  run(${CMAKE_COMMAND} -S ${source} -B ${WORK_DIR}/${name} -G ${GENERATOR}
    -D CMAKE_BUILD_TYPE=${BUILD_TYPE} -D CMAKE_CXX_COMPILER=${CXX} ${ARGN})
endfunction()

# expect_nothing_of(NAME PATTERN FLAG...): installing WORK_DIR/NAME fails with a reason, and leaves
# nothing.
function(expect_nothing_of name pattern)
  expect_refusal(${pattern} ${CMAKE_COMMAND} --install ${WORK_DIR}/${name} --prefix ${prefix} ${ARGN})
  if(EXISTS ${prefix})
    message(FATAL_ERROR "something was installed out of ${name}")
  endif()
endfunction()

configure(${SOURCE_DIR} unbuilt -D APPD_TESTS=OFF)
expect_nothing_of(unbuilt "is not built yet.*--target installable")
expect_nothing_of(unbuilt "is not built yet" --component programs)
expect_nothing_of(unbuilt "is not built yet" --component development)

# Stands for the library that CMake would fetch, which has rules of its own.
file(WRITE ${WORK_DIR}/expected/CMakeLists.txt
  "add_library(expected INTERFACE)\nadd_library(tl::expected ALIAS expected)\n"
  "install(FILES CMakeLists.txt DESTINATION share/expected)\n")
configure(${SOURCE_DIR} fetched -D APPD_TESTS=OFF -D CMAKE_DISABLE_FIND_PACKAGE_tl-expected=ON
  -D FETCHCONTENT_SOURCE_DIR_TL-EXPECTED=${WORK_DIR}/expected)
expect_nothing_of(fetched "tl-expected was fetched")

configure(${CMAKE_CURRENT_LIST_DIR}/part part -D APPD_SOURCE=${SOURCE_DIR})
run(${CMAKE_COMMAND} --install ${WORK_DIR}/part --prefix ${prefix})
file(GLOB_RECURSE installed RELATIVE ${prefix} ${prefix}/*)
if(NOT installed STREQUAL "share/part/CMakeLists.txt")
  message(FATAL_ERROR "a project with appd in it installs ${installed}")
endif()
