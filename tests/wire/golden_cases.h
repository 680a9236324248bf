// The exchanges of golden.json: what the Python programs sent and what they got.
#pragma once

#include <string>
#include <vector>

namespace appd::testing {

struct GoldenCase {
  std::string name;
  bool must_match = false;  // our reply is the very same bytes
  std::string byte_order;   // of the machine that recorded it
  std::string request;
  std::string response;
};

// Throws std::runtime_error: the file cannot be read.
[[nodiscard]] std::vector<GoldenCase> golden_cases();
// Those whose reply we send byte for byte, on a machine like this one.
[[nodiscard]] std::vector<GoldenCase> matching_golden_cases();

}  // namespace appd::testing
