# APPD_SANITIZE=address (with UBSan) or thread, for every target of the build. -O1 halves the tests'
# time and keeps stack traces whole; -g1 is enough for file and line.
if(APPD_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=address,undefined)
elseif(APPD_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=thread)
elseif(APPD_SANITIZE)
  message(FATAL_ERROR "APPD_SANITIZE is address or thread, not ${APPD_SANITIZE}")
endif()
