# try_components(PREFIX): each component of the package under PREFIX is found without what only the
# others need, and says what it misses.

# component_command(VARIABLE PREFIX COMPONENT HIDDEN...): what configures the project of that
# component, in a system in which the packages HIDDEN are not installed.
function(component_command variable prefix component)
  list(TRANSFORM ARGN REPLACE "(.+)" "-DCMAKE_DISABLE_FIND_PACKAGE_\\1=ON" OUTPUT_VARIABLE hidden)
  string(MAKE_C_IDENTIFIER "${component}_${ARGN}" name)
  set(${variable} ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/component
    -B ${WORK_DIR}/${name} -G ${GENERATOR} -D COMPONENT=${component}
    -D CMAKE_CXX_COMPILER=${CXX} -D CMAKE_PREFIX_PATH=${prefix} ${hidden} PARENT_SCOPE)
endfunction()

function(try_components prefix)
  foreach(component client plugin)
    component_command(command ${prefix} ${component} CLI11 tomlplusplus spdlog RapidJSON)
    run(${command})
  endforeach()
  run(${CMAKE_COMMAND} --build ${WORK_DIR}/client_CLI11_tomlplusplus_spdlog_RapidJSON)
  expect_output("refused" ${WORK_DIR}/client_CLI11_tomlplusplus_spdlog_RapidJSON/component)
  foreach(component app test)
    component_command(command ${prefix} ${component} CLI11 RapidJSON)
    run(${command})
  endforeach()
  component_command(command ${prefix} test spdlog)
  expect_refusal("component test: spdlog was not found" ${command})
  component_command(command ${prefix} client simdjson)
  expect_refusal("component client: simdjson was not found" ${command})
  component_command(command ${prefix} server)
  expect_refusal("component server: there is none of that name" ${command})
  # Without a name come those that can.
  component_command(command ${prefix} "" spdlog)
  output_of(told ${command})
  if(NOT told MATCHES "component app: spdlog was not found; component test: spdlog was not found")
    message(FATAL_ERROR "what is missing was not told: ${told}")
  endif()
endfunction()
