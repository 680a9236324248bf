# See CMakeLists.txt of this folder.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/components.cmake)

set(prefix ${WORK_DIR}/prefix)
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix})

build_project(${CONSUMER_DIR} build ${prefix})
expect_output("HELLO" ${WORK_DIR}/build/consumer)

# The same through pkg-config, where there is one.
find_program(pkg_config pkg-config)
if(pkg_config)
  set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
  output_of(flags ${pkg_config} --cflags --libs appd)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run(${CXX} ${CONSUMER_DIR}/consumer.cc -o ${WORK_DIR}/consumer_pkg_config ${flags})
  expect_output("HELLO" ${WORK_DIR}/consumer_pkg_config)
  output_of(flags ${pkg_config} --cflags --libs appd-client)
  if(flags MATCHES "spdlog|toml|appd_servers")
    message(FATAL_ERROR "a client is linked with what it does not need: ${flags}")
  endif()
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run(${CXX} ${CMAKE_CURRENT_LIST_DIR}/component/client.cc -o ${WORK_DIR}/client_pkg_config ${flags})
  expect_output("refused" ${WORK_DIR}/client_pkg_config)
  run(${pkg_config} --print-errors --exists appd-plugin appd-test)
endif()

try_components(${prefix})
if(WITH_EXAMPLES)
  try_examples(${prefix})
endif()

foreach(program appd appctl)
  run(${prefix}/bin/${program} --version)
endforeach()
expect_documents(${prefix})
