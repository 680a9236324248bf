#include "connection_fixture.h"

namespace appd::reactor {
namespace {

using namespace std::chrono_literals;
using testing::broken;
using testing::ConnectionFixture;
using testing::kInOrder;
using testing::text_of;
using State = Connection::State;

const std::error_code kCanceled = std::make_error_code(std::errc::operation_canceled);

TEST_CASE_FIXTURE(ConnectionFixture, "connection: close() sends what is unsent, then our end") {
  auto a = link(10);
  a->connection->start();
  a->send("0123456789abcdefghij");
  a->connection->close();
  CHECK(a->connection->state() == State::kFlushing);
  CHECK(a->peer.receive() == "0123456789");
  CHECK(!a->peer.ended());
  settle();
  CHECK(a->connection->state() == State::kLingering);
  CHECK(a->peer.receive() == "abcdefghij");
  CHECK(a->peer.ended());
  CHECK(a->delegate.closes.empty());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: a last reply and our end leave in one event") {
  auto a = link();
  a->delegate.bytes = [&](auto bytes) {
    a->send("reply");
    a->connection->close();
    return Consumed{.bytes = bytes.size()};
  };
  a->peer.send("request");
  a->connection->start();
  CHECK(a->peer.receive() == "reply");
  CHECK(a->peer.ended());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: lingers until the peer's end") {
  auto a = link();
  a->connection->start();
  a->connection->close();
  a->peer.send("too late");
  settle();
  CHECK(a->delegate.closes.empty());
  a->peer.finish();
  settle();
  CHECK(a->delegate.closes == std::vector{kInOrder});
  CHECK(a->delegate.shown.empty());
  CHECK(loop.timers().armed_count() == 0);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: lingers no longer than the linger time-out") {
  auto a = link();
  a->connection->start();
  a->connection->close();
  for (int i = 0; i < 4; ++i) {
    pass(options.linger_timeout / 5);
    a->peer.send("and more");
    settle();
    CHECK(a->delegate.closes.empty());
  }
  pass(options.linger_timeout / 5 + 1ms);
  CHECK(a->delegate.closes == std::vector{kInOrder});
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: lingers as long as its peer takes what was sent before our end") {
  auto a = link(90'000);
  a->connection->start();
  a->send(std::string(80'000, 'r'));
  a->connection->close();
  REQUIRE(a->connection->state() == State::kLingering);
  std::size_t received = 0;
  for (int i = 0; i < 60; ++i) {
    a->peer.send("and more");  // would meet a reset if we were gone
    received += a->peer.receive(500).size();
    pass(1s);
  }
  CHECK(a->connection->state() == State::kLingering);
  CHECK(!a->peer.error());
  received += a->peer.receive().size();
  CHECK(received == 80'000);
  pass_in_turns(options.linger_timeout + 1s);
  CHECK(a->delegate.closes == std::vector{kInOrder});
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: a peer that stands still behind our end is given up") {
  auto a = link(90'000);
  a->connection->start();
  a->send(std::string(80'000, 'r'));
  a->connection->close();
  pass_in_turns(options.linger_timeout + options.write_timeout - 1s);
  CHECK(a->delegate.closes.empty());
  pass_in_turns(2s);
  CHECK(a->delegate.closes == std::vector{std::make_error_code(std::errc::timed_out)});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: closes at once where that destroys nothing") {
  auto a = link(100);
  a->connection->start();
  SUBCASE("all that was sent has arrived") {
    a->send("reply");
    CHECK(a->peer.receive() == "reply");
    CHECK(a->connection->close_if_delivered());
    settle();
    CHECK(a->delegate.closes == std::vector{kInOrder});
    a->connection.reset();
    a->peer.receive();
    CHECK(a->peer.ended());
    CHECK(!a->peer.error());
    return;
  }
  SUBCASE("not while bytes are unsent") { a->send(std::string(200, 'r')); }
  SUBCASE("not while bytes are not acknowledged") { a->send(std::string(80, 'r')); }
  SUBCASE("not while input waits") { a->peer.send("request"); }
  SUBCASE("not while input is kept") {
    a->delegate.bytes = [](auto) { return Consumed{}; };
    a->peer.send("request");
    settle();
  }
  CHECK(!a->connection->close_if_delivered());
  CHECK(a->connection->open());
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: an abort behind dropped input lets what was sent arrive") {
  auto a = link();
  a->connection->start();
  a->send("reply");
  a->connection->pause_reading();
  a->peer.send("more, and more");
  settle();
  a->connection->discard_input(10);
  a->connection->abort(kCanceled);
  settle();
  a->connection.reset();
  CHECK(a->peer.receive() == "reply");
  CHECK(a->peer.ended());
  CHECK(!a->peer.error());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: knows whether its peer has moved lately") {
  auto a = link(1000);
  a->connection->start();
  const auto moved = [&] {
    const bool moves = a->connection->progressed_since(loop.now() - 1s);
    pass(1s);
    return moves;
  };
  CHECK(!moved());
  a->send(std::string(900, 'r'));
  CHECK(moved());
  CHECK(!moved());
  a->peer.receive(10);
  CHECK(moved());
  CHECK(!moved());
  a->peer.receive(10);
  a->send("s");  // a byte more on the way is no step back
  CHECK(moved());
  a->peer.receive();
  CHECK(!moved());
  a->delegate.bytes = [](auto) { return Consumed{.wanted = 100}; };
  a->peer.send("request");
  settle();
  CHECK(moved());
  CHECK(!moved());
  a->peer.send("more of it");
  settle();
  CHECK(moved());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: input that is thrown away resets nothing") {
  auto a = link();
  a->connection->start();
  a->send("reply");
  a->connection->close();
  std::string_view rest(
      "................................................................................");
  for (int i = 0; i < 3000; ++i) {
    a->peer.send(rest);
    settle();
  }
  a->peer.finish();
  settle();
  a->connection.reset();
  CHECK(a->peer.receive() == "reply");
  CHECK(a->peer.ended());
  CHECK(!a->peer.error());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: a peer that left while we linger is in order") {
  auto a = link();
  a->connection->start();
  a->connection->close();
  a->peer.reset();
  settle();
  CHECK(a->delegate.closes == std::vector{kInOrder});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: a peer that breaks off while we flush is told") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(100, 'r'));
  a->connection->close();
  a->peer.reset();
  settle();
  CHECK(a->delegate.closes.size() == 1);
  CHECK(a->delegate.closes[0]);
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: closed after the peer's end, it need not linger") {
  auto a = link();
  a->delegate.end = [&] { a->connection->close(); };
  a->connection->start();
  a->peer.send("abc");
  a->peer.finish();
  settle();
  CHECK(a->delegate.received == "abc");
  CHECK(a->delegate.closes == std::vector{kInOrder});
  a->connection.reset();
  a->peer.receive();
  CHECK(a->peer.ended());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: on_closed never comes from within a call") {
  auto a = link();
  SUBCASE("close()") {
    a->peer.finish();
    a->connection->start();
    a->connection->close();
  }
  SUBCASE("abort()") {
    a->connection->start();
    a->connection->abort(kCanceled);
  }
  SUBCASE("abort() before start()") { a->connection->abort(kCanceled); }
  SUBCASE("send()") {
    a->connection->start();
    a->peer.leave();
    a->send("abc");
  }
  SUBCASE("start()") {
    a->peer.reset();
    a->connection->start();
  }
  SUBCASE("pause and resume") {
    a->connection->start();
    a->peer.reset();
    a->connection->pause_reading();
    a->connection->resume_reading();
  }
  CHECK(a->delegate.closes.empty());
  settle();
  CHECK(a->delegate.closes.size() == 1);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: on_closed comes once, whatever is called later") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(100, 'r'));
  a->connection->abort(kCanceled);
  a->connection->abort(std::make_error_code(std::errc::io_error));
  a->connection->close();
  a->connection->finish_sending();
  a->connection->pause_reading();
  a->connection->resume_reading();
  a->send("abc");
  settle();
  a->connection->abort(kCanceled);
  a->connection->close();
  pass(1h);
  CHECK(a->delegate.closes == std::vector{kCanceled});
  CHECK(loop.timers().armed_count() == 0);
  CHECK(budget.used() == 0);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: abort() loses what is unsent") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(100, 'r'));
  a->connection->abort(kCanceled);
  CHECK(a->connection->unsent_bytes() == 0);
  settle();
  CHECK(a->peer.receive().size() == 10);
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: the bytes are valid to the end of the call, closed or not") {
  auto a = link();
  std::string seen;
  void (Connection::*end)() = &Connection::close;
  SUBCASE("close") {}
  SUBCASE("abort") { end = nullptr; }
  a->delegate.bytes = [&](auto bytes) {
    if (bytes.size() < 10'000) return Consumed{.wanted = 100'000};  // kept in its own buffer
    if (end != nullptr) {
      (a->connection.value().*end)();
    } else {
      a->connection->abort(kCanceled);
    }
    seen = text_of(bytes);
    return Consumed{.bytes = 1};
  };
  a->connection->start();
  std::string message(100'000, 'm');
  a->peer.send(message.substr(0, 5'000));
  settle();
  a->peer.send(message.substr(5'000, 60'000));
  settle();
  a->peer.send(message.substr(65'000));
  settle();
  CHECK(seen == message);
  CHECK(a->connection->kept_bytes() == 0);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: closed in on_bytes, it shows nothing more") {
  auto a = link();
  a->delegate.bytes = [&](auto) {
    a->connection->close();
    return Consumed{.bytes = 1};
  };
  a->connection->start();
  a->peer.send("abc");
  settle();
  a->peer.send("def");
  settle();
  CHECK(a->delegate.shown.size() == 1);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: half-close ends sending and goes on reading") {
  auto a = link(10);
  a->connection->start();
  a->send("0123456789abc");
  a->connection->finish_sending();
  a->send("not any more");
  std::string received = a->peer.receive();
  CHECK(!a->peer.ended());
  settle();
  received += a->peer.receive();
  CHECK(received == "0123456789abc");
  CHECK(a->peer.ended());
  a->peer.send("answer");
  settle();
  CHECK(a->delegate.received == "answer");
  CHECK(a->connection->open());

  a->delegate.end = [&] { a->connection->close(); };
  a->peer.finish();
  settle();
  CHECK(a->delegate.closes == std::vector{kInOrder});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: half-close in an event follows what it sent") {
  auto a = link();
  a->delegate.bytes = [&](auto bytes) {
    a->send("reply");
    a->connection->finish_sending();
    return Consumed{.bytes = bytes.size()};
  };
  a->connection->start();
  a->peer.send("request");
  settle();
  CHECK(a->peer.receive() == "reply");
  CHECK(a->peer.ended());
  CHECK(a->connection->open());
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: destroyed while open, it says and leaves nothing") {
  auto a = link(10);
  a->delegate.bytes = [](auto) { return Consumed{.wanted = 1'000}; };
  a->connection->start();
  a->peer.send("abc");
  settle();
  a->send(std::string(100, 'r'));
  a->connection.reset();
  settle();
  CHECK(a->delegate.closes.empty());
  CHECK(loop.timers().armed_count() == 0);
  CHECK(budget.used() == 0);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: destroyed between abort and on_closed, no call") {
  auto a = link();
  a->connection->start();
  a->connection->abort(kCanceled);
  a->connection.reset();
  settle();
  CHECK(a->delegate.closes.empty());
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: a scheduled look is dropped with its connection") {
  auto a = link();
  a->delegate.bytes = [](auto) { return Consumed{}; };
  a->connection->start();
  a->peer.send("abc");
  settle();
  a->connection->pause_reading();
  a->connection->resume_reading();
  a->connection.reset();
  auto b = link();  // takes the free place in the loop
  b->delegate.bytes = [](auto) { return Consumed{}; };
  b->connection->start();
  settle();
  CHECK(b->delegate.shown.empty());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: a peer that ended and is gone does not spin us") {
  auto a = link();
  a->connection->start();
  a->peer.leave();
  settle();
  CHECK(a->delegate.ends == 1);
  settle();
  CHECK(a->delegate.ends == 1);
  CHECK(a->connection->open());
}

}  // namespace
}  // namespace appd::reactor
