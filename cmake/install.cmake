# cmake --install: the libraries and their headers (include/appd/LAYER/), appd and appctl, and what
# finds them again: find_package(appd) with the targets appd::app and appd::client (include/) over
# appd::reactor ... appd::clients, and pkg-config appd.
include(CMakePackageConfigHelpers)

if(APPD_FETCHED)
  message(STATUS "Not installable: ${APPD_FETCHED} was fetched. Install the package to change that")
  return()
endif()

# The two halves of the Debian packages (package.cmake); an install without a component has both.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/appd)

get_property(layers GLOBAL PROPERTY APPD_LAYERS)
foreach(layer IN LISTS layers)
  install(TARGETS appd_${layer} EXPORT appd ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
get_property(public_targets GLOBAL PROPERTY APPD_PUBLIC)
foreach(name IN LISTS public_targets)
  install(TARGETS appd_public_${name} EXPORT appd)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/appd DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
foreach(folder reactor protocol handlers servers clients outgoing testkit)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/appd
    FILES_MATCHING PATTERN "*.h")
endforeach()
foreach(program appd appctl)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
  endif()
endforeach()

install(EXPORT appd NAMESPACE appd:: DESTINATION ${config_dir} FILE appd-targets.cmake)
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
configure_file(
  ${CMAKE_CURRENT_LIST_DIR}/appd.pc.in ${PROJECT_BINARY_DIR}/package/appd.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/appd.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)
# The pages, and what they point to: examples with the Python peers. How a reference is made needs the sources.
install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs
  PATTERN "Doxyfile" EXCLUDE
  PATTERN "doxygen_filter.py" EXCLUDE
  PATTERN "__pycache__" EXCLUDE)

include(package)
