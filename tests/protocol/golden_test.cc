// The bytes that the Python programs sent, as recorded in tests/wire/golden.json.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "appd/clients/appctl/python_literal.h"
#include "appd/protocol/message_decoder.h"
#include "appd/protocol/message_encoder.h"
#include "appd/protocol/text/json.h"
#include "bytes.h"

namespace appd::protocol {
namespace {

using testing::as_bytes;
using testing::as_text;

// One recorded exchange: its string members by name.
using Case = std::map<std::string, std::string, std::less<>>;

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// The objects in an array of objects: found by reading ever shorter beginnings would be slow, so
// their ends are where the brackets outside strings balance.
std::vector<std::string_view> objects_of(std::string_view array) {
  std::vector<std::string_view> objects;
  int depth = 0;
  bool in_string = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < array.size(); ++i) {
    char c = array[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' && depth++ == 0) {
      begin = i;
    } else if (c == '}' && --depth == 0) {
      objects.push_back(array.substr(begin, i + 1 - begin));
    }
  }
  return objects;
}

std::vector<Case> golden_cases() {
  std::string text = read_file(APPD_GOLDEN_FILE);
  JsonReader reader;
  std::string array;
  REQUIRE(reader.read_object(text, [&array](std::string_view name, JsonView value) {
    if (name == "cases") array = value.text();
  }));
  std::vector<Case> cases;
  std::string scratch;
  for (std::string_view object : objects_of(array)) {
    Case one;
    REQUIRE(reader.read_object(object, [&](std::string_view name, JsonView value) {
      if (value.kind() == JsonKind::kString) one.emplace(name, value.string(scratch));
    }));
    cases.push_back(std::move(one));
  }
  return cases;
}

// Decodes the only message in `bytes`; its parts are copies.
struct Decoded {
  std::string header_bytes;
  std::string content;
  std::string rewritten;  // the header as our encoder writes it
  std::optional<ByteOrder> byte_order;

  explicit Decoded(const std::string& bytes) {
    DecodeContext context;
    DecodeLimits limits;
    MessageDecoder decoder(context, limits);
    DecodeResult event = decoder.next(as_bytes(bytes));
    REQUIRE(event.has_value());
    REQUIRE(event->kind == DecodeEvent::Kind::kMessage);
    REQUIRE(event->bytes == bytes.size());
    content = as_text(event->content);
    header_bytes = bytes.substr(0, bytes.size() - content.size());
    const MessageHeader& header = *event->header;
    CHECK_FALSE(header.extended());
    byte_order = header.byte_order;
    ContentFields fields{header.content_type, header.content_encoding, header.content_length};
    CHECK(encode_request_header(fields, {}, rewritten).has_value());
    std::string as_reply;
    encode_reply_header(fields, nullptr, as_reply);
    CHECK(as_reply == rewritten);
  }
};

TEST_CASE("golden: every recorded message decodes, and encodes to the same bytes") {
  std::vector<Case> cases = golden_cases();
  CHECK(cases.size() >= 20);
  int compared = 0;
  for (const Case& one : cases) {
    CAPTURE(one.at("name"));
    for (const char* side : {"request_hex", "response_hex"}) {
      CAPTURE(side);
      std::string bytes = from_hex(one.at(side));
      REQUIRE(bytes.size() > kPrefixBytes);
      Decoded decoded(bytes);
      // A recording of the other byte order differs in that one word.
      if (decoded.byte_order != kNativeByteOrder) continue;
      CHECK(decoded.rewritten == decoded.header_bytes);
      ++compared;
    }
  }
  CHECK((compared > 20 || kNativeByteOrder != ByteOrder::kLittle));
}

TEST_CASE("golden: what the tutorial's client printed is our notation") {
  int compared = 0;
  for (const Case& one : golden_cases()) {
    auto printed = one.find("client_stdout");
    if (printed == one.end()) continue;
    CAPTURE(one.at("name"));
    std::string request = from_hex(one.at("request_hex"));
    CHECK(printed->second.find("sending " + clients::bytes_literal(as_bytes(request)) + " to ") !=
          std::string::npos);
    Decoded response(from_hex(one.at("response_hex")));
    Result<JsonView> result = JsonView::parse(response.content);
    if (!result) continue;  // binary
    CHECK(printed->second.find("received response " + clients::json_literal(*result) + " from ") !=
          std::string::npos);
    ++compared;
  }
  CHECK(compared >= 5);
}

}  // namespace
}  // namespace appd::protocol
