# One target carries the warnings of the project's own code; nothing else edits compiler flags.
add_library(appd_warnings INTERFACE)
target_compile_options(appd_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  # GCC 12 takes "text" + std::string for overlapping copies (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<BOOL:${APPD_WERROR}>:-Werror>)
