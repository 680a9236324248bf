// The same bytes in any slicing give the same replies: a whole server over each backend, turned by
// hand, so that a piece has been read before the next one is sent.
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "appd/handlers/actions/builtin.h"
#include "appd/protocol/byte_order.h"
#include "appd/servers/server.h"
#include "golden_cases.h"
#include "tested_backends.h"

namespace appd::testing {
namespace {

using namespace std::chrono_literals;
using protocol::Protocol;
using reactor::IoOutcome;

std::shared_ptr<const handlers::Registry> builtin_registry() {
  auto registry = std::make_shared<handlers::Registry>();
  handlers::add_builtin_actions(*registry, {});
  return registry;
}

servers::Limits test_limits() {
  servers::Limits limits;
  limits.max_connections = 1000;
  return limits;
}

struct Exchanged {
  std::string bytes;
  bool ended = false;  // in order
};

// One server on a backend, and clients in the same thread.
template <class Tested>
struct Wire {
  explicit Wire(Protocol protocol = Protocol::kApp) {
    const auto bound = server.listen({.protocol = protocol, .host = "127.0.0.1", .path = {}});
    endpoint = reactor::Endpoint::ip(bound.at(0).host, bound.at(0).port).value();
  }

  // Until the server has nothing to do, as far as one can tell from outside.
  void turn() {
    for (int i = 0; i < 3; ++i) server.main_loop().run_once(0s);
  }

  void send(reactor::Transport& client, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = client.write(std::as_bytes(std::span(bytes)), {});
      REQUIRE(sent.outcome != IoOutcome::kError);
      if (sent.outcome == IoOutcome::kBytes) bytes.remove_prefix(sent.bytes);
      turn();
    }
  }

  // Sends the pieces and, where the server does not end by itself, the client's end; receives all
  // that comes. Gives up after so many turns, which makes the comparison fail.
  Exchanged exchange(const std::vector<std::string_view>& pieces, bool finish = false) {
    auto client = server.main_loop().network().connect(endpoint).value().release();
    turn();
    for (const std::string_view piece : pieces) send(*client, piece);
    if (finish) REQUIRE(client->shutdown_write().outcome == IoOutcome::kBytes);
    Exchanged exchanged;
    std::string buffer(64 * 1024, '\0');
    for (int turns = 0; turns < 5000; ++turns) {
      const auto read = client->read(std::as_writable_bytes(std::span(buffer)));
      if (read.outcome == IoOutcome::kBytes) exchanged.bytes.append(buffer, 0, read.bytes);
      if (read.outcome == IoOutcome::kEnd) exchanged.ended = true;
      if (read.outcome == IoOutcome::kEnd || read.outcome == IoOutcome::kError) break;
      server.main_loop().run_once(turns < 20 ? 0ms : 1ms);
    }
    client.reset();
    turn();
    return exchanged;
  }

  Tested tested;
  logging::Log log{
      {.level = logging::Level::kOff, .format = logging::LogFormat::kText, .file = {}}};
  servers::Server server{test_limits(), 1, log, builtin_registry(),
                         servers::ServerParts{.backend = [this] {
                           return reactor::Result<reactor::Backend>(tested.backend());
                         }}};
  reactor::Endpoint endpoint;
};

std::vector<std::string_view> cut_in_two(std::string_view bytes, std::size_t at) {
  return {bytes.substr(0, at), bytes.substr(at)};
}

std::vector<std::string_view> byte_by_byte(std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
  return pieces;
}

// A message with further fields at the end of its header.
std::string with_fields(const std::string& message, const std::string& more) {
  const std::size_t header_bytes =
      protocol::load_be16(std::as_bytes(std::span(message)).template first<2>());
  std::string header = message.substr(2, header_bytes - 1) + more + "}";
  std::string bytes(2, '\0');
  protocol::store_be16(std::as_writable_bytes(std::span(bytes)),
                       static_cast<std::uint16_t>(header.size()));
  return bytes + header + message.substr(2 + header_bytes);
}

struct Conversation {
  std::string requests;
  std::string replies;
};

// All cases on one connection, the last one closing it.
Conversation pipelined_golden_cases() {
  Conversation all;
  const auto cases = matching_golden_cases();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string kept = i + 1 < cases.size() ? "keep-alive" : "close";
    const std::string negotiated =
        R"(, "connection": ")" + kept + R"(", "request-id": )" + std::to_string(i);
    const bool unknown = cases[i].response.find("invalid action") != std::string::npos;
    const std::string status = unknown ? "invalid_action" : "ok";
    all.requests += with_fields(cases[i].request, negotiated);
    all.replies += with_fields(cases[i].response, negotiated + R"(, "status": ")" + status + "\"");
  }
  return all;
}

UNWAITING_CASE("golden: the recorded reply, byte for byte, then the end") {
  Wire<Tested> wire;
  const auto cases = matching_golden_cases();
  CHECK(cases.size() > 15);
  for (const GoldenCase& one : cases) {
    CAPTURE(one.name);
    const Exchanged exchanged = wire.exchange({one.request});
    CHECK(exchanged.bytes == one.response);
    CHECK(exchanged.ended);
  }
}

UNWAITING_CASE("golden: a request cut in two, anywhere, gets the same reply") {
  Wire<Tested> wire;
  for (const GoldenCase& one : matching_golden_cases()) {
    CAPTURE(one.name);
    for (std::size_t at = 1; at < one.request.size(); ++at) {
      CAPTURE(at);
      const Exchanged exchanged = wire.exchange(cut_in_two(one.request, at));
      REQUIRE(exchanged.bytes == one.response);
      REQUIRE(exchanged.ended);
    }
  }
}

UNWAITING_CASE("golden: a request byte by byte gets the same reply") {
  Wire<Tested> wire;
  for (const GoldenCase& one : matching_golden_cases()) {
    CAPTURE(one.name);
    const Exchanged exchanged = wire.exchange(byte_by_byte(one.request));
    CHECK(exchanged.bytes == one.response);
    CHECK(exchanged.ended);
  }
}

UNWAITING_CASE("golden: pipelined on one connection, each gets its reply in order") {
  Wire<Tested> wire;
  const Conversation all = pipelined_golden_cases();
  SUBCASE("at once") {
    const Exchanged exchanged = wire.exchange({all.requests});
    CHECK(exchanged.bytes == all.replies);
    CHECK(exchanged.ended);
  }
  SUBCASE("byte by byte") {
    const Exchanged exchanged = wire.exchange(byte_by_byte(all.requests));
    CHECK(exchanged.bytes == all.replies);
    CHECK(exchanged.ended);
  }
  SUBCASE("cut in two, anywhere") {
    for (std::size_t at = 1; at < all.requests.size(); ++at) {
      CAPTURE(at);
      const Exchanged exchanged = wire.exchange(cut_in_two(all.requests, at));
      REQUIRE(exchanged.bytes == all.replies);
      REQUIRE(exchanged.ended);
    }
  }
}

// What each echo protocol gives back is what it got; those that stay open end with the client.
struct Echo {
  Protocol protocol;
  std::string bytes;
  bool client_ends;
};

std::vector<Echo> echoes() {
  using namespace std::string_literals;
  const std::string kept =
      "\0\x31"s
      R"({"Content-length": 5, "connection": "keep-alive"})"
      "hello";
  const std::string last =
      "\0\x15"s
      R"({"CONTENT-LENGTH": 3})"
      "end";
  return {{Protocol::kMessageEcho, kept + kept + last, false},
          {Protocol::kFramedEcho, "\0\5hello\0\0\0\1x\0\3end"s, true},
          {Protocol::kRawEcho, "any bytes\0 at all\xff"s, true}};
}

UNWAITING_CASE("echo: the same bytes come back in any slicing, then the end") {
  for (const Echo& echo : echoes()) {
    CAPTURE(echo.protocol.name);
    Wire<Tested> wire(echo.protocol);
    std::vector<std::vector<std::string_view>> slicings{{echo.bytes}, byte_by_byte(echo.bytes)};
    for (std::size_t at = 1; at < echo.bytes.size(); ++at) {
      slicings.push_back(cut_in_two(echo.bytes, at));
    }
    for (const auto& pieces : slicings) {
      CAPTURE(pieces.front().size());
      const Exchanged exchanged = wire.exchange(pieces, echo.client_ends);
      REQUIRE(exchanged.bytes == echo.bytes);
      REQUIRE(exchanged.ended);
    }
  }
}

UNWAITING_CASE("errors: reply, then an orderly end, though the client had sent more") {
  using namespace std::string_literals;
  Wire<Tested> wire;
  const std::string rest(50'000, 'x');
  for (const std::string& header :
       {R"({"content-length": -1})"s, "[]"s, "nonsense"s,
        R"({"byteorder": "little", "content-type": "text/json", )"
        R"("content-encoding": "utf-8", "content-length": 99999999})"s}) {
    CAPTURE(header);
    std::string bytes(2, '\0');
    protocol::store_be16(std::as_writable_bytes(std::span(bytes)),
                         static_cast<std::uint16_t>(header.size()));
    bytes += header;
    const Exchanged at_once = wire.exchange({bytes, rest, rest});
    CHECK(at_once.bytes.find(R"({"result": "Error: )") != std::string::npos);
    CHECK(at_once.ended);
    const Exchanged slowly = wire.exchange(byte_by_byte(bytes));
    CHECK(slowly.bytes == at_once.bytes);
    CHECK(slowly.ended);
  }
}

}  // namespace
}  // namespace appd::testing
