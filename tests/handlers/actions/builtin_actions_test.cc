#include <doctest/doctest.h>

#include "tests/handlers/call_fixture.h"

using namespace std::literals;

namespace appd::handlers::test {

TEST_CASE("search: each entry of the tutorial is found") {
  Caller caller;
  CHECK(caller.call("search", R"("morpheus")") ==
        json_result("\"Follow the white rabbit. \U0001f430\""));
  CHECK(caller.call("search", R"("ring")") ==
        json_result("\"In the caves beneath the Misty Mountains. \U0001f48d\""));
  CHECK(caller.call("search", "\"\U0001f436\"") ==
        json_result("\"\U0001f43e Playing ball! \U0001f3d0\""));
}

TEST_CASE("search: an escaped query finds what the plain one finds") {
  Caller caller;
  CHECK(caller.call("search", R"("\ud83d\udc36")") == caller.call("search", "\"\U0001f436\""));
}

TEST_CASE("search: a miss repeats the query") {
  Caller caller;
  CHECK(caller.call("search", R"("needle")") == json_result(R"("No match for \"needle\".")"));
  CHECK(caller.call("search", R"("")") == json_result(R"("No match for \"\".")"));
  CHECK(caller.call("search", R"("say \"hi\" \\ ok")") ==
        json_result(R"("No match for \"say \"hi\" \\ ok\".")"));
}

TEST_CASE("search: only the exact query matches") {
  Caller caller;
  CHECK(caller.call("search", R"("Morpheus")") == json_result(R"("No match for \"Morpheus\".")"));
  CHECK(caller.call("search", R"("ring ")") == json_result(R"("No match for \"ring \".")"));
}

TEST_CASE("search: a value that is no string is refused, with its kind") {
  Caller caller;
  const auto refused = [](std::string_view came) {
    return error(Status::kInvalidArgument, "search takes a string, not " + std::string(came));
  };
  CHECK(caller.call("search", "null") == refused("null"));
  CHECK(caller.call("search", "true") == refused("a boolean"));
  CHECK(caller.call("search", "5") == refused("an integer"));
  CHECK(caller.call("search", "5.0") == refused("a number with a fraction or an exponent"));
  CHECK(caller.call("search", R"(["morpheus"])") == refused("an array"));
  CHECK(caller.call("search", "{}") == refused("an object"));
}

TEST_CASE("search: a missing value is refused") {
  CHECK(Caller().call_without_value("search") ==
        error(Status::kInvalidArgument, R"(search takes a string, but there is no \"value\")"));
}

TEST_CASE("search: a binary query gets binary text") {
  Caller caller;
  CHECK(caller.binary_to("search", "morpheus") ==
        binary_result("Follow the white rabbit. \U0001f430"));
  CHECK(caller.binary_to("search", "needle") == binary_result("No match for \"needle\"."));
}

TEST_CASE("search: a binary query that is not UTF-8 is refused") {
  CHECK(Caller().binary_to("search", "caf\xe9") ==
        error(Status::kInvalidArgument,
              "search takes UTF-8 text, but the content is not valid UTF-8"));
}

TEST_CASE("search: the entries of the options replace the tutorial's") {
  Registry registry;
  add_builtin_actions(registry, {.search_entries = {{"key", "text"}}});
  protocol::JsonReader reader;
  Dispatcher dispatcher(registry, reader);
  const protocol::MessageHeader header = header_of("text/json", "utf-8");
  const auto ask = [&](std::string_view content) {
    return std::string(dispatcher.dispatch(header, std::as_bytes(std::span(content))).content());
  };
  CHECK(ask(R"({"action": "search", "value": "key"})") == R"({"result": "text"})");
  CHECK(ask(R"({"action": "search", "value": "ring"})") ==
        R"({"result": "No match for \"ring\"."})");
}

TEST_CASE("double: twice a JSON integer") {
  Caller caller;
  CHECK(caller.call("double", "7654321") == json_result("15308642"));
  CHECK(caller.call("double", "0") == json_result("0"));
  CHECK(caller.call("double", "-21") == json_result("-42"));
}

TEST_CASE("double: the largest results of 64 bits fit, the next do not") {
  Caller caller;
  CHECK(caller.call("double", "4611686018427387903") == json_result("9223372036854775806"));
  CHECK(caller.call("double", "-4611686018427387904") == json_result("-9223372036854775808"));
  CHECK(caller.call("double", "4611686018427387904") ==
        error(Status::kOutOfRange,
              "double of 4611686018427387904 does not fit an integer of 64 bits"));
  CHECK(caller.call("double", "-4611686018427387905") ==
        error(Status::kOutOfRange,
              "double of -4611686018427387905 does not fit an integer of 64 bits"));
}

TEST_CASE("double: twice a packed integer") {
  Caller caller;
  CHECK(caller.binary("double\x00\x74\xcb\xb1"sv) == binary_result("result\x00\xe9\x97\x62"sv));
  CHECK(caller.binary("double\xff\xff\xff\xfe"sv) == binary_result("result\xff\xff\xff\xfc"sv));
}

TEST_CASE("double: the largest packed results fit, the next do not") {
  Caller caller;
  CHECK(caller.binary("double\x3f\xff\xff\xff"sv) == binary_result("result\x7f\xff\xff\xfe"sv));
  CHECK(caller.binary("double\xc0\x00\x00\x00"sv) == binary_result("result\x80\x00\x00\x00"sv));
  CHECK(caller.binary("double\x40\x00\x00\x00"sv) ==
        error(Status::kOutOfRange, "double of 1073741824 does not fit an integer of 32 bits"));
  CHECK(caller.binary("double\xbf\xff\xff\xff"sv) ==
        error(Status::kOutOfRange, "double of -1073741825 does not fit an integer of 32 bits"));
}

TEST_CASE("double: the header's action takes the payload alone") {
  CHECK(Caller().binary_to("double", "\x00\x00\x00\x05"sv) ==
        binary_result("result\x00\x00\x00\x0a"sv));
}

TEST_CASE("double: a payload of another length is refused") {
  const auto refused = [](std::string_view bytes) {
    return error(Status::kInvalidArgument,
                 "double takes exactly 4 bytes, a 32-bit integer in network order, not " +
                     std::string(bytes));
  };
  Caller caller;
  CHECK(caller.binary_to("double", "") == refused("0"));
  CHECK(caller.binary_to("double", "\x00\x00\x05"sv) == refused("3"));
  CHECK(caller.binary_to("double", "double\x00\x00\x00\x05"sv) == refused("10"));
}

TEST_CASE("double: only a JSON integer will do") {
  Caller caller;
  const auto refused = [](std::string_view came) {
    return error(Status::kInvalidArgument, "double takes an integer, not " + std::string(came));
  };
  CHECK(caller.call("double", "5.0") == refused("a number with a fraction or an exponent"));
  CHECK(caller.call("double", "1e3") == refused("a number with a fraction or an exponent"));
  CHECK(caller.call("double", R"("5")") == refused("a string"));
  CHECK(caller.call("double", "true") == refused("a boolean"));
  CHECK(caller.call("double", "null") == refused("null"));
  CHECK(caller.call("double", "[5]") == refused("an array"));
  CHECK(caller.call_without_value("double") ==
        error(Status::kInvalidArgument, R"(double takes an integer, but there is no \"value\")"));
}

TEST_CASE("double: an integer past 64 bits is out of range, however long") {
  Caller caller;
  const Answer refused =
      error(Status::kOutOfRange,
            "double takes an integer from -9223372036854775808 to 9223372036854775807");
  CHECK(caller.call("double", "9223372036854775808") == refused);
  CHECK(caller.call("double", "-9223372036854775809") == refused);
  CHECK(caller.call("double", std::string(100'000, '9')) == refused);
}

TEST_CASE("negate: the negative of a JSON integer") {
  Caller caller;
  CHECK(caller.call("negate", "7654321") == json_result("-7654321"));
  CHECK(caller.call("negate", "-300") == json_result("300"));
  CHECK(caller.call("negate", "0") == json_result("0"));
  CHECK(caller.call("negate", "9223372036854775807") == json_result("-9223372036854775807"));
}

TEST_CASE("negate: the negative of a packed integer") {
  Caller caller;
  CHECK(caller.binary("negate\x00\x74\xcb\xb1"sv) == binary_result("result\xff\x8b\x34\x4f"sv));
  CHECK(caller.binary("negate\xff\xff\xfe\xd4"sv) == binary_result("result\x00\x00\x01\x2c"sv));
}

TEST_CASE("negate: the minimum has no negative") {
  Caller caller;
  CHECK(caller.call("negate", "-9223372036854775808") ==
        error(Status::kOutOfRange,
              "negate of -9223372036854775808 does not fit an integer of 64 bits"));
  CHECK(caller.binary("negate\x80\x00\x00\x00"sv) ==
        error(Status::kOutOfRange, "negate of -2147483648 does not fit an integer of 32 bits"));
}

TEST_CASE("binary: a string's first 10 bytes, cut at a character") {
  Caller caller;
  CHECK(caller.call("binary", R"("hello")") == json_result("\"First 10 bytes of request: hello\""));
  CHECK(caller.call("binary", R"("hello world")") ==
        json_result("\"First 10 bytes of request: hello worl\""));
  CHECK(caller.call("binary", "\"abcdefgh\U0001f603\"") ==
        json_result("\"First 10 bytes of request: abcdefgh\""));
  CHECK(caller.call("binary", R"("")") == json_result("\"First 10 bytes of request: \""));
}

TEST_CASE("binary: a value that is no string is refused") {
  Caller caller;
  CHECK(caller.call("binary", "5") ==
        error(Status::kInvalidArgument, "binary takes a string, not an integer"));
  CHECK(caller.call_without_value("binary") ==
        error(Status::kInvalidArgument, R"(binary takes a string, but there is no \"value\")"));
}

TEST_CASE("binary: exactly the first 10 bytes, characters or not") {
  Caller caller;
  CHECK(caller.binary("ab") == binary_result("First 10 bytes of request: ab"));
  CHECK(caller.binary("") == binary_result("First 10 bytes of request: "));
  CHECK(caller.binary("helloworld!") == binary_result("First 10 bytes of request: helloworld"));
  CHECK(caller.binary("abcdefgh\U0001f603") ==
        binary_result("First 10 bytes of request: abcdefgh\xf0\x9f"));
  CHECK(caller.binary("\x00\xff\x80"sv) ==
        binary_result("First 10 bytes of request: \x00\xff\x80"sv));
}

TEST_CASE("echo: any JSON comes back as it was written") {
  Caller caller;
  for (const std::string_view value :
       {"null", "true", "5", "5.0", "1E+2", "123456789012345678901234567890", R"("\u0041\n")",
        R"([1, {"a":  [ ]}])", R"({"b": 1, "a": 2, "b": 3})"}) {
    CAPTURE(value);
    CHECK(caller.call("echo", value) == json_result(value));
  }
}

TEST_CASE("echo: a missing value is refused") {
  CHECK(Caller().call_without_value("echo") ==
        error(Status::kInvalidArgument, R"(echo takes any JSON value, but there is no \"value\")"));
}

TEST_CASE("echo: bytes come back with their type and encoding") {
  Caller caller;
  caller.header.action = "echo";
  caller.header.content_type = "image/png";
  caller.header.content_encoding = "gzip";
  CHECK(caller.send("\x89PNG\x00"sv) == Answer{.content = std::string("\x89PNG\x00"sv),
                                               .content_type = "image/png",
                                               .content_encoding = "gzip"});
}

TEST_CASE("echo: no bytes come back as no bytes, even of no type") {
  Caller caller;
  caller.header.action = "echo";
  CHECK(caller.send("") == Answer{.content = "", .content_type = "", .content_encoding = ""});
}

}  // namespace appd::handlers::test
