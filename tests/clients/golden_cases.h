// The conversations of the tutorial's client, recorded (tests/wire/golden.json).
#pragma once

#include <string>
#include <vector>

namespace appd::testing {

struct GoldenCase {
  std::string name;
  std::vector<std::string> arguments;  // of the tutorial's client
  std::string request;                 // bytes
  std::string response;
  std::string client_output;  // addresses as ADDR
};

// Those with arguments, recorded on a machine of this byte order; at least one (checked).
[[nodiscard]] std::vector<GoldenCase> golden_client_cases();

}  // namespace appd::testing
