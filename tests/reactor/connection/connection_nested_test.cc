// Callbacks of one connection that use another one of the same loop.
#include "connection_fixture.h"

namespace appd::reactor {
namespace {

using testing::ConnectionFixture;
using testing::text_of;

TEST_CASE_FIXTURE(ConnectionFixture, "connections: one's callback sends on the other") {
  auto a = link();
  auto b = link();
  a->delegate.bytes = [&](auto bytes) {
    a->send("to a, ");
    b->send("to b");
    a->send("and more");
    return Consumed{.bytes = bytes.size()};
  };
  a->connection->start();
  b->connection->start();
  a->peer.send("go");
  settle();
  CHECK(a->peer.receive() == "to a, and more");
  CHECK(b->peer.receive() == "to b");
}

TEST_CASE_FIXTURE(ConnectionFixture, "connections: one's callback starts the other, in peace") {
  auto a = link();
  auto b = link();
  std::string seen;
  a->delegate.bytes = [&, first = true](auto bytes) mutable {
    if (!std::exchange(first, false)) return Consumed{.bytes = bytes.size()};
    b->connection->start();
    seen = text_of(bytes);
    return Consumed{.bytes = 2, .wanted = 5};
  };
  a->connection->start();
  b->peer.send("BBBBBBBB");
  a->peer.send("abcd");
  settle();
  CHECK(seen == "abcd");
  CHECK(b->delegate.received == "BBBBBBBB");
  a->peer.send("efg");
  settle();
  CHECK(a->delegate.received == "abcdefg");
}

TEST_CASE_FIXTURE(ConnectionFixture, "connections: an answer in between goes to whom it is for") {
  auto a = link();
  auto b = link(10);
  options.write_high_watermark = 50;
  // b's callback comes out of a's: b has something to say to both.
  b->delegate.stopped = [&](auto) {
    a->send("for a");
    b->send("for b");
  };
  a->delegate.bytes = [&](auto bytes) {
    b->send(std::string(61, 'b'));
    return Consumed{.bytes = bytes.size()};
  };
  a->connection->start();
  b->connection->start();
  a->peer.send("go");
  std::string to_b;
  for (int i = 0; i < 10; ++i) {
    to_b += b->peer.receive();
    settle();
  }
  CHECK(a->peer.receive() == "for a");
  CHECK(to_b == std::string(61, 'b') + "for b");
}

TEST_CASE_FIXTURE(ConnectionFixture, "connections: one's callback closes and aborts others") {
  auto a = link();
  auto b = link();
  auto c = link();
  a->delegate.bytes = [&](auto bytes) {
    a->send("bye");
    b->send("last");
    b->connection->close();
    c->connection->abort({});
    return Consumed{.bytes = bytes.size()};
  };
  for (auto* one : {a.get(), b.get(), c.get()}) one->connection->start();
  a->peer.send("go");
  settle();
  CHECK(a->peer.receive() == "bye");
  CHECK(b->peer.receive() == "last");
  CHECK(b->peer.ended());
  CHECK(c->delegate.closes.size() == 1);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connections: both ready, one's callback aborts the other") {
  auto a = link();
  auto b = link();
  a->connection->start();
  b->connection->start();
  a->delegate.bytes = [&](auto bytes) {
    b->connection->abort({});
    return Consumed{.bytes = bytes.size()};
  };
  b->delegate.bytes = [&](auto bytes) {
    a->connection->abort({});
    return Consumed{.bytes = bytes.size()};
  };
  a->peer.send("abc");
  b->peer.send("def");
  settle();
  // Whoever was first: the other's event, already reported, is dropped.
  CHECK(a->delegate.shown.size() + b->delegate.shown.size() == 1);
  CHECK(a->delegate.closes.size() + b->delegate.closes.size() == 1);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connections: one without memory leaves the other's bytes") {
  auto a = link();
  auto b = link();
  a->delegate.bytes = [&](auto bytes) {
    a->send("before");
    b->peer.send("x");
    b->send("to b");
    return Consumed{.bytes = bytes.size()};
  };
  b->delegate.bytes = [&](auto) -> Consumed {
    b->send("lost");
    throw std::bad_alloc();
  };
  a->connection->start();
  b->connection->start();
  a->peer.send("go");
  settle();
  CHECK(a->peer.receive() == "before");
  CHECK(b->peer.receive() == "to b");
  CHECK(b->delegate.closes.size() == 1);

  // The buffers that they share are free and empty again.
  auto c = link();
  c->connection->start();
  c->send("clean");
  CHECK(c->peer.receive() == "clean");
}

}  // namespace
}  // namespace appd::reactor
