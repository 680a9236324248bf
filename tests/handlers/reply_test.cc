#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

#include "appd/handlers/handler.h"

using namespace std::literals;

namespace appd::handlers::test {

TEST_CASE("reply: a string is escaped as Python escapes it") {
  Reply reply;
  reply.set_string("a \"b\" \\ \n\x01 \U0001f430");
  CHECK(reply.content() == "{\"result\": \"a \\\"b\\\" \\\\ \\n\\u0001 \U0001f430\"}");
  CHECK(reply.content_type() == "text/json");
  CHECK(reply.content_encoding() == "utf-8");
  CHECK(reply.status() == Status::kOk);
}

TEST_CASE("reply: integers of 64 bits are written in full") {
  Reply reply;
  reply.set_integer(std::numeric_limits<std::int64_t>::min());
  CHECK(reply.content() == "{\"result\": -9223372036854775808}");
  reply.set_integer(std::numeric_limits<std::int64_t>::max());
  CHECK(reply.content() == "{\"result\": 9223372036854775807}");
}

TEST_CASE("reply: binary content has the tutorial's type unless another is given") {
  Reply reply;
  reply.set_binary("\x00\xff"sv);
  CHECK(reply.content() == "\x00\xff"sv);
  CHECK(reply.content_type() == "binary/custom-server-binary-type");
  CHECK(reply.content_encoding() == "binary");
  reply.set_binary("x", "image/png", "gzip");
  CHECK(reply.content_type() == "image/png");
  CHECK(reply.content_encoding() == "gzip");
}

TEST_CASE("reply: a type that no header can carry is refused, the reply as it was") {
  Reply reply;
  reply.set_string("before");
  CHECK_THROWS_AS(reply.set_binary("x", "not \xff utf-8"), std::invalid_argument);
  CHECK_THROWS_AS(reply.set_binary("x", "a/b", std::string(protocol::kMaxFieldBytes + 1, 'a')),
                  std::invalid_argument);
  CHECK(reply.content() == "{\"result\": \"before\"}");
}

TEST_CASE("reply: each answer replaces the whole one before") {
  Reply reply;
  reply.set_error(Status::kInternal, "wrong", "for the log");
  CHECK(reply.content() == "{\"result\": \"Error: wrong\"}");
  CHECK(reply.detail() == "for the log");
  reply.set_binary("x");
  CHECK(reply.status() == Status::kOk);
  CHECK(reply.detail().empty());
  reply.set_json("[1]");
  CHECK(reply.content() == "{\"result\": [1]}");
  CHECK(reply.content_type() == "text/json");
}

TEST_CASE("reply: it is filled by any answer and not by clear") {
  Reply reply;
  CHECK_FALSE(reply.filled());
  reply.set_binary("", "", "");
  CHECK(reply.filled());
  reply.clear();
  CHECK_FALSE(reply.filled());
  CHECK(reply.content().empty());
}

}  // namespace appd::handlers::test
