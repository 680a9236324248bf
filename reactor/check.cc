#include "appd/reactor/check.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace appd::reactor::internal {

CheckedValue::CheckedValue(const void* pointer)
    : text_(std::to_string(reinterpret_cast<std::uintptr_t>(pointer))) {}

void check_failed(const char* file, int line, std::string_view text,
                  std::initializer_list<CheckedValue> values) {
  std::string out = file;
  out += ':';
  out += std::to_string(line);
  out += ": check failed: ";
  out += text;
  for (const CheckedValue& value : values) {
    out += ' ';
    out += value.text();
  }
  out += '\n';
  std::fputs(out.c_str(), stderr);
  std::abort();
}

}  // namespace appd::reactor::internal
