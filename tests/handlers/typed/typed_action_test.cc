#include <doctest/doctest.h>

#include <cctype>
#include <cmath>
#include <limits>

#include "tests/handlers/typed/typed_fixture.h"

using namespace std::literals;

namespace appd::handlers::test {

TEST_CASE("typed: each kind of value comes back as it went, as JSON") {
  CHECK(Typed(same<bool>).json("true") == json_result("true"));
  CHECK(Typed(same<int>).json("-17") == json_result("-17"));
  CHECK(Typed(same<double>).json("0.5") == json_result("0.5"));
  CHECK(Typed(same<float>).json("0.1") == json_result("0.1"));
  CHECK(Typed(same<std::string>).json(R"("a \"b\" \ud83d\udc30")") ==
        json_result("\"a \\\"b\\\" \U0001f430\""));
  CHECK(Typed(same<std::string_view>).json(R"("plain")") == json_result(R"("plain")"));
  CHECK(Typed(same<JsonView>).json(R"({"a": [1, 1e400]})") == json_result(R"({"a": [1, 1e400]})"));
  CHECK(Typed(same<Json>).json("[1,  2]") == json_result("[1,  2]"));
  CHECK(Typed(same<std::vector<int>>).json("[1,2 , 3]") == json_result("[1, 2, 3]"));
  CHECK(Typed(same<std::vector<bool>>).json("[true, false]") == json_result("[true, false]"));
  CHECK(Typed(same<std::vector<std::string_view>>).json(R"(["\n", "b", "\t"])") ==
        json_result(R"(["\n", "b", "\t"])"));
  CHECK(Typed(same<std::vector<std::vector<double>>>).json("[[1], []]") ==
        json_result("[[1.0], []]"));
  CHECK(Typed(same<std::optional<int>>).json("null") == json_result("null"));
  CHECK(Typed(same<std::vector<std::optional<int>>>).json("[1, null]") == json_result("[1, null]"));
}

TEST_CASE("typed: each kind of value has its binary form") {
  CHECK(Typed(same<bool>).binary("\1") == binary_result("\1"));
  CHECK(Typed(same<std::int32_t>).binary("\xff\xff\xff\xfe") ==
        binary_result("result\xff\xff\xff\xfe"));
  CHECK(Typed(same<std::uint32_t>).binary("\xff\xff\xff\xfe") ==
        binary_result("result\xff\xff\xff\xfe"));
  CHECK(Typed(same<double>).binary("\x3f\xe0\0\0\0\0\0\0"sv) ==
        binary_result("\x3f\xe0\0\0\0\0\0\0"sv));
  CHECK(Typed(same<std::string>).binary("caf\xc3\xa9") == binary_result("caf\xc3\xa9"));
  CHECK(Typed(same<Bytes>).binary("\xff\0\1"sv) == binary_result("\xff\0\1"sv));
  CHECK(Typed(same<std::vector<std::byte>>).binary("\xff\0\1"sv) == binary_result("\xff\0\1"sv));
  CHECK(Typed(same<std::vector<std::int64_t>>).binary("\0\0\0\1\0\0\0\2"sv) ==
        binary_result("\0\0\0\1\0\0\0\2"sv));
  CHECK(Typed(same<std::optional<bool>>).binary("") == binary_result(""));
  CHECK(Typed(same<std::optional<bool>>).binary("\1") == binary_result("\1"));
}

TEST_CASE("typed: bytes take a JSON string as its UTF-8, and are answered as binary content") {
  CHECK(Typed(same<Bytes>).json(R"("\u00e9")") == binary_result("\xc3\xa9"));
}

TEST_CASE(
    "typed: a value of another kind is refused, with what was expected, what came and where") {
  CHECK(Typed(same<int>).json(R"("5")") ==
        refused(R"(an integer from -2147483648 to 2147483647 at JSON pointer \"/value\", )"
                R"(but a string came: \"5\")"));
  CHECK(Typed(same<std::int64_t>).json("5.0") ==
        refused(R"(an integer at JSON pointer \"/value\", but a number came: 5.0)"));
  CHECK(Typed(same<double>).json("true") ==
        refused(R"(a number at JSON pointer \"/value\", but a boolean came: true)"));
  CHECK(Typed(same<bool>).json("0") ==
        refused(R"(a boolean at JSON pointer \"/value\", but an integer came: 0)"));
  CHECK(Typed(same<std::string>).json("null") ==
        refused(R"(a string at JSON pointer \"/value\", but null came)"));
  CHECK(Typed(same<std::vector<bool>>).json("{}") ==
        refused(R"(an array of booleans at JSON pointer \"/value\", but an object came: {})"));
  CHECK(Typed(same<std::optional<bool>>).json("1") ==
        refused(R"(a boolean at JSON pointer \"/value\", but an integer came: 1)"));
}

TEST_CASE("typed: an element is named by its pointer, however deep") {
  CHECK(Typed(same<std::vector<std::int64_t>>).json(R"([1, 2, "x"])") ==
        refused(R"(an integer at JSON pointer \"/value/2\", but a string came: \"x\")"));
  CHECK(Typed(same<std::vector<std::vector<bool>>>).json("[[], [true, 7]]") ==
        refused(R"(a boolean at JSON pointer \"/value/1/1\", but an integer came: 7)"));
}

TEST_CASE("typed: where the header names the action, pointers begin at the content") {
  Typed typed(same<std::vector<bool>>);
  typed.caller.header.action = "act";
  CHECK(typed.caller.json("[0]") ==
        refused(R"(a boolean at JSON pointer \"/0\", but an integer came: 0)"));
}

TEST_CASE("typed: of a long value only the beginning is repeated, cut between characters") {
  const Answer answer = Typed(same<bool>).json("\"" + std::string(38, 'a') + "\u00e9\u00e9\"");
  CHECK(answer == refused(R"(a boolean at JSON pointer \"/value\", but a string came: \")" +
                          std::string(38, 'a') + "..."));
}

TEST_CASE("typed: a missing value is refused, except where it may be") {
  CHECK(Typed(same<bool>).without_value() ==
        refused(R"(a boolean at JSON pointer \"/value\", but there is no \"value\")"));
  CHECK(Typed(same<std::optional<bool>>).without_value() == json_result("null"));
}

TEST_CASE("typed: integers keep their range") {
  CHECK(Typed(same<std::uint8_t>).json("255") == json_result("255"));
  CHECK(Typed(same<std::uint8_t>).json("256") ==
        out_of_range(
            R"(an integer from 0 to 255 at JSON pointer \"/value\", but an integer came: 256)"));
  CHECK(Typed(same<std::uint8_t>).json("-1").status == Status::kOutOfRange);
  CHECK(Typed(same<std::uint8_t>).json("-0") == json_result("0"));
  CHECK(Typed(same<std::uint64_t>).json("18446744073709551615") ==
        json_result("18446744073709551615"));
  CHECK(Typed(same<std::uint64_t>).json("18446744073709551616").status == Status::kOutOfRange);
  CHECK(Typed(same<std::int64_t>).json("-9223372036854775808") ==
        json_result("-9223372036854775808"));
  CHECK(Typed(same<std::int64_t>).json("9223372036854775808").status == Status::kOutOfRange);
  CHECK(Typed(same<std::int8_t>).json("-129").status == Status::kOutOfRange);
  CHECK(Typed(same<std::int8_t>).binary("\0\0\0\x80"sv) ==
        out_of_range("an integer from -128 to 127, but 128 came"));
}

TEST_CASE("typed: a number that does not fit floating point is refused, as is one that is none") {
  CHECK(Typed(same<double>).json("1e400").status == Status::kOutOfRange);
  CHECK(Typed(same<float>).json("-1e39").status == Status::kOutOfRange);
  CHECK(Typed(same<double>).json("1e308") == json_result("1e+308"));
  CHECK(Typed(same<double>).binary("\x7f\xf8\0\0\0\0\0\0"sv).status == Status::kOutOfRange);
}

TEST_CASE("typed: binary content of a wrong length is refused") {
  CHECK(Typed(same<int>).binary("abc") ==
        refused("4 bytes, a 32-bit integer in network order, but 3 bytes came"));
  CHECK(Typed(same<bool>).binary("\2") == refused("1 byte, 0 or 1, but 2 came"));
  CHECK(Typed(same<double>).binary("") ==
        refused("8 bytes, an IEEE 754 binary64 number in network order, but 0 bytes came"));
  CHECK(Typed(same<std::vector<int>>).binary("12345").status == Status::kInvalidArgument);
  CHECK(Typed(same<std::string>).binary("caf\xe9") ==
        refused("UTF-8 text, but the content is not valid UTF-8"));
}

TEST_CASE("typed: a type without a binary form wants JSON, and answers as JSON") {
  CHECK(Typed(same<std::vector<std::string>>).binary("a") ==
        refused("an array of strings as text/json, but binary content came"));
  CHECK(Typed([](Bytes) { return std::vector{"a"s}; }).binary("x") == json_result(R"(["a"])"));
}

TEST_CASE("typed: an integer too long for 32 bits is no binary result") {
  CHECK(Typed([](Bytes) { return std::int64_t{1} << 31; }).binary("x") ==
        error(Status::kOutOfRange, "the result 2147483648 does not fit an integer of 32 bits"));
}

TEST_CASE("typed: an integer action of six letters is also called packed") {
  Typed typed([](std::int32_t n) { return n / 2; }, "halved");
  CHECK(typed.caller.binary("halved\0\0\0\x08"sv) == binary_result("result\0\0\0\4"sv));
  Typed text(same<std::string>, "sixsix");
  CHECK(text.caller.binary("sixsixabcd") == binary_result("First 10 bytes of request: sixsixabcd"));
}

TEST_CASE("typed: a function without a value takes none") {
  Typed typed([] { return "pong"; });
  CHECK(typed.without_value() == json_result(R"("pong")"));
  CHECK(typed.json("null") == json_result(R"("pong")"));
  CHECK(typed.json("1") ==
        refused(R"(no value at JSON pointer \"/value\", but an integer came: 1)"));
  CHECK(typed.binary("") == binary_result("pong"));
  CHECK(typed.binary("1") == refused("no content, but 1 byte came"));
}

TEST_CASE("typed: a function that returns nothing answers null, or no bytes") {
  Typed typed([](bool) {});
  CHECK(typed.json("true") == json_result("null"));
  CHECK(typed.binary("\1") == binary_result(""));
}

TEST_CASE("typed: a request gives everything, alone or behind the value") {
  Typed alone([](const Request& request) { return std::string(request.header->content_type); });
  CHECK(alone.json("[]") == json_result(R"("text/json")"));
  Typed both(
      [](int n, const Request& request) { return std::string(request.action) + char('0' + n); });
  CHECK(both.json("5") == json_result(R"("act5")"));
}

TEST_CASE("typed: a Reply says everything itself") {
  Typed typed([](std::string_view) {
    Reply reply;
    reply.set_binary("<p>", "text/html", "utf-8");
    return reply;
  });
  const Answer answer = typed.json(R"("")");
  CHECK(answer.content_type == "text/html");
  CHECK(answer.content == "<p>");
  CHECK(Typed([] { return Reply(); }).without_value().status == Status::kInternal);
}

TEST_CASE("typed: a function that takes a Reply& fills it itself") {
  Typed typed([](std::string_view text, const Request& request, Reply& reply) -> Result<void> {
    if (text.empty()) return protocol::fail(Status::kOutOfRange, "nothing");
    if (text != "no reply") reply.set_text(request.form, text);
    return {};
  });
  CHECK(typed.json(R"("a")") == json_result(R"("a")"));
  CHECK(typed.json(R"("")") == error(Status::kOutOfRange, "nothing"));
  CHECK(typed.json(R"("no reply")").status == Status::kInternal);
  CHECK(typed.json("1").status == Status::kInvalidArgument);
  CHECK(typed.binary("a") == binary_result("a"));
  Typed alone([](Reply& reply) { reply.set_binary("<p>", "text/html", "utf-8"); });
  CHECK(alone.without_value().content_type == "text/html");
  CHECK(alone.json("1").status == Status::kInvalidArgument);
}

TEST_CASE("typed: plain refusals say what is taken and what came, without a place") {
  const ActionOptions plain{.plain_refusals = true};
  const auto takes = [](std::string_view text) {
    return error(Status::kInvalidArgument, "act takes " + std::string(text));
  };
  Typed number(same<std::int8_t>, "act", plain);
  CHECK(number.json("[]") == takes("an integer from -128 to 127, not an array"));
  CHECK(number.json("1e0") ==
        takes("an integer from -128 to 127, not a number with a fraction or an exponent"));
  CHECK(number.json("128") == error(Status::kOutOfRange, "act takes an integer from -128 to 127"));
  CHECK(number.without_value() ==
        takes(R"(an integer from -128 to 127, but there is no \"value\")"));
  CHECK(number.binary("abc") == takes("exactly 4 bytes, a 32-bit integer in network order, not 3"));
  CHECK(Typed(same<bool>, "act", plain).binary("\2") == takes("1 byte, 0 or 1, but 2 came"));
  CHECK(Typed(same<std::string>, "act", plain).binary("\xff") ==
        takes("UTF-8 text, but the content is not valid UTF-8"));
  CHECK(Typed(same<std::vector<int>>, "act", plain).json("[1, null]") ==
        takes("an integer from -2147483648 to 2147483647, not null"));
  Typed none([] {}, "act", plain);
  CHECK(none.json("1") == takes("no value, not an integer"));
  CHECK(none.binary("1") == takes("no content, not 1"));
}

TEST_CASE("typed: an error has the code and the text of the Result") {
  Typed typed([](int n) -> Result<int> {
    if (n > 3) return protocol::fail(Status::kOutOfRange, "at most 3");
    return n + 1;
  });
  CHECK(typed.json("3") == json_result("4"));
  CHECK(typed.json("4") == error(Status::kOutOfRange, "at most 3"));
  CHECK(Typed([]() -> Result<void> { return {}; }).without_value() == json_result("null"));
}

TEST_CASE("typed: a result that JSON cannot hold is internal, its reason for the log alone") {
  Typed text([] { return "\xff"; });
  CHECK(text.without_value().status == Status::kInternal);
  CHECK(text.caller.detail == "the text of the result is not UTF-8");
  Typed infinite([] { return std::numeric_limits<double>::infinity(); });
  CHECK(infinite.without_value().status == Status::kInternal);
}

TEST_CASE("typed: a JSON object is put together in order") {
  Typed typed([] {
    return JsonObject().add("n", 1).add("text", "a\"b").add("list", std::vector{1.5}).take();
  });
  CHECK(typed.without_value() == json_result(R"({"n": 1, "text": "a\"b", "list": [1.5]})"));
  CHECK_THROWS_AS(JsonObject().add("x", std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(JsonObject().add("\xff", 1), std::invalid_argument);
}

TEST_CASE("typed: a pointer to a function is an action as well") {
  CHECK(Typed(+[](int n) noexcept { return -n; }).json("4") == json_result("-4"));
}

TEST_CASE("typed: the signature says the schemas and the binary forms") {
  const Signature list = signature_of<decltype(same<std::vector<std::optional<std::uint8_t>>>)>();
  CHECK(list.argument_schema ==
        R"({"type": "array", "items": {"anyOf": [{"type": "integer", "minimum": 0, )"
        R"("maximum": 255}, {"type": "null"}]}})");
  CHECK(list.result_schema == list.argument_schema);
  CHECK(list.argument_binary.empty());
  const Signature number = signature_of<decltype(same<int>)>();
  CHECK(number.argument_binary == "4 bytes, a 32-bit integer in network order");
  CHECK(number.result_binary == "`result` and 4 bytes, a 32-bit integer in network order");
}

TEST_CASE("typed: what the options say of the signature stands in place of what the types say") {
  const Action action =
      make_action("act", [](std::string_view, Reply&) {},
                  {.signature = {.result_schema = "{}", .argument_binary = "a name in UTF-8"}});
  CHECK(action.signature.argument_schema == R"({"type": "string"})");
  CHECK(action.signature.argument_binary == "a name in UTF-8");
  CHECK(action.signature.result_schema == "{}");
  CHECK(action.signature.result_binary.empty());
}

TEST_CASE("typed: a handler that takes a CallContext is told where the call has none") {
  const Action action =
      make_action("act", [](std::string text, CallContext) { return text; }, {.blocks = true});
  CHECK(action.takes_context);
  Reply reply;
  Request request;
  const auto called = action.handler(request, reply);
  REQUIRE_FALSE(called);
  CHECK(protocol::status_of(called.error()) == Status::kInternal);
  CHECK_FALSE(make_action("act", [](std::string text) { return text; }).takes_context);
}

}  // namespace appd::handlers::test
