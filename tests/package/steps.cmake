# What the scripts of this folder are written with. Any step that fails fails the test.
file(REMOVE_RECURSE ${WORK_DIR})

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# output_of(VARIABLE COMMAND...): what the command prints, when it succeeds.
function(output_of variable)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output COMMAND_ECHO STDOUT
    COMMAND_ERROR_IS_FATAL ANY OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(${variable} "${output}" PARENT_SCOPE)
endfunction()

# expect_output(TEXT COMMAND...): the command prints TEXT and nothing else, and succeeds.
function(expect_output expected)
  output_of(output ${ARGN})
  if(NOT output STREQUAL expected)
    message(FATAL_ERROR "expected: ${expected}\nprinted:  ${output}")
  endif()
endfunction()

# expect_documents(PREFIX): the pages, all that they point to, and all that the tutorial needs.
function(expect_documents prefix)
  set(folder ${prefix}/${DOCDIR})
  foreach(file README.md CHANGELOG.md LICENSE docs/tutorial.md docs/protocol.md examples/CMakeLists.txt
      examples/peers/app_client.py)
    if(NOT EXISTS ${folder}/${file})
      message(FATAL_ERROR "${folder} has no ${file}")
    endif()
  endforeach()
  run(${PYTHON} -B ${SOURCE_DIR}/scripts/check --root ${folder} links)
  run(${PYTHON} -B ${SOURCE_DIR}/tests/docs/run_pages.py --root ${folder} --bin ${prefix}/bin docs/tutorial.md)
endfunction()

# expect_refusal(PATTERN COMMAND...): the command fails, and what it says matches. CMake breaks its
# lines as it likes: blanks and line ends count as one blank.
function(expect_refusal pattern)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE failed)
  string(REGEX REPLACE "[ \n]+" " " told "${output}")
  if(NOT failed OR NOT told MATCHES "${pattern}")
    message(FATAL_ERROR "expected a failure with ${pattern}; exit code ${failed}: ${output}")
  endif()
endfunction()

# build_project(SOURCE_DIR NAME PREFIX): into WORK_DIR/NAME, against the tree under PREFIX.
function(build_project source name prefix)
  run(${CMAKE_COMMAND} -S ${source} -B ${WORK_DIR}/${name} -G ${GENERATOR}
    -D CMAKE_BUILD_TYPE=${BUILD_TYPE} -D CMAKE_CXX_COMPILER=${CXX} -D CMAKE_PREFIX_PATH=${prefix})
  run(${CMAKE_COMMAND} --build ${WORK_DIR}/${name})
endfunction()

# try_examples(PREFIX): the examples that are installed there, against the tree under PREFIX; each is called once, by the
# programs of this tree.
function(try_examples prefix)
  build_project(${prefix}/${DOCDIR}/examples examples ${prefix})
  set(call ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/serve_and_call.sh ${prefix}/bin/appctl)
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
  run(${PYTHON} -B ${SOURCE_DIR}/tests/package/try_examples.py ${prefix}/bin/appctl ${examples})
endfunction()
