#include "appd/protocol/message_header.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bytes.h"

namespace appd::protocol {
namespace {

using namespace std::string_literals;

// One parsed header and what it borrows from.
struct Parsed {
  std::string json;
  std::string scratch;
  MessageHeader header;
  std::string error;  // empty: none

  explicit Parsed(std::string text, HeaderRules rules = HeaderRules::kAllRequired)
      : json(std::move(text)) {
    JsonReader reader;
    Result<void> result =
        parse_message_header(reader, testing::as_bytes(json), rules, header, scratch);
    if (result) return;
    CHECK(status_of(result.error()) == Status::kBadHeader);
    error = result.error().message;
    CHECK_FALSE(error.empty());
  }
};

// The four required fields and more behind them.
std::string with(std::string_view more) {
  return R"({"byteorder": "big", "content-type": "text/json", "content-encoding": "utf-8", )"
         R"("content-length": 41)" +
         std::string(more) + "}";
}
std::string with_length(std::string_view length) {
  return R"({"byteorder": "little", "content-type": "t", "content-encoding": "e", )"
         R"("content-length": )" +
         std::string(length) + "}";
}

TEST_CASE("header: a plain one is understood") {
  Parsed parsed(with(""));
  CHECK(parsed.error.empty());
  CHECK(parsed.header.byte_order == ByteOrder::kBig);
  CHECK(parsed.header.content_type == "text/json");
  CHECK(parsed.header.content_encoding == "utf-8");
  CHECK(parsed.header.content_length == 41);
  CHECK(parsed.header.is_json());
  CHECK_FALSE(parsed.header.extended());
  CHECK_FALSE(parsed.header.action.has_value());
  CHECK_FALSE(parsed.header.status.has_value());
}

TEST_CASE("header: the extensions are understood") {
  Parsed parsed(with(R"(, "connection": "keep-alive", "request-id": "a\"b", "deadline-ms": 250,)"
                     R"( "action": "search", "status": "ok")"));
  CHECK(parsed.error.empty());
  CHECK(parsed.header.has_connection);
  CHECK(parsed.header.keep_alive);
  CHECK(parsed.header.request_id == R"("a\"b")");
  CHECK(parsed.header.deadline == std::chrono::milliseconds(250));
  CHECK(parsed.header.action == "search");
  CHECK(parsed.header.status == "ok");
  CHECK(parsed.header.extended());
}

TEST_CASE("header: each of connection, request-id and deadline-ms makes it extended, action not") {
  CHECK(Parsed(with(R"(, "connection": "close")")).header.extended());
  CHECK(Parsed(with(R"(, "request-id": 17)")).header.extended());
  CHECK(Parsed(with(R"(, "deadline-ms": 0)")).header.extended());
  CHECK_FALSE(Parsed(with(R"(, "action": "echo")")).header.extended());
}

TEST_CASE("header: names compare without regard to case and decoded") {
  Parsed parsed(R"({"ByteOrder": "little", "CONTENT-TYPE": "x", "Content-Encoding": "y",)"
                R"( "content-\u006cengt\u0048": 3, "Request-ID": 1})");
  CHECK(parsed.error.empty());
  CHECK(parsed.header.content_length == 3);
  CHECK(parsed.header.content_type == "x");
  CHECK(parsed.header.request_id == "1");
}

TEST_CASE("header: unknown fields of any kind are ignored, repeated ones too") {
  Parsed parsed(with(R"(, "x": {"content-length": "no"}, "x": [1e400], "content_length": -1,)"
                     R"( "": null, "content-length ": 5, "\u0000": true)"));
  CHECK(parsed.error.empty());
  CHECK(parsed.header.content_length == 41);
}

TEST_CASE("header: other fields are found by name, as they were sent") {
  Parsed parsed(with(R"(, "Trace-ID": "a\u0062", "list": [1, 2], "\u006e": 1e400)"));
  std::string scratch;
  CHECK(parsed.header.other_field("trace-id")->text() == R"("a\u0062")");
  CHECK(parsed.header.other_field("TRACE-id")->string(scratch) == "ab");
  CHECK(parsed.header.other_field("list")->kind() == JsonKind::kArray);
  CHECK(parsed.header.other_field("n")->text() == "1e400");
  CHECK_FALSE(parsed.header.other_field("trace").has_value());
}

TEST_CASE("header: an other field that stands there twice is none, in whatever case") {
  Parsed parsed(with(R"(, "x": 1, "y": 2, "X": 1)"));
  CHECK_FALSE(parsed.header.other_field("x").has_value());
  CHECK(parsed.header.other_field("y")->text() == "2");
}

TEST_CASE("header: the protocol's own fields are no other fields") {
  Parsed parsed(with(R"(, "action": "echo", "x": 1)"));
  CHECK_FALSE(parsed.header.other_field("action").has_value());
  CHECK_FALSE(parsed.header.other_field("Content-Type").has_value());
  CHECK(Parsed(with(R"(, "action": "echo")")).header.json.empty());
}

TEST_CASE("header: values with escapes are decoded, and stay valid side by side") {
  Parsed parsed(R"({"byteorder": "l\u0069ttle", "content-type": "\u0074ext\/json",)"
                R"( "content-encoding": "\u0075tf\u002d8", "content-length": 0,)"
                R"( "connection": "keep\u002dalive", "action": "\ud83d\udc36"})");
  CHECK(parsed.error.empty());
  CHECK(parsed.header.byte_order == ByteOrder::kLittle);
  CHECK(parsed.header.is_json());
  CHECK(parsed.header.content_encoding == "utf-8");
  CHECK(parsed.header.keep_alive);
  CHECK(parsed.header.action == "\xf0\x9f\x90\xb6");
}

TEST_CASE("header: every required field is missed by name") {
  CHECK(Parsed("{}").error == "byteorder is missing");
  CHECK(Parsed(R"({"byteorder": "big", "content-encoding": "e", "content-length": 1})").error ==
        "content-type is missing");
  CHECK(Parsed(R"({"byteorder": "big", "content-type": "t", "content-length": 1})").error ==
        "content-encoding is missing");
  CHECK(Parsed(R"({"byteorder": "big", "content-type": "t", "content-encoding": "e"})").error ==
        "content-length is missing");
}

TEST_CASE("header: content-length is an integer from 0 to 2^63 - 1") {
  CHECK(Parsed(with_length("0")).header.content_length == 0);
  CHECK(Parsed(with_length("-0")).error.empty());
  CHECK(Parsed(with_length("9223372036854775807")).header.content_length == 9223372036854775807u);
  for (std::string_view bad :
       {"-1", "41.0", "4.1e1", "1e400", "\"41\"", "true", "false", "null", "[41]", "{}",
        "9223372036854775808", "18446744073709551616", "99999999999999999999999999999999999"}) {
    CAPTURE(std::string(bad));
    CHECK(Parsed(with_length(bad)).error ==
          "content-length must be an integer from 0 to 9223372036854775807");
  }
}

TEST_CASE("header: a known field twice is refused, in whatever case and spelling") {
  CHECK(Parsed(with(R"(, "content-length": 41)")).error ==
        "content-length must stand in a header once, not twice");
  CHECK(Parsed(with(R"(, "Content-Length": 5)")).error ==
        "content-length must stand in a header once, not twice");
  CHECK(Parsed(with(R"(, "content-\u006cength": 5)")).error ==
        "content-length must stand in a header once, not twice");
  for (std::string_view field :
       {R"("byteorder": "big")", R"("content-type": "a")", R"("content-encoding": "a")",
        R"("connection": "close")", R"("request-id": 1)", R"("deadline-ms": 1)", R"("action": "a")",
        R"("status": "a")"}) {
    CAPTURE(std::string(field));
    std::string twice = ", " + std::string(field) + ", " + std::string(field);
    CHECK(Parsed(with(twice)).error.find("once, not twice") != std::string::npos);
  }
}

TEST_CASE("header: wrong types and values are refused by name") {
  struct Sample {
    std::string_view field;
    std::string_view error;
  };
  for (const Sample& bad : {
           Sample{R"("connection": "Keep-Alive")", R"(connection must be "keep-alive" or "close")"},
           Sample{R"("connection": true)", "connection must be a string, not a boolean"},
           Sample{R"("request-id": null)", "request-id must be a string or an integer, not null"},
           Sample{R"("request-id": 1.5)",
                  "request-id must be a string or an integer, not a number"},
           Sample{R"("request-id": [1])",
                  "request-id must be a string or an integer, not an array"},
           Sample{R"("deadline-ms": -1)", "deadline-ms must be an integer from 0 to 2147483647"},
           Sample{R"("deadline-ms": 2147483648)",
                  "deadline-ms must be an integer from 0 to 2147483647"},
           Sample{R"("deadline-ms": "5")", "deadline-ms must be an integer from 0 to 2147483647"},
           Sample{R"("deadline-ms": 5.0)", "deadline-ms must be an integer from 0 to 2147483647"},
           Sample{R"("action": "")", "action must not be empty"},
           Sample{R"("action": 5)", "action must be a string, not an integer"},
           Sample{R"("status": {})", "status must be a string, not an object"},
       }) {
    CHECK(Parsed(with(", " + std::string(bad.field))).error == bad.error);
  }
  CHECK(Parsed(R"({"byteorder": 1, "content-type": "t", "content-encoding": "e",)"
               R"( "content-length": 1})")
            .error == "byteorder must be a string, not an integer");
  CHECK(Parsed(R"({"byteorder": "big", "content-type": null, "content-encoding": "e",)"
               R"( "content-length": 1})")
            .error == "content-type must be a string, not null");
}

TEST_CASE("header: deadline-ms reaches from 0 to 2^31 - 1") {
  CHECK(Parsed(with(R"(, "deadline-ms": 0)")).header.deadline == std::chrono::milliseconds(0));
  CHECK(Parsed(with(R"(, "deadline-ms": 2147483647)")).header.deadline == kMaxDeadline);
}

TEST_CASE("header: call-depth reaches from 0 to 255, and is 0 where it is absent") {
  CHECK(Parsed(with("")).header.call_depth == 0);
  CHECK(Parsed(with(R"(, "call-depth": 255)")).header.call_depth == 255);
  CHECK(Parsed(with(R"(, "call-depth": 256)")).error ==
        "call-depth must be an integer from 0 to 255");
}

TEST_CASE("header: texts are limited, decoded ones as they count") {
  std::string longest(kMaxFieldBytes, 'x');
  CHECK(Parsed(with(R"(, "action": ")" + longest + "\"")).header.action == longest);
  CHECK(Parsed(with(R"(, "action": "x)" + longest + "\"")).error ==
        "action must have at most 4096 bytes");
  std::string escaped;
  for (std::size_t i = 0; i < kMaxFieldBytes; ++i) escaped += "\\u0078";
  CHECK(Parsed(with(R"(, "action": ")" + escaped + "\"")).header.action == longest);
}

TEST_CASE("header: a request-id is limited as it is written, without its quotation marks") {
  const std::string digits(kMaxFieldBytes, '9');
  const std::string longest(kMaxFieldBytes, 'x');
  CHECK(Parsed(with(R"(, "request-id": )" + digits)).header.request_id == digits);
  CHECK(Parsed(with(R"(, "request-id": ")" + longest + "\"")).header.request_id ==
        '"' + longest + '"');
  for (const std::string& id :
       {digits + '9', '"' + longest + "x\"", "-" + digits, '"' + longest.substr(5) + "\\u0078\""}) {
    CHECK(Parsed(with(R"(, "request-id": )" + id)).error ==
          "request-id must have at most 4096 bytes as it is written");
  }
}

TEST_CASE("header: each text takes 4096 bytes and no more") {
  const auto header = [](std::string_view field, std::size_t bytes) {
    std::string text = "{\"content-length\": 1";
    for (std::string_view name :
         {"byteorder", "content-type", "content-encoding", "action", "status"}) {
      text +=
          ", \"" + std::string(name) + "\": \"" + std::string(name == field ? bytes : 3, 'x') + '"';
    }
    return text + "}";
  };
  for (std::string_view field :
       {"byteorder", "content-type", "content-encoding", "action", "status"}) {
    CHECK(Parsed(header(field, kMaxFieldBytes)).error.empty());
    CHECK(Parsed(header(field, kMaxFieldBytes + 1)).error ==
          std::string(field) + " must have at most 4096 bytes");
  }
}

TEST_CASE("header: another byteorder says nothing, one that is no text is refused") {
  for (std::string_view order : {"middle", "", "Little", "BIG", "little ", "\\u0000"}) {
    CAPTURE(std::string(order));
    Parsed parsed(R"({"byteorder": ")" + std::string(order) +
                  R"(", "content-type": "t", "content-encoding": "e", "content-length": 1})");
    CHECK(parsed.error.empty());
    CHECK_FALSE(parsed.header.byte_order.has_value());
  }
  for (std::string_view order : {"1", "null", "[]", "{}", "true"}) {
    Parsed parsed(R"({"byteorder": )" + std::string(order) +
                  R"(, "content-type": "t", "content-encoding": "e", "content-length": 1})");
    CHECK(parsed.error.starts_with("byteorder must be a string, not "));
  }
}

TEST_CASE("header: what was understood is kept beside an error, wherever it stands") {
  Parsed before(R"({"request-id": "r1", "connection": "keep-alive", "content-length": -1})");
  CHECK(before.error.find("content-length") != std::string::npos);
  CHECK(before.header.request_id == R"("r1")");
  CHECK(before.header.keep_alive);

  Parsed behind(
      R"({"content-length": true, "byteorder": 7, "request-id": 18, "connection": "close"})");
  CHECK(behind.error.find("content-length") != std::string::npos);
  CHECK(behind.header.request_id == "18");
  CHECK(behind.header.has_connection);
  CHECK_FALSE(behind.header.keep_alive);
}

TEST_CASE("header: an id of any size comes back as it was sent") {
  std::string id = "-123456789012345678901234567890";
  CHECK(Parsed(with(R"(, "request-id": )" + id)).header.request_id == id);
  CHECK(Parsed(with(R"(, "request-id": "")")).header.request_id == "\"\"");
}

TEST_CASE("header: with kLengthOnly nothing but length and connection is looked at") {
  Parsed parsed(R"({"Content-type": 5, "Content-encoding": null, "Content-length": 46,)"
                R"( "byteorder": "middle", "byteorder": 2, "request-id": [], "deadline-ms": "x",)"
                R"( "action": "", "status": 1, "Connection": "keep-alive"})",
                HeaderRules::kLengthOnly);
  CHECK(parsed.error.empty());
  CHECK(parsed.header.content_length == 46);
  CHECK(parsed.header.keep_alive);
  CHECK(Parsed("{}", HeaderRules::kLengthOnly).error == "content-length is missing");
  CHECK(Parsed(R"({"content-length": -5})", HeaderRules::kLengthOnly).error.size() > 0);
  CHECK(
      Parsed(R"({"content-length": 5, "connection": "x"})", HeaderRules::kLengthOnly).error.size() >
      0);
}

TEST_CASE("header: what is hostile is bad_header, and nothing worse") {
  std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  std::string deep_objects;
  for (int i = 0; i < 10'000; ++i) deep_objects += "{\"a\":";
  for (const std::string& text : {"["s,
                                  "[]"s,
                                  "null"s,
                                  "\"{}\""s,
                                  "{"s,
                                  "{}{}"s,
                                  "{},"s,
                                  "x"s,
                                  " "s,
                                  "\0"s,
                                  "{}\0"s,
                                  with("") + "\0"s,
                                  "\xef\xbb\xbf" + with(""),
                                  with("\0"s),
                                  with(", \"a\": \"\0\""s),
                                  with(", \"a\": \"\xff\""),
                                  with(", \"\xc3\": 1"),
                                  with(", \"a\": \"\\udc00\""),
                                  with(", \"\\ud800\": 1"),
                                  with(", \"a\": 1,"),
                                  with(", \"a\""),
                                  with(", 1: 2"),
                                  deep,
                                  deep_objects,
                                  with(", \"a\": " + deep + "]"),
                                  std::string(65'535, ' '),
                                  std::string(65'535, '{'),
                                  std::string(65'535, '"'),
                                  std::string(65'535, '\\'),
                                  std::string(65'535, '9')}) {
    CAPTURE(text.substr(0, 80));
    CHECK_FALSE(Parsed(text).error.empty());
  }
  CHECK(Parsed(with(", \"a\": " + deep)).error.empty());
  CHECK(Parsed(with(", \"a\": " + std::string(60'000, '9') + "e" + std::string(5'000, '9')))
            .error.empty());
}

TEST_CASE("header: the error of malformed JSON says where") {
  CHECK(Parsed("{\"a\": 1").error ==
        "the header is not a JSON object: a comma or } is missing at byte 7");
  CHECK(Parsed("[1]").error ==
        "the header is not a JSON object: a JSON object is needed, not an array");
}

}  // namespace
}  // namespace appd::protocol
