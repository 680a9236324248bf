# cmake --install: the libraries and their headers (include/appd/LAYER/), appd and appctl, and what
# finds them again: find_package(appd COMPONENTS client plugin app test) and pkg-config appd,
# appd-client, appd-plugin and appd-test.
include(CMakePackageConfigHelpers)

# The two halves of the Debian packages (package.cmake); an install without a component has both.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)

# `installable` builds all that is installed, and no tests.
get_property(layers GLOBAL PROPERTY APPD_LAYERS)
list(TRANSFORM layers PREPEND appd_ OUTPUT_VARIABLE libraries)
add_custom_target(installable DEPENDS ${libraries} appd appctl)

# may_install.cmake runs before anything is copied (CMakeLists.txt): nothing is installed by half.
set(may_install ${PROJECT_BINARY_DIR}/package/may_install-$<CONFIG>.cmake)
if(APPD_FETCHED)
  list(JOIN APPD_FETCHED ", " fetched)
  string(CONCAT reason "this build cannot be installed: ${fetched} was fetched and is part of it only. "
    "Install the package to change that")
  message(STATUS "${PROJECT_NAME}: ${reason}")
  file(GENERATE OUTPUT ${may_install} CONTENT "message(FATAL_ERROR \"nothing was installed: ${reason}\")\n")
  return()
endif()

# TARGETS' files, as elements of a list in a script. Its variables are seen by the install scripts behind
# it, where CPack lets if() take a component's name for a variable's (policy CMP0054): none is called so.
list(TRANSFORM libraries REPLACE "(.+)" "\"$<TARGET_FILE:\\1>\"" OUTPUT_VARIABLE library_files)
list(JOIN library_files "\n  " library_files)
file(GENERATE OUTPUT ${may_install} CONTENT "set(needed_programs
  \"$<TARGET_FILE:appd>\"
  \"$<TARGET_FILE:appctl>\")
set(needed_development
  ${library_files})
set(needed \${needed_programs} \${needed_development})
if(CMAKE_INSTALL_COMPONENT)
  set(needed \${needed_\${CMAKE_INSTALL_COMPONENT}})
endif()
foreach(file IN LISTS needed)
  if(NOT EXISTS \"\${file}\")
    message(FATAL_ERROR \"nothing was installed: \${file} is not built yet. \"
      \"First: cmake --build ${PROJECT_BINARY_DIR} --target installable\")
  endif()
endforeach()
")

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/appd)

# A file of targets for each component, and one for what several need: appd-config.cmake includes
# those that are asked for. What a component is made of says include/CMakeLists.txt.
get_property(components GLOBAL PROPERTY APPD_PUBLIC)
set(common ${layers})
foreach(component IN LISTS components)
  get_property(own GLOBAL PROPERTY APPD_LAYERS_OF_${component})
  list(REMOVE_ITEM common ${own})
  list(TRANSFORM own PREPEND appd_)
  install(TARGETS ${own} appd_public_${component} EXPORT appd-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
list(TRANSFORM common PREPEND appd_)
install(TARGETS ${common} EXPORT appd-common ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(set common ${components})
  install(EXPORT appd-${set} NAMESPACE appd:: DESTINATION ${config_dir} FILE appd-${set}-targets.cmake)
endforeach()

# One folder on a user's path, and all names begin with appd/. The links of include/appd are for the
# project's own sources.
set(public_headers app.h client.h client_pool.h handlers.h plugin.h session.h stream.h test.h)
list(TRANSFORM public_headers PREPEND ${PROJECT_SOURCE_DIR}/include/appd/)
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/appd)
foreach(folder reactor protocol options machine logging handlers servers daemon clients outgoing testkit)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/appd
    FILES_MATCHING PATTERN "*.h"
    REGEX "clients/(appctl|load)$" EXCLUDE)  # parts of a program
endforeach()
install(TARGETS appd appctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/appd-config.cmake.in ${PROJECT_BINARY_DIR}/package/appd-config.cmake
  INSTALL_DESTINATION ${config_dir})
# Before 1.0 a minor version may change what a user's handler sees.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/package/appd-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/package/appd-config.cmake
    ${PROJECT_BINARY_DIR}/package/appd-config-version.cmake
  DESTINATION ${config_dir})

# Relative to where the file itself lies, so that an installed tree can be moved.
file(RELATIVE_PATH prefix_from_pc
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
# appd_pkg_config(NAME ABOUT REQUIRES LAYERS...): the layers highest first, as a linker wants them.
function(appd_pkg_config name about requires)
  list(TRANSFORM ARGN PREPEND -lappd_ OUTPUT_VARIABLE libraries)
  list(JOIN libraries " " libraries)
  configure_file(
    ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/appd.pc.in ${PROJECT_BINARY_DIR}/package/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/${name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
appd_pkg_config(appd-client "calling a server" "simdjson" clients handlers protocol reactor)
appd_pkg_config(appd-plugin "actions in a shared object" "simdjson" handlers protocol reactor)
appd_pkg_config(appd "a daemon of one's own" "simdjson spdlog tomlplusplus"
  outgoing daemon servers handlers logging machine options clients protocol reactor)
appd_pkg_config(appd-test "an App in a simulated world" "appd" testkit reactor_sim)

install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)
# The pages, and what they point to: examples with the Python peers. How a reference is made needs the sources.
install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs
  PATTERN "Doxyfile" EXCLUDE
  PATTERN "doxygen_filter.sed" EXCLUDE
  PATTERN "__pycache__" EXCLUDE)

include(package)
