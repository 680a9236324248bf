# One target carries the warnings of the project's own code; nothing else edits compiler flags.
add_library(appd_warnings INTERFACE)
target_compile_options(appd_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<BOOL:${APPD_WERROR}>:-Werror>)
