#include "appd/clients/appctl/tutorial_form.h"

#include <doctest/doctest.h>

#include "tests/clients/golden_cases.h"

namespace appd::clients {
namespace {

std::string content(std::string_view action, CallValue value) {
  auto request = build_tutorial_request(action, std::move(value), ValueForm::kAutomatic);
  return request ? request->content : "refused: " + request.error().message;
}

TEST_CASE("tutorial form: the tutorial client's requests come out byte for byte") {
  for (const auto& golden : testing::golden_client_cases()) {
    CAPTURE(golden.name);
    const auto& arguments = golden.arguments;
    // What the tutorial's client sends as bytes for actions it does not know, of which double is
    // one in its early version, we do for --binary.
    const bool packed = golden.request.find("content-length\": 10}") != std::string::npos;
    const TutorialForm ours = tutorial_form(arguments[0], ValueForm::kAutomatic);
    const bool known =
        ours != TutorialForm::kNone && (ours != TutorialForm::kPackedNumber || packed);
    const ValueForm form = known ? ValueForm::kAutomatic : ValueForm::kBinary;
    auto request = build_tutorial_request(arguments[0], {arguments[1]}, form).value();
    const auto wire = encode_request(std::move(request), protocol::Protocol::kApp).value();
    CHECK(wire->head + wire->body == golden.request);
  }
}

TEST_CASE("tutorial form: search looks up a string, whatever it looks like") {
  CHECK(content("search", {"5"}) == R"({"action": "search", "value": "5"})");
  CHECK(content("search", {"[1]"}) == R"({"action": "search", "value": "[1]"})");
}

TEST_CASE("tutorial form: binary is the bytes of name and value, those of a file too") {
  CHECK(content("binary", {}) == "binary");
  CHECK(content("binary", {"x\n", true}) == "binaryx\n");
}

TEST_CASE("tutorial form: any other action, and any form that is asked for, goes as it is") {
  CHECK(content("echo", {"5"}) == R"({"action": "echo", "value": 5})");
  for (const ValueForm form : {ValueForm::kJson, ValueForm::kString, ValueForm::kContent}) {
    for (const char* action : {"double", "negate", "search", "binary"}) {
      CHECK(tutorial_form(action, form) == TutorialForm::kNone);
    }
  }
}

TEST_CASE("tutorial form: double and negate take whole numbers of 32 bits, or name another way") {
  CHECK(content("double", {"-2147483648"}) == std::string("double\x80\0\0\0", 10));
  CHECK(content("negate", {"+5\n", true}) == std::string("negate\0\0\0\5", 10));
  CHECK(content("negate", {"\xef\xbb\xbf\x35", true}) == std::string("negate\0\0\0\5", 10));
  for (const char* wrong : {"5x", "", "2.5", "++5", "+-5", "0x10", "2147483648"}) {
    CAPTURE(wrong);
    const std::string text = content("double", {wrong});
    CHECK(text.starts_with("refused: "));
    CHECK(text.find("from -2147483648 to 2147483647") != std::string::npos);
    CHECK(text.find("--json") != std::string::npos);
  }
  CHECK(content("double", {}).find("there is none") != std::string::npos);
}

TEST_CASE("tutorial form: only ten bytes that begin with result are a packed number") {
  CHECK(unpack_number(std::string("result\xff\xff\xfe\xd4", 10)) == -300);
  CHECK_FALSE(unpack_number("result"));
  CHECK_FALSE(unpack_number("resulted by"));
  CHECK_FALSE(unpack_number("0123456789"));
}

}  // namespace
}  // namespace appd::clients
