#include "servers/printable_text.h"

#include <doctest/doctest.h>

using namespace appd::servers;

TEST_CASE("printable text: valid UTF-8 passes as it is, without a copy") {
  const std::string text = "caf\xc3\xa9 \xf0\x9f\x90\xb6";
  std::string scratch;
  CHECK(valid_utf8(text, scratch).data() == text.data());
}

TEST_CASE("printable text: each byte that belongs to no character becomes U+FFFD") {
  std::string scratch;
  CHECK(valid_utf8("a\xff\xc3\xa9\xc3", scratch) == "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd");
  CHECK(valid_utf8("\xf0\x9f\x90", scratch) == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("printable text: in quotes it is one line") {
  CHECK(in_quotes("a\n\"b\"") == "\"a\\n\\\"b\\\"\"");
}

TEST_CASE("printable text: on one line controls are escaped, and nothing else") {
  CHECK(on_one_line("a\n\"b\"\x1b[2J\x7f \xff") == "a\\u000a\"b\"\\u001b[2J\\u007f \xef\xbf\xbd");
}
