#include "golden_cases.h"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

#include "appd/protocol/byte_order.h"

namespace appd::testing {
namespace {

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(std::string("cannot read ") + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The value behind `"key": ` in one case's text; the ones we ask for have no escapes.
std::string_view value_of(std::string_view text, const std::string& key) {
  const std::string mark = "\"" + key + "\": ";
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) throw std::runtime_error("golden.json lacks " + key);
  text.remove_prefix(at + mark.size());
  if (!text.starts_with('"')) return text.substr(0, text.find_first_of(",\n}"));
  return text.substr(1, text.find('"', 1) - 1);
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

}  // namespace

std::vector<GoldenCase> golden_cases() {
  const std::string file = read_file(APPD_GOLDEN_FILE);
  constexpr std::string_view kBegin = "\"name\": ";
  std::vector<GoldenCase> cases;
  for (std::size_t at = file.find(kBegin); at != std::string::npos;) {
    const std::size_t next = file.find(kBegin, at + 1);
    const std::string_view text = std::string_view(file).substr(at, next - at);
    cases.push_back({std::string(value_of(text, "name")), value_of(text, "must_match") == "true",
                     std::string(value_of(text, "byteorder")),
                     from_hex(value_of(text, "request_hex")),
                     from_hex(value_of(text, "response_hex"))});
    at = next;
  }
  return cases;
}

std::vector<GoldenCase> matching_golden_cases() {
  const bool little = protocol::kNativeByteOrder == protocol::ByteOrder::kLittle;
  std::vector<GoldenCase> cases = golden_cases();
  std::erase_if(cases, [&](const GoldenCase& one) {
    return !one.must_match || one.byte_order != (little ? "little" : "big");
  });
  return cases;
}

}  // namespace appd::testing
