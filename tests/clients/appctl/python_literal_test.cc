#include "appd/clients/appctl/python_literal.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/protocol/bytes.h"

namespace appd::clients {
namespace {

using namespace std::string_literals;

std::string of_bytes(std::string_view bytes) {
  return bytes_literal(protocol::testing::as_bytes(bytes));
}

std::string of_json(std::string_view text) {
  protocol::Result<protocol::JsonView> value = protocol::JsonView::parse(text);
  REQUIRE(value.has_value());
  return json_literal(*value);
}

TEST_CASE("python bytes: printable ASCII is shown, the rest escaped") {
  CHECK(of_bytes("") == "b''");
  CHECK(of_bytes("\0g{\"a\": 1}"s) == R"(b'\x00g{"a": 1}')");
  CHECK(of_bytes("\t\n\r\\\x7f\x1f\xff ~") == R"(b'\t\n\r\\\x7f\x1f\xff ~')");
  CHECK(of_bytes("\a\b\f\v") == R"(b'\x07\x08\x0c\x0b')");
}

TEST_CASE("python bytes: quotes are chosen as Python does") {
  CHECK(of_bytes("it's") == R"(b"it's")");
  CHECK(of_bytes("say \"hi\"") == R"(b'say "hi"')");
  CHECK(of_bytes("it's \"so\"") == R"(b'it\'s "so"')");
}

TEST_CASE("python str: printable Unicode is shown") {
  CHECK(string_literal("caf\xc3\xa9 \xf0\x9f\x90\xb0") == "'caf\xc3\xa9 \xf0\x9f\x90\xb0'");
  CHECK(string_literal("it's") == R"("it's")");
  CHECK(string_literal("it's \"so\"") == R"('it\'s "so"')");
  CHECK(string_literal("\xc2\xa1\xc2\xac\xc2\xae") == "'\xc2\xa1\xc2\xac\xc2\xae'");
}

TEST_CASE("python str: controls, formats and odd spaces are escaped by their size") {
  CHECK(string_literal("\0\t\n\r\\\x1b\x7f"s) == R"('\x00\t\n\r\\\x1b\x7f')");
  CHECK(string_literal("\xc2\x80\xc2\x9f\xc2\xa0\xc2\xad") == R"('\x80\x9f\xa0\xad')");
  CHECK(string_literal("\xe2\x80\x8b\xe2\x80\xa8\xe2\x80\xa9\xe3\x80\x80\xef\xbb\xbf") ==
        R"('\u200b\u2028\u2029\u3000\ufeff')");
  CHECK(string_literal("\xee\x80\x80\xf3\xb0\x80\x80\xf3\xa0\x80\x81") ==
        R"('\ue000\U000f0000\U000e0001')");
}

TEST_CASE("python json: the constants have Python's names") {
  CHECK(of_json("[null, true, false]") == "[None, True, False]");
  CHECK(of_json(" null ") == "None");
}

TEST_CASE("python json: spacing is Python's, whatever was sent") {
  CHECK(of_json("[ ]") == "[]");
  CHECK(of_json("{\n}") == "{}");
  CHECK(of_json("[1,2 ,\n3]") == "[1, 2, 3]");
  CHECK(of_json(R"({"a":1,"b" : [ {"c":{}} ,"d"]})") == "{'a': 1, 'b': [{'c': {}}, 'd']}");
}

TEST_CASE("python json: strings are decoded, then written in Python's way") {
  CHECK(of_json(R"("\u0041\n\"'\\")") == R"('A\n"\'\\')");
  CHECK(of_json(R"(["[", "]}", "\"]", "\\"])") == R"(['[', ']}', '"]', '\\'])");
  CHECK(of_json(R"({"it's": "\ud83d\udc30"})") == "{\"it's\": '\xf0\x9f\x90\xb0'}");
}

TEST_CASE("python json: integers of any size are kept, negative zero is none") {
  CHECK(of_json("[0, -0, -17, 123456789012345678901234567890]") ==
        "[0, 0, -17, 123456789012345678901234567890]");
}

TEST_CASE("python json: floats are written as Python's repr writes them") {
  CHECK(of_json("[1.0, -0.0, 1e2, 0.1, 1.50, -2.5e-3]") == "[1.0, -0.0, 100.0, 0.1, 1.5, -0.0025]");
  CHECK(of_json("[1e15, 9999999999999998.0, 1e16, 1.5e16, 1e22, 1.7976931348623157e308]") ==
        "[1000000000000000.0, 9999999999999998.0, 1e+16, 1.5e+16, 1e+22, 1.7976931348623157e+308]");
  CHECK(of_json("[0.0001, 0.00001, 1.25e-5, 5e-324, 0e0]") ==
        "[0.0001, 1e-05, 1.25e-05, 5e-324, 0.0]");
  CHECK(of_json("[1e400, -1e400, 1e-400, -1e-400]") == "[inf, -inf, 0.0, -0.0]");
  CHECK(of_json("[123456789.123456789, 0.30000000000000004, 2251799813685248.5]") ==
        "[123456789.12345679, 0.30000000000000004, 2251799813685248.5]");
}

TEST_CASE("python json: of a repeated key the last value stands at the first place") {
  CHECK(of_json(R"({"a": 1, "b": 2, "a": 3})") == "{'a': 3, 'b': 2}");
  CHECK(of_json(R"({"a": [1, [2]], "b": {"c": [3]}, "\u0061": [[4], {"d": 5}], "e": [6]})") ==
        "{'a': [[4], {'d': 5}], 'b': {'c': [3]}, 'e': [6]}");
}

// Recursion would overflow the stack; stepping over values again and again would not end within the
// test's time.
TEST_CASE("python json: deep nesting is printed in proportion to its length") {
  constexpr std::size_t kDepth = 1'000'000;
  std::string arrays = std::string(kDepth, '[') + std::string(kDepth, ']');
  CHECK(of_json(arrays) == arrays);

  std::string objects;
  for (std::size_t i = 0; i < kDepth / 4; ++i) objects += "{\"a\":[";
  for (std::size_t i = 0; i < kDepth / 4; ++i) objects += "]}";
  CHECK(of_json(objects).size() == objects.size() + kDepth / 4);  // one space each
}

}  // namespace
}  // namespace appd::clients
