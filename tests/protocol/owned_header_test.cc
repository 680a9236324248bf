#include "appd/protocol/owned_header.h"

#include <doctest/doctest.h>

#include <string>

namespace appd::protocol {
namespace {

struct Texts {
  std::string type = "text/json";
  std::string encoding = "utf-8";
  std::string id = "\"a request-id that is longer than a short string\"";
  std::string action = "search";
  std::string json = "{}";

  [[nodiscard]] MessageHeader header() const {
    MessageHeader header;
    header.content_type = type;
    header.content_encoding = encoding;
    header.content_length = 17;
    header.content_length_digits = "17";
    header.request_id = id;
    header.action = action;
    header.json = json;
    return header;
  }
};

TEST_CASE("owned header: it outlives the texts of the one it copies") {
  OwnedHeader owned;
  {
    const Texts texts;
    owned.assign(texts.header());
  }
  CHECK(owned->content_type == "text/json");
  CHECK(owned->content_encoding == "utf-8");
  CHECK(owned->content_length == 17);
  CHECK(owned->content_length_digits.empty());
  CHECK(owned->request_id == "\"a request-id that is longer than a short string\"");
  CHECK(owned->action == "search");
  CHECK_FALSE(owned->status.has_value());
  CHECK(owned->json == "{}");
}

TEST_CASE("owned header: another one takes the place of the one before") {
  OwnedHeader owned{Texts().header()};
  MessageHeader other;
  other.content_type = "t";
  other.status = "ok";
  owned.assign(other);
  CHECK(owned->content_type == "t");
  CHECK(owned->status == "ok");
  CHECK(owned->request_id.empty());
  CHECK_FALSE(owned->action.has_value());
}

}  // namespace
}  // namespace appd::protocol
