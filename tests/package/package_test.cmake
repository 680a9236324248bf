# See CMakeLists.txt of this folder. Any step that fails fails the test.
set(prefix ${WORK_DIR}/prefix)
file(REMOVE_RECURSE ${WORK_DIR})

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# expect_output(TEXT COMMAND...): the command prints TEXT and nothing else, and succeeds.
function(expect_output expected)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output COMMAND_ECHO STDOUT
    COMMAND_ERROR_IS_FATAL ANY OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT output STREQUAL expected)
    message(FATAL_ERROR "expected: ${expected}\nprinted:  ${output}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix})

run(${CMAKE_COMMAND} -S ${CONSUMER_DIR} -B ${WORK_DIR}/build -G ${GENERATOR}
  -D CMAKE_BUILD_TYPE=${BUILD_TYPE} -D CMAKE_CXX_COMPILER=${CXX} -D CMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
expect_output("HELLO" ${WORK_DIR}/build/consumer)

# The same through pkg-config, where there is one.
find_program(pkg_config pkg-config)
if(pkg_config)
  set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
  execute_process(COMMAND ${pkg_config} --cflags --libs appd OUTPUT_VARIABLE flags
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run(${CXX} ${CONSUMER_DIR}/consumer.cc -o ${WORK_DIR}/consumer_pkg_config ${flags})
  expect_output("HELLO" ${WORK_DIR}/consumer_pkg_config)
endif()

# The examples, against the same tree; each is called once.
run(${CMAKE_COMMAND} -S ${EXAMPLES_DIR} -B ${WORK_DIR}/examples -G ${GENERATOR}
  -D CMAKE_BUILD_TYPE=${BUILD_TYPE} -D CMAKE_CXX_COMPILER=${CXX} -D CMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/examples)
set(call ${CMAKE_CURRENT_LIST_DIR}/serve_and_call.sh ${prefix}/bin/appctl)
set(examples ${WORK_DIR}/examples)
expect_output("passed" ${examples}/greeting_test)
expect_output("HELLO" ${call} upper hello ${examples}/upper)
expect_output("hello, ring" ${call} greet-later ring ${examples}/later)
expect_output("6" ${call} sum "[1, 2, 3]" ${examples}/later)
expect_output("hey!" ${call} shout hey ${prefix}/bin/appd --plugin ${examples}/libshout.so)
# A daemon of one's own has the same flags.
expect_output("hey!" ${call} shout hey ${examples}/upper --plugin ${examples}/libshout.so)
execute_process(COMMAND ${call} shout "" ${prefix}/bin/appd --plugin ${examples}/libshout.so
  ERROR_VARIABLE told RESULT_VARIABLE failed OUTPUT_VARIABLE ignored)
if(NOT failed OR NOT told MATCHES "Error: nothing to shout")
  message(FATAL_ERROR "the plugin's error did not arrive: ${told}")
endif()

foreach(program appd appctl)
  run(${prefix}/bin/${program} --version)
endforeach()
