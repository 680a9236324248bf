#include "appd/clients/request_builder.h"

#include <doctest/doctest.h>

#include "tests/clients/fake_server.h"

namespace appd::clients {
namespace {

using protocol::Protocol;

std::string content_of(std::string_view action, const CallValue& value,
                       ValueForm form = ValueForm::kAutomatic) {
  auto request = build_request(action, value, form);
  return request ? request->content : "refused: " + request.error().message;
}

std::string refusal(const Result<Request>& request) {
  REQUIRE_FALSE(request);
  CHECK(client_error_of(request.error()) == ClientError::kInvalidRequest);
  return request.error().message;
}

std::string wire(const Result<Request>& request, Protocol protocol = Protocol::kApp) {
  auto encoded = encode_request(request.value(), protocol).value();
  return encoded->head + encoded->body;
}

TEST_CASE("request builder: no action's name is magic") {
  for (const char* name : {"search", "double", "negate", "binary", "describe"}) {
    CAPTURE(name);
    const std::string begin = "{\"action\": \"" + std::string(name) + "\"";
    CHECK(content_of(name, {"5"}) == begin + ", \"value\": 5}");
    CHECK(content_of(name, {"2.5"}) == begin + ", \"value\": 2.5}");
    CHECK(content_of(name, {"x"}) == begin + ", \"value\": \"x\"}");
    CHECK(content_of(name, {}) == begin + "}");
  }
}

TEST_CASE("request builder: a value is JSON where it is valid and a string otherwise") {
  CHECK(content_of("echo", {" [1,2] "}) == R"({"action": "echo", "value": [1,2]})");
  CHECK(content_of("echo", {"5"}) == R"({"action": "echo", "value": 5})");
  CHECK(content_of("echo", {"a \"b\""}) == R"({"action": "echo", "value": "a \"b\""})");
  CHECK(content_of("echo", {"[1,"}) == R"({"action": "echo", "value": "[1,"})");
  CHECK(content_of("echo", {""}) == R"({"action": "echo", "value": ""})");
}

TEST_CASE("request builder: without a value the message has none") {
  CHECK(content_of("echo", {}) == R"({"action": "echo"})");
  CHECK(content_of("binary", {}, ValueForm::kBinary) == "binary");
}

TEST_CASE("request builder: a form that is asked for wins over the action's own") {
  CHECK(content_of("search", {"5"}, ValueForm::kJson) == R"({"action": "search", "value": 5})");
  CHECK(content_of("double", {"5000000000"}, ValueForm::kJson) ==
        R"({"action": "double", "value": 5000000000})");
  CHECK(content_of("echo", {"[1]"}, ValueForm::kString) == R"({"action": "echo", "value": "[1]"})");
  CHECK(content_of("double", {"5"}, ValueForm::kBinary) == "double5");
}

TEST_CASE("request builder: content is the value's bytes, and the header names the action") {
  const std::string bytes("\0\0\0\5", 4);
  const auto request = build_request("double", {bytes}, ValueForm::kContent);
  CHECK(wire(request) == testing::message(bytes, R"("action": "double")",
                                          "binary/custom-client-binary-type", "binary"));
  const auto elsewhere =
      build_request("x", {"v"}, ValueForm::kContent, {"action=y", "connection=keep-alive"});
  CHECK(wire(elsewhere) == testing::message("v", R"("connection": "keep-alive", "action": "y")",
                                            "binary/custom-client-binary-type", "binary"));
  CHECK_FALSE(build_request("", {"v"}, ValueForm::kContent).value().action);
}

TEST_CASE("request builder: a byte order mark in front of JSON or of a file's text is skipped") {
  CHECK(content_of("echo", {"\xef\xbb\xbf[1]"}) == R"({"action": "echo", "value": [1]})");
  CHECK(content_of("echo", {"\xef\xbb\xbf[1]\n", true}, ValueForm::kJson) ==
        R"({"action": "echo", "value": [1]})");
  CHECK(content_of("echo", {"\xef\xbb\xbfone\n", true}) == R"({"action": "echo", "value": "one"})");
  CHECK(content_of("echo", {"\xef\xbb\xbfone"}) ==
        "{\"action\": \"echo\", \"value\": \"\xef\xbb\xbfone\"}");
  CHECK(content_of("echo", {"\xef\xbb\xbf", true}, ValueForm::kContent) == "\xef\xbb\xbf");
}

TEST_CASE("request builder: one line end behind a file's text is not part of it, bytes are kept") {
  CHECK(content_of("search", {"a\n\n", true}) == R"({"action": "search", "value": "a\n"})");
  CHECK(content_of("search", {"a\r\n", true}) == R"({"action": "search", "value": "a"})");
  CHECK(content_of("search", {"a\n"}) == R"({"action": "search", "value": "a\n"})");
  CHECK(content_of("x", {"a\n", true}, ValueForm::kBinary) == "xa\n");
}

TEST_CASE("request builder: what is not UTF-8 is refused as text and sent as bytes") {
  CHECK(refusal(build_request("search", {"\xff"}, ValueForm::kAutomatic)).find("--binary") !=
        std::string::npos);
  CHECK(content_of("x", {"\xff"}, ValueForm::kBinary) == "x\xff");
}

TEST_CASE("request builder: forced JSON must be JSON") {
  CHECK(refusal(build_request("echo", {"[1,"}, ValueForm::kJson)).find("not JSON") !=
        std::string::npos);
}

TEST_CASE("request builder: header fields follow the four in their order") {
  const auto request = build_request(
      "echo", {"1"}, ValueForm::kAutomatic,
      {"X-Trace=abc", "deadline-ms=250", "Request-Id=17", "connection=keep-alive", "action=echo"});
  CHECK(wire(request) ==
        testing::message(R"({"action": "echo", "value": 1})",
                         R"("connection": "keep-alive", "request-id": 17, "deadline-ms": 250, )"
                         R"("action": "echo", "X-Trace": "abc")"));
}

TEST_CASE("request builder: a known field of a wrong kind is sent as it is") {
  const auto request =
      build_request("echo", {"1"}, ValueForm::kAutomatic, {"connection=7", "deadline-ms=soon"});
  CHECK(wire(request) == testing::message(R"({"action": "echo", "value": 1})",
                                          R"("connection": 7, "deadline-ms": "soon")"));
}

TEST_CASE("request builder: content follows an encoding that a field asks for") {
  const auto request =
      build_request("search", {"caf\xc3\xa9"}, ValueForm::kAutomatic, {"content-encoding=latin-1"});
  CHECK(request.value().content == "{\"action\": \"search\", \"value\": \"caf\xe9\"}");
  CHECK(request.value().content_encoding == "latin-1");
}

TEST_CASE("request builder: an unknown encoding changes the field alone") {
  const auto request =
      build_request("search", {"x"}, ValueForm::kAutomatic, {"content-encoding=klingon"});
  CHECK(request.value().content == R"({"action": "search", "value": "x"})");
}

TEST_CASE("request builder: header fields that cannot be are refused") {
  for (const char* wrong :
       {"novalue", "=x", "byteorder=big", "Content-Length=5", "content-type=5", "x=\xff"}) {
    CAPTURE(wrong);
    (void)refusal(build_request("echo", {"1"}, ValueForm::kAutomatic, {wrong}));
  }
  (void)refusal(build_request("echo", {"1"}, ValueForm::kAutomatic, {"a=1", "A=2"}));
}

TEST_CASE("request: a header beyond 65,535 bytes is refused") {
  const auto request =
      build_request("echo", {"1"}, ValueForm::kAutomatic, {"x=" + std::string(70'000, 'y')});
  const auto encoded = encode_request(request.value(), Protocol::kApp);
  REQUIRE_FALSE(encoded);
  CHECK(client_error_of(encoded.error()) == ClientError::kInvalidRequest);
}

TEST_CASE("request: a framed echo is split into frames of at most 65,535 bytes") {
  const std::string value(65535 + 2, 'v');
  auto request = build_echo_request(Protocol::kFramedEcho, value, ValueForm::kAutomatic);
  const std::string bytes = wire(request, Protocol::kFramedEcho);
  CHECK(bytes.substr(0, 2) == "\xff\xff");
  CHECK(bytes.substr(2 + 65535) == std::string("\0\2vv", 4));
  CHECK(content_of_frames(bytes) == value);
}

TEST_CASE("request: an empty framed echo is one empty frame") {
  auto request = build_echo_request(Protocol::kFramedEcho, "", ValueForm::kAutomatic);
  CHECK(wire(request, Protocol::kFramedEcho) == std::string(2, '\0'));
}

TEST_CASE("request: a raw echo is the bytes alone, and there must be some") {
  auto request = build_echo_request(Protocol::kRawEcho, "ab\n", ValueForm::kAutomatic);
  CHECK(wire(request, Protocol::kRawEcho) == "ab\n");
  auto empty = build_echo_request(Protocol::kRawEcho, "", ValueForm::kAutomatic);
  CHECK_FALSE(encode_request(empty.value(), Protocol::kRawEcho));
  (void)refusal(build_echo_request(Protocol::kRawEcho, "x", ValueForm::kJson));
  (void)refusal(build_echo_request(Protocol::kRawEcho, "x", ValueForm::kAutomatic, {"a=b"}));
}

TEST_CASE("request: a message echo's content-type follows from the value") {
  const auto type_of = [](std::string value, ValueForm form) {
    return build_echo_request(Protocol::kMessageEcho, std::move(value), form).value().content_type;
  };
  CHECK(type_of("hi", ValueForm::kAutomatic) == "text/plain");
  CHECK(type_of("\xff", ValueForm::kAutomatic) == "binary/custom-client-binary-type");
  CHECK(type_of("[1]", ValueForm::kJson) == "text/json");
}

}  // namespace
}  // namespace appd::clients
