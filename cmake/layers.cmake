# APPD_UNITY: the sources of a layer are compiled together, so that the headers they share, which are
# most of what a compiler reads, are read once a layer. Names in unnamed namespaces are then told apart
# in the whole layer. Not for a debugger: there each source is compiled by itself, which proves that it
# includes what it uses, and a change costs one file.
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(unity_default OFF)
else()
  set(unity_default ON)
endif()
option(APPD_UNITY "Compile the sources of a layer together" ${unity_default})

# appd_compile_together(TARGET...): where APPD_UNITY says so, up to 32 sources at a time, which is a layer.
function(appd_compile_together)
  set_target_properties(${ARGN} PROPERTIES UNITY_BUILD ${APPD_UNITY} UNITY_BUILD_BATCH_SIZE 32)
  if(APPD_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    foreach(target IN LISTS ARGN)  # a source that is included is taken for a header
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage
        --param=large-unit-insns=1000000)
    endforeach()
  endif()
endfunction()

# appd_library(NAME SOURCES... [PUBLIC targets...] [PRIVATE targets...])
# Target appd_NAME, alias and exported name appd::NAME. Sources are listed without folder; includes
# are written "appd/layer/file.h", in the project as by its users (include/appd has a link to each
# layer).
function(appd_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(appd_${name} STATIC ${ARG_SOURCES})
  add_library(appd::${name} ALIAS appd_${name})
  set_target_properties(appd_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  appd_compile_together(appd_${name})
  target_compile_features(appd_${name} PUBLIC cxx_std_20)
  target_include_directories(appd_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(appd_${name}
    PUBLIC ${ARG_PUBLIC}
    PRIVATE $<BUILD_INTERFACE:appd_warnings> ${ARG_PRIVATE})
endfunction()

# appd_runs_rarely(TARGET): no request comes here, so that to optimise it costs more than it saves.
function(appd_runs_rarely target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Og>)
endfunction()

# appd_layer(NAME ...): a library that is installed for users, as one a layer is. What is not is a part
# of a program.
function(appd_layer name)
  appd_library(${name} ${ARGN})
  set_property(GLOBAL APPEND PROPERTY APPD_LAYERS ${name})  # what install.cmake installs
endfunction()

# appd_test(NAME SOURCES... [LINK targets...]): a doctest program that ctest runs as one test.
function(appd_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  appd_compile_together(${name})
  target_link_libraries(${name} PRIVATE appd_warnings appd_doctest_main ${ARG_LINK})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()
