// The contract of reactor/transport.h.
#include <doctest/doctest.h>

#include <array>
#include <csignal>

#include "tested_backends.h"
#include "tests/support/temporary_folder.h"

namespace appd::testing {
namespace {

using reactor::Endpoint;
using reactor::Interest;
using reactor::IoOutcome;
using reactor::IoResult;

// A connected pair, once over TCP and once over a Unix socket: CONTRACT_CASE runs a case for each
// backend, and SUBCASE for each kind.
template <class Tested>
struct TransportContract : Contract<Tested> {
  TransportContract() {
    Endpoint endpoint = loopback();
    SUBCASE("tcp") {}
    SUBCASE("unix") { endpoint = Endpoint::unix_path(folder.file("socket")).value(); }
    auto pair = this->pair(endpoint);
    client = std::move(pair.client);
    server = std::move(pair.server);
  }

  TemporaryFolder folder;
  std::unique_ptr<reactor::Transport> client;
  std::unique_ptr<reactor::Transport> server;
};

IoResult read_some(reactor::Transport& transport) {
  std::array<std::byte, 16> room;
  return transport.read(room);
}

CONTRACT_CASE("transport: bytes arrive in order, in both directions") {
  TransportContract<Tested> c;
  c.write_all(*c.client, "question");
  CHECK(c.read_exactly(*c.server, 8) == "question");
  c.write_all(*c.server, "answer");
  CHECK(c.read_exactly(*c.client, 6) == "answer");
}

CONTRACT_CASE("transport: a read takes no more than there is room for") {
  TransportContract<Tested> c;
  c.write_all(*c.client, "abcdef");
  CHECK(c.read_exactly(*c.server, 1) == "a");
  CHECK(c.read_exactly(*c.server, 2) == "bc");
  CHECK(c.read_exactly(*c.server, 3) == "def");
}

CONTRACT_CASE("transport: a read of nothing would block, and waits for readability") {
  TransportContract<Tested> c;
  const IoResult result = read_some(*c.server);
  CHECK(result.outcome == IoOutcome::kWouldBlock);
  CHECK(result.wants == Interest::kRead);
}

CONTRACT_CASE("transport: a read into no room moves no bytes, at the end of the stream too") {
  TransportContract<Tested> c;
  CHECK(c.server->read({}).outcome == IoOutcome::kBytes);
  REQUIRE(c.client->shutdown_write().outcome == IoOutcome::kBytes);
  CHECK(c.read_all(*c.server).empty());
  const IoResult result = c.server->read({});
  CHECK(result.outcome == IoOutcome::kBytes);
  CHECK(result.bytes == 0);
}

CONTRACT_CASE("transport: a write sends the head and behind it the body") {
  TransportContract<Tested> c;
  CHECK(c.client->write(as_bytes("head "), as_bytes("body ")).bytes == 10);
  CHECK(c.client->write(as_bytes("only head "), {}).bytes == 10);
  CHECK(c.client->write({}, as_bytes("only body")).bytes == 9);
  CHECK(c.read_exactly(*c.server, 29) == "head body only head only body");
}

CONTRACT_CASE("transport: a write of nothing moves no bytes") {
  TransportContract<Tested> c;
  const IoResult result = c.client->write({}, {});
  CHECK(result.outcome == IoOutcome::kBytes);
  CHECK(result.bytes == 0);
  CHECK(read_some(*c.server).outcome == IoOutcome::kWouldBlock);
}

CONTRACT_CASE("transport: a write moves a prefix of head and body together") {
  TransportContract<Tested> c;
  const std::string text = pattern(16 * 1024 * 1024);
  std::string_view head = std::string_view(text).substr(0, 100);
  std::string_view body = std::string_view(text).substr(100);
  std::string received;
  bool was_short = false;
  while (!head.empty() || !body.empty()) {
    const IoResult result = c.client->write(as_bytes(head), as_bytes(body));
    if (result.outcome == IoOutcome::kWouldBlock) {
      received += c.read_exactly(*c.server, 1000);
      continue;
    }
    REQUIRE(result.outcome == IoOutcome::kBytes);
    REQUIRE(result.bytes > 0);
    was_short |= result.bytes < head.size() + body.size();
    const std::size_t of_head = std::min(result.bytes, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(result.bytes - of_head);
    received += c.read_exactly(*c.server, std::min<std::size_t>(result.bytes, 50'000));
  }
  CHECK(was_short);
  REQUIRE(c.client->shutdown_write().outcome == IoOutcome::kBytes);
  received += c.read_all(*c.server);
  CHECK((received == text));  // not printed when it differs
}

CONTRACT_CASE("transport: a write into a full stream would block, and waits for writability") {
  TransportContract<Tested> c;
  std::size_t sent = 0;
  const IoResult result = c.write_until_blocked(*c.client, sent);
  CHECK(sent > 0);
  CHECK(result.outcome == IoOutcome::kWouldBlock);
  CHECK(result.wants == Interest::kWrite);
}

CONTRACT_CASE("transport: the peer reads the end behind all bytes, again and again") {
  TransportContract<Tested> c;
  c.write_all(*c.client, "last words");
  REQUIRE(c.client->shutdown_write().outcome == IoOutcome::kBytes);
  CHECK(c.read_all(*c.server) == "last words");
  for (int i = 0; i < 2; ++i) CHECK(read_some(*c.server).outcome == IoOutcome::kEnd);
}

CONTRACT_CASE("transport: the peer's end is told although bytes in front of it are not read") {
  TransportContract<Tested> c;
  c.write_all(*c.client, "unread");
  CHECK(!c.server->peer_ended());
  REQUIRE(c.client->shutdown_write().outcome == IoOutcome::kBytes);
  while (!c.server->peer_ended()) static_cast<void>(c.wait(std::chrono::milliseconds(1)));
  CHECK(!c.client->peer_ended());
  CHECK(c.read_all(*c.server) == "unread");
}

CONTRACT_CASE("transport: input that waits is told, and not taken") {
  TransportContract<Tested> c;
  CHECK(!c.server->input_waiting());
  c.write_all(*c.client, "waiting");
  c.until_ready(c.server->descriptor(), Interest::kRead);
  for (int i = 0; i < 2; ++i) CHECK(c.server->input_waiting());
  CHECK(c.read_exactly(*c.server, 7) == "waiting");
  CHECK(!c.server->input_waiting());
}

CONTRACT_CASE("transport: what a peer that reads has acknowledged becomes more") {
  TransportContract<Tested> c;
  CHECK(c.client->unacknowledged_bytes() == 0);
  std::size_t sent = 0;
  (void)c.write_until_blocked(*c.client, sent);
  std::size_t before = c.client->unacknowledged_bytes();
  CHECK(before > 0);
  std::size_t received = 0;
  while (before > 0) {
    const std::size_t piece = std::min<std::size_t>(sent - received, 1000);
    if (piece > 0) received += c.read_exactly(*c.server, piece).size();
    static_cast<void>(c.wait(std::chrono::milliseconds(0)));
    const std::size_t now = c.client->unacknowledged_bytes();
    CHECK(now <= before);
    before = now;
  }
}

CONTRACT_CASE("transport: the last bytes and the end arrive, the bytes first") {
  TransportContract<Tested> c;
  CHECK(c.server->write_last(as_bytes("last "), as_bytes("words")).bytes == 10);
  REQUIRE(c.server->shutdown_write().outcome == IoOutcome::kBytes);
  CHECK(c.read_all(*c.client) == "last words");
}

CONTRACT_CASE("transport: last bytes that turn out not to be the last go with the next ones") {
  TransportContract<Tested> c;
  CHECK(c.server->write_last(as_bytes("one "), {}).bytes == 4);
  c.write_all(*c.server, "two");
  CHECK(c.read_exactly(*c.client, 7) == "one two");
}

CONTRACT_CASE("transport: the other direction lives on behind a half-close") {
  TransportContract<Tested> c;
  REQUIRE(c.client->shutdown_write().outcome == IoOutcome::kBytes);
  CHECK(c.read_all(*c.server).empty());
  c.write_all(*c.server, "still here");
  CHECK(c.read_exactly(*c.client, 10) == "still here");
}

CONTRACT_CASE("transport: a second half-close is harmless, also when both ends are closed") {
  TransportContract<Tested> c;
  for (int i = 0; i < 2; ++i) CHECK(c.client->shutdown_write().outcome == IoOutcome::kBytes);
  CHECK(c.server->shutdown_write().outcome == IoOutcome::kBytes);
  CHECK(c.read_all(*c.client).empty());
  CHECK(c.read_all(*c.server).empty());
  for (const auto& end : {c.client.get(), c.server.get()}) {
    CHECK(end->shutdown_write().outcome == IoOutcome::kBytes);
  }
}

CONTRACT_CASE("transport: a write behind a half-close is EPIPE, without a signal") {
  TransportContract<Tested> c;
  std::signal(SIGPIPE, SIG_DFL);  // would end the test
  REQUIRE(c.client->shutdown_write().outcome == IoOutcome::kBytes);
  for (const auto& [head, body] : {std::pair("x", ""), std::pair("x", "y")}) {
    const IoResult result = c.client->write(as_bytes(head), as_bytes(body));
    CHECK(result.outcome == IoOutcome::kError);
    CHECK(result.error == std::errc::broken_pipe);
  }
}

CONTRACT_CASE("transport: a destroyed end is the end for its peer") {
  TransportContract<Tested> c;
  c.write_all(*c.client, "bye");
  c.client.reset();
  CHECK(c.read_all(*c.server) == "bye");
}

CONTRACT_CASE("transport: a write to a peer that is gone fails in the end, without a signal") {
  TransportContract<Tested> c;
  std::signal(SIGPIPE, SIG_DFL);
  c.client.reset();
  IoResult result;
  // A first one may go out: only its answer tells that nobody is there.
  do {
    result = c.server->write(as_bytes("hello"), as_bytes("?"));
    if (result.outcome == IoOutcome::kWouldBlock) {
      c.until_ready(c.server->descriptor(), Interest::kWrite);
    }
  } while (result.outcome != IoOutcome::kError);
  const bool is_known =
      result.error == std::errc::broken_pipe || result.error == std::errc::connection_reset;
  CHECK(is_known);
}

CONTRACT_CASE("transport: a reset is an error, not an end") {
  Contract<Tested> c;  // TCP: the system's Unix sockets have no reset without unread bytes
  auto [client, server] = c.pair();
  Tested::reset(std::move(client));
  std::array<std::byte, 16> room;
  const IoResult result = c.read_when_ready(*server, room);
  CHECK(result.outcome == IoOutcome::kError);
  CHECK(result.error == std::errc::connection_reset);
}

CONTRACT_CASE("transport: an end that is destroyed with unread bytes resets the stream") {
  TransportContract<Tested> c;
  c.write_all(*c.client, "never read");
  c.until_ready(c.server->descriptor(), Interest::kRead);
  c.server.reset();
  std::array<std::byte, 16> room;
  const IoResult result = c.read_when_ready(*c.client, room);
  CHECK(result.outcome == IoOutcome::kError);
  CHECK(result.error == std::errc::connection_reset);
}

CONTRACT_CASE("transport: an established connect has no error, however often it is asked") {
  TransportContract<Tested> c;
  for (int i = 0; i < 2; ++i) CHECK_FALSE(c.client->connect_result());
  CHECK_FALSE(c.server->connect_result());
}

CONTRACT_CASE("transport: the ends know each other's address") {
  Contract<Tested> c;
  const auto listener = c.listen();
  auto [client, server] = c.pair(*listener);
  CHECK(client->peer_endpoint() == listener->local_endpoint());
  CHECK(server->local_endpoint() == listener->local_endpoint());
  CHECK(client->local_endpoint() == server->peer_endpoint());
  CHECK(server->peer_endpoint().host() == "127.0.0.1");
  CHECK(server->peer_endpoint().port() != 0);
}

CONTRACT_CASE("transport: the client of a Unix socket has no name") {
  Contract<Tested> c;
  const TemporaryFolder folder;
  const auto path = Endpoint::unix_path(folder.file("socket")).value();
  auto [client, server] = c.pair(path);
  CHECK(client->peer_endpoint() == path);
  CHECK(server->local_endpoint() == path);
  CHECK(server->peer_endpoint().family() == AF_UNIX);
  CHECK(server->peer_endpoint().to_string() == "unix");
}

CONTRACT_CASE("transport: the process at the other end of a Unix socket is told, as far as known") {
  Contract<Tested> c;
  const TemporaryFolder folder;
  auto [client, server] = c.pair(Endpoint::unix_path(folder.file("socket")).value());
  if (const auto process = server->peer_process()) {
    CHECK(process->uid == ::geteuid());
    CHECK(process->pid.value_or(::getpid()) == ::getpid());
  } else {
    CHECK(std::is_base_of_v<SimUnderTest, Tested>);
  }
  const auto listener = c.listen();
  auto [tcp_client, tcp_server] = c.pair(*listener);
  CHECK(!tcp_server->peer_process());
}

CONTRACT_CASE("transport: a plain one buffers no input") {
  TransportContract<Tested> c;
  c.write_all(*c.client, "waiting");
  c.until_ready(c.server->descriptor(), Interest::kRead);
  CHECK_FALSE(c.server->has_buffered_input());
}

}  // namespace
}  // namespace appd::testing
