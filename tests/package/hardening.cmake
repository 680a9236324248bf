# expect_hardened(PROGRAM): read out of the file itself (cmake/hardening.cmake). As a script,
# cmake -D READELF=... -D PROGRAMS=... -P hardening.cmake, for each of PROGRAMS.

# expect_elf(PROGRAM WHAT PATTERN OPTION...): what readelf prints with these options matches.
function(expect_elf program what pattern)
  execute_process(COMMAND ${READELF} --wide ${ARGN} ${program}
    OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  if(NOT output MATCHES "${pattern}")
    message(FATAL_ERROR "${program} has no ${what}: nothing in `readelf ${ARGN}` matches ${pattern}")
  endif()
endfunction()

function(expect_hardened program)
  expect_elf(${program} "position-independent code" "Type: +DYN" --file-header)
  expect_elf(${program} "read-only relocations" "GNU_RELRO" --program-headers)
  expect_elf(${program} "binding at the start" "BIND_NOW|Flags:.* NOW" --dynamic)
  expect_elf(${program} "guarded stack" "__stack_chk_fail" --dyn-syms)
  expect_elf(${program} "checked copies" "__mem[a-z]+_chk|__[a-z]*printf_chk|__read_chk" --dyn-syms)
  expect_elf(${program} "stack that cannot be run" "GNU_STACK[^\n]* RW " --program-headers)
  if(CMAKE_HOST_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
    expect_elf(${program} "marks for indirect jumps" "x86 feature: IBT, SHSTK" --notes)
  endif()
  # Wherever it was built: that folder is nobody's business, and another build is the same.
  file(STRINGS ${program} paths REGEX "${SOURCE_DIR}/")
  if(paths)
    message(FATAL_ERROR "${program} names the folder that it was built in: ${paths}")
  endif()
endfunction()

foreach(program IN LISTS PROGRAMS)
  expect_hardened(${program})
endforeach()
