# APPD_SANITIZE=address (with UBSan), thread or coverage (clang's counters of what is reached), for every target of the build. -O1 halves the tests'
# time and keeps stack traces whole; -g1 is enough for file and line.
if(APPD_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # The types of called functions, which GCC does not look at either: clang 14 cannot compile
    # coroutines with it ("cannot represent a difference across sections").
    add_compile_options(-fno-sanitize=function)
  endif()
elseif(APPD_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=thread)
elseif(APPD_SANITIZE STREQUAL "coverage")
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping -O0 -g0)
  add_link_options(-fprofile-instr-generate)
elseif(APPD_SANITIZE)
  message(FATAL_ERROR "APPD_SANITIZE is address, thread or coverage, not ${APPD_SANITIZE}")
endif()

# APPD_FUZZ: libFuzzer (clang) counts the branches of everything that is compiled; the programs that
# it drives are in tests/fuzz.
if(APPD_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "APPD_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
