#include "appd/protocol/foreign_start.h"

#include <doctest/doctest.h>

#include <string>

#include "bytes.h"

namespace appd::protocol {
namespace {

using namespace std::string_view_literals;
using testing::as_bytes;

HeaderStart start(std::string_view bytes) { return header_start(as_bytes(bytes)); }
std::string_view likeness(std::string_view bytes) { return looks_like(as_bytes(bytes)); }

TEST_CASE("foreign start: the third byte decides, as soon as it is there") {
  CHECK(start("") == HeaderStart::kUndecided);
  CHECK(start("\x16") == HeaderStart::kUndecided);
  CHECK(start("\x16\x03") == HeaderStart::kUndecided);
  CHECK(start("\x16\x03\x01") == HeaderStart::kForeign);
  CHECK(start("GE") == HeaderStart::kUndecided);
  CHECK(start("GET") == HeaderStart::kForeign);
  CHECK(start("GET / HTTP/1.1\r\n") == HeaderStart::kForeign);
  CHECK(start("\0g{"sv) == HeaderStart::kPossible);
  CHECK(start("\0g["sv) == HeaderStart::kForeign);
  CHECK(start("\0g\xef\xbb\xbf{"sv) == HeaderStart::kForeign);  // a byte order mark is no JSON
}

TEST_CASE("foreign start: white space in front of the object says nothing yet") {
  CHECK(start("\0g "sv) == HeaderStart::kUndecided);
  CHECK(start("\0g \t\r\n{"sv) == HeaderStart::kPossible);
  CHECK(start("\0g \t\r\nx"sv) == HeaderStart::kForeign);
  CHECK(start("\r\n\r\n"sv) == HeaderStart::kUndecided);
  CHECK(start("\r\n\r\n\0\r\nQUIT\n"sv) == HeaderStart::kForeign);
  CHECK(start("\0\x03   rest"sv) == HeaderStart::kPossible);  // the parser sees an empty text
  const std::string long_space = "\x7f\xff" + std::string(15, ' ');
  CHECK(start(long_space) == HeaderStart::kUndecided);
  CHECK(start(long_space + " ") == HeaderStart::kPossible);
  CHECK(start(long_space + " x") == HeaderStart::kPossible);  // the parser refuses it
}

TEST_CASE("foreign start: what it looks like is known by the bytes that refuse it") {
  CHECK(likeness("\x16\x03\x01") == "a TLS hello");
  CHECK(likeness("GET") == "an HTTP request");
  CHECK(likeness("POST / HTTP/1.1") == "an HTTP request");
  CHECK(likeness("PRI * HTTP/2.0") == "an HTTP request");
  CHECK(likeness("HTTP/1.1 400") == "an HTTP response");
  CHECK(likeness("SSH-2.0-x") == "an SSH greeting");
  CHECK(likeness("PROXY TCP4") == "a PROXY header");
  CHECK(likeness("\r\n\r\n\0"sv) == "a PROXY header");
  CHECK(likeness("{\"a") == "JSON without its length in front");
  CHECK(likeness("\0\0\0"sv).empty());
}

TEST_CASE("foreign start: the text names the byte, and never depends on what follows it") {
  CHECK(foreign_start_text(as_bytes("GET")) ==
        "the header is not a JSON object: it must begin with {, not with T; what came looks like "
        "an HTTP request");
  CHECK(foreign_start_text(as_bytes("GET / HTTP/1.1")) == foreign_start_text(as_bytes("GET")));
  CHECK(foreign_start_text(as_bytes("\1\1 \x01"sv)) ==
        "the header is not a JSON object: it must begin with {, not with \\x01");
}

TEST_CASE("foreign start: bytes are shown as ASCII, others in hexadecimal") {
  CHECK(shown_bytes(as_bytes("GE\r\n\0\xff"sv)) == "GE\\x0d\\x0a\\x00\\xff");
}

}  // namespace
}  // namespace appd::protocol
