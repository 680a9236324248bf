#include "tests/clients/golden_cases.h"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/text/json.h"

namespace appd::testing {
namespace {

using protocol::JsonView;

std::string string_of(JsonView value) {
  std::string scratch;
  return std::string(value.string(scratch));
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// The elements of an array; JsonReader reads objects, so it becomes one element by element.
std::vector<std::string> elements(std::string_view array) {
  std::vector<std::string> found;
  std::size_t begin = 1;
  for (std::size_t i = 1; i < array.size(); ++i) {
    if (array[i] != ',' && array[i] != ']') continue;
    const std::string_view piece = array.substr(begin, i - begin);
    if (auto value = JsonView::parse(piece)) {
      found.emplace_back(value->text());
      begin = i + 1;
    }
  }
  return found;
}

GoldenCase parse_case(std::string_view text, bool& usable) {
  GoldenCase golden;
  protocol::JsonReader reader;
  std::string byte_order;
  bool is_client = false;
  auto done = reader.read_object(text, [&](std::string_view name, JsonView value) {
    if (name == "name") golden.name = string_of(value);
    if (name == "byteorder") byte_order = string_of(value);
    if (name == "request_hex") golden.request = from_hex(string_of(value));
    if (name == "response_hex") golden.response = from_hex(string_of(value));
    if (name == "client_stdout") golden.client_output = string_of(value);
    if (name != "argv") return;
    is_client = true;
    for (const std::string& element : elements(value.text())) {
      golden.arguments.push_back(string_of(JsonView::parse(element).value()));
    }
  });
  usable = done && is_client && byte_order == byte_order_name(protocol::kNativeByteOrder);
  return golden;
}

}  // namespace

std::vector<GoldenCase> golden_client_cases() {
  std::ifstream file(APPD_GOLDEN_FILE, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<GoldenCase> cases;
  protocol::JsonReader reader;
  auto done = reader.read_object(text, [&](std::string_view name, JsonView value) {
    if (name != "cases") return;
    for (const std::string& element : elements(value.text())) {
      bool usable = false;
      GoldenCase golden = parse_case(element, usable);
      if (usable) cases.push_back(std::move(golden));
    }
  });
  if (!done || cases.empty()) throw std::runtime_error("no cases in " APPD_GOLDEN_FILE);
  return cases;
}

}  // namespace appd::testing
