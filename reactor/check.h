// APPD_CHECK(condition, values...): an assertion that stays on in release builds.
//
// For bugs of ours alone. Nothing that a peer sends, a full disk or load can do may reach one.
// A failed check prints its place, its text and the values on standard error, and aborts.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace appd::reactor::internal {

template <class... Values>
[[noreturn]] void check_failed(const char* file, int line, const char* text,
                               const Values&... values) {
  std::ostringstream out;
  out << file << ':' << line << ": check failed: " << text;
  ((out << ' ' << values), ...);
  out << '\n';
  std::fputs(out.str().c_str(), stderr);
  std::abort();
}

}  // namespace appd::reactor::internal

#define APPD_CHECK(condition, ...)                                         \
  (static_cast<bool>(condition) ? void(0)                                  \
                                : ::appd::reactor::internal::check_failed( \
                                      __FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__))
