// What a socket does beyond the contract of a transport (tests/contract), and its owner.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "appd/reactor/any_transport.h"
#include "appd/reactor/network.h"
#include "appd/reactor/posix/socket_posix.h"

namespace appd::reactor {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

struct SocketPair {
  SocketPair() {
    auto listener = posix_network().listen(Endpoint::ip("127.0.0.1", 0).value(), {}).value();
    client = posix_network().connect(listener->local_endpoint()).value().release();
    while (server == nullptr) server = listener->accept().transport;
  }
  // What has arrived by now, or by `bytes` of it, or by the end.
  std::string receive(std::size_t bytes) {
    std::string received;
    std::array<std::byte, 64> room{};
    for (;;) {
      const IoResult result = client->read(room);
      ended = result.outcome == IoOutcome::kEnd;
      if (result.outcome != IoOutcome::kBytes) {
        if (ended || received.size() >= bytes) return received;
        continue;
      }
      received.append(reinterpret_cast<const char*>(room.data()), result.bytes);
    }
  }

  std::unique_ptr<Transport> client;
  AnyTransport server;
  bool ended = false;
};

TEST_CASE("any transport: a plain socket lies in it, and moves bytes and the end") {
  SocketPair pair;
  CHECK(sizeof(AnyTransport) <= 16);
  CHECK(pair.server.write(bytes_of("head "), bytes_of("body")).bytes == 9);
  CHECK(pair.receive(9) == "head body");
  CHECK(pair.server.peer_endpoint() == pair.client->local_endpoint());
  CHECK(pair.server.local_endpoint() == pair.client->peer_endpoint());
  CHECK(!pair.server.has_buffered_input());
  CHECK(pair.server.shutdown_write().outcome == IoOutcome::kBytes);
  CHECK(pair.receive(1).empty());
  CHECK(pair.ended);
}

TEST_CASE("any transport: released, it is an object of its own on the same descriptor") {
  SocketPair pair;
  const Descriptor descriptor = pair.server.descriptor();
  const std::unique_ptr<Transport> released = pair.server.release();
  CHECK(pair.server == nullptr);
  REQUIRE(released != nullptr);
  CHECK(released->descriptor() == descriptor);
  CHECK(released->write(bytes_of("still there"), {}).bytes == 11);
  CHECK(pair.receive(11) == "still there");
}

TEST_CASE("any transport: one of another kind is the same object, there and back") {
  SocketPair pair;
  Transport* const before = pair.client.get();
  AnyTransport owner(std::move(pair.client));
  CHECK(owner.descriptor() == before->descriptor());
  pair.client = owner.release();
  CHECK(pair.client.get() == before);
  CHECK(owner == nullptr);
  CHECK(owner.release() == nullptr);
}

TEST_CASE("any transport: its socket is closed with it") {
  SocketPair pair;
  pair.server = nullptr;
  CHECK(pair.receive(1).empty());
  CHECK(pair.ended);
}

TEST_CASE("socket: the last bytes and the end arrive, in this order") {
  SocketPair pair;
  CHECK(pair.server.write_last(bytes_of("head "), bytes_of("body")).bytes == 9);
  CHECK(pair.server.shutdown_write().outcome == IoOutcome::kBytes);
  CHECK(pair.receive(9) == "head body");
  CHECK(pair.receive(1).empty());
  CHECK(pair.ended);
}

TEST_CASE("socket: a further write takes along what was written as the last") {
  SocketPair pair;
  CHECK(pair.server.write_last(bytes_of("one "), {}).bytes == 4);
  CHECK(pair.server.write(bytes_of("two"), {}).bytes == 3);
  CHECK(pair.receive(7) == "one two");
}

// Bytes that are held back leave after 200 ms: a machine that stands still for so long hides it.
TEST_CASE("socket: where the system can, the last bytes wait for the end and share its segment") {
  if (kSendLastFlags == kSendFlags) return;
  bool waited = false;
  for (int i = 0; i < 20 && !waited; ++i) {
    SocketPair pair;
    CHECK(pair.server.write_last(bytes_of("last"), {}).bytes == 4);
    waited = pair.receive(0).empty();
    CHECK(pair.server.shutdown_write().outcome == IoOutcome::kBytes);
  }
  CHECK(waited);
}

TEST_CASE("socket: the end may be sent twice, and to a peer that has gone") {
  SocketPair pair;
  CHECK(pair.server.shutdown_write().outcome == IoOutcome::kBytes);
  pair.client.reset();
  CHECK(pair.server.shutdown_write().outcome == IoOutcome::kBytes);
}

}  // namespace
}  // namespace appd::reactor
