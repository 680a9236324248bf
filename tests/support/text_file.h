// Whole files as text, for tests.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace appd::testing {

inline void write_text_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Empty where there is none.
inline std::string read_text_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace appd::testing
