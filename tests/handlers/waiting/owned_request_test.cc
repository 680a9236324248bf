#include "appd/handlers/waiting/owned_request.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "appd/handlers/handler.h"
#include "appd/protocol/message_header.h"

namespace appd::handlers::test {

namespace {

// A connection that counts how often it is asked.
class Connection final : public PeerSource {
 public:
  const Peer& peer() override {
    ++asked;
    return known;
  }
  Peer known{.address = "10.0.0.2:50312", .host = "10.0.0.2"};
  int asked = 0;
};

// A request, and all that it borrows from, which can go away.
struct Borrowed {
  explicit Borrowed(std::string the_json) : json(std::move(the_json)) {
    protocol::JsonReader reader;
    REQUIRE(protocol::parse_message_header(reader, std::as_bytes(std::span(json)),
                                           protocol::HeaderRules::kAllRequired, header, scratch)
                .has_value());
    request.action = "act";
    request.header = &header;
    request.source = &connection;
  }

  std::string json;
  std::string scratch;
  protocol::MessageHeader header;
  Connection connection;
  Request request;
};

std::string header_with(std::string_view more) {
  return R"({"byteorder": "big", "content-type": "text/json", "content-encoding": "utf-8", )"
         R"("content-length": 2)" +
         std::string(more) + "}";
}

}  // namespace

TEST_CASE("request: one that came over no connection has a peer without an address") {
  const Request request;
  CHECK(request.peer() == Peer{});
}

TEST_CASE("owned request: the peer is asked for once, and known when the connection is gone") {
  auto borrowed = std::make_unique<Borrowed>(header_with(""));
  const OwnedRequest owned(borrowed->request);
  CHECK(borrowed->connection.asked == 1);
  CHECK(owned->peer() == Peer{.address = "10.0.0.2:50312", .host = "10.0.0.2"});
  CHECK(borrowed->connection.asked == 1);
  borrowed.reset();
  CHECK(owned->peer().address == "10.0.0.2:50312");
}

TEST_CASE("owned request: it has the header's other fields, and is moved with them") {
  auto borrowed = std::make_unique<Borrowed>(header_with(R"(, "Trace-Id": "a\u0062c", "n": [1])"));
  OwnedRequest first(borrowed->request);
  borrowed.reset();
  const OwnedRequest owned(std::move(first));
  std::string scratch;
  CHECK(owned->header->other_field("trace-id")->string(scratch) == "abc");
  CHECK(owned->header->other_field("n")->text() == "[1]");
  CHECK_FALSE(owned->header->other_field("m").has_value());
}

TEST_CASE("owned request: of a header without other fields nothing but its values is copied") {
  const Borrowed borrowed(header_with(R"(, "action": "echo")"));
  const OwnedRequest owned(borrowed.request);
  CHECK(owned->header->json.empty());
  CHECK(owned->header->action == "echo");
}

TEST_CASE("owned request: a payload is kept in the memory that it came in") {
  const Borrowed borrowed(header_with(""));
  reactor::Buffer memory;
  memory.append(std::as_bytes(std::span("headpayload", 11)));
  Request request = borrowed.request;
  request.payload = memory.bytes().subspan(4);
  const std::byte* const place = request.payload.data();
  OwnedRequest first(request, std::move(memory));
  const OwnedRequest owned(std::move(first));
  CHECK(owned->payload.data() == place);
  CHECK(owned->payload.size() == 7);
}

}  // namespace appd::handlers::test
