# APPD_HARDENING: what makes a mistake of ours end the program rather than become somebody else's
# entry: guarded stacks, checked copies (glibc's _FORTIFY_SOURCE), tables that are read-only once the
# program runs, addresses that cannot be guessed, and marked targets for indirect jumps (x86). The
# binaries say nothing of the folder that they were built in. tests/package reads all of that out
# of the programs.
#
# Not with sanitizers, which look closer and know some of this as their own, and not for a debugger.
# A project that brings appd along as a part of itself (FetchContent) has flags of its own, and asks
# for these.
include(CheckCXXCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)

set(hardening_default ${PROJECT_IS_TOP_LEVEL})
if(APPD_SANITIZE OR APPD_FUZZ OR CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(hardening_default OFF)
endif()
option(APPD_HARDENING "Stack protector, FORTIFY_SOURCE, RELRO, PIE, CET, no build paths" ${hardening_default})
if(NOT APPD_HARDENING)
  return()
endif()
if(APPD_SANITIZE)
  message(FATAL_ERROR "APPD_HARDENING does not go with APPD_SANITIZE")
endif()

# appd_harden_compiling(FLAG): where the compiler knows it.
function(appd_harden_compiling flag)
  string(MAKE_C_IDENTIFIER "APPD_HAS${flag}" known)
  check_cxx_compiler_flag("-Werror ${flag}" ${known})
  if(${known})
    add_compile_options(${flag})
  endif()
endfunction()

# appd_harden_linking(FLAG): where the linker knows it.
function(appd_harden_linking flag)
  string(MAKE_C_IDENTIFIER "APPD_LINKS${flag}" known)
  check_linker_flag(CXX "${flag}" ${known})
  if(${known})
    add_link_options(${flag})
  endif()
endfunction()

appd_harden_compiling(-fstack-protector-strong)
appd_harden_compiling(-fstack-clash-protection)
appd_harden_compiling(-fcf-protection=full)
appd_harden_linking(LINKER:-z,relro)
appd_harden_linking(LINKER:-z,now)
# Debian's start files carry no marks, and one unmarked file unmarks the program.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
  appd_harden_linking(LINKER:-z,ibt,-z,shstk)
endif()

check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Both only where code is optimised: glibc's checks need it, and a debugger needs the folders.
# Some compilers define the first already.
add_compile_options("$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
add_compile_options("$<$<NOT:$<CONFIG:Debug>>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=;-ffile-prefix-map=${PROJECT_BINARY_DIR}/=>")
