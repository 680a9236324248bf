#include "appd/reactor/connection/outbound.h"
#include "connection_fixture.h"

namespace appd::reactor {
namespace {

using namespace std::chrono_literals;
using testing::broken;
using testing::ConnectionFixture;
using testing::would_block;
using StopNotice = ConnectionDelegate::StopNotice;

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: what one event sends leaves with one write") {
  auto a = link();
  a->delegate.bytes = [&](auto bytes) {
    a->send("one ", "two ");
    a->send("three");
    return Consumed{.bytes = bytes.size()};
  };
  a->connection->start();
  a->peer.send("go");
  settle();
  CHECK(a->script.writes == std::vector<std::size_t>{13});
  CHECK(a->peer.receive() == "one two three");
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: a send outside of an event leaves at once") {
  auto a = link();
  a->connection->start();
  a->send("head ", "body");
  CHECK(a->script.writes == std::vector<std::size_t>{9});
  CHECK(a->peer.receive() == "head body");
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: what is sent together leaves in one write") {
  auto a = link();
  a->connection->start();
  a->connection->together([&] {
    a->send("one");
    a->send("two");
    a->connection->together([&] { a->send("three"); });  // within it: the same
  });
  CHECK(a->script.writes == std::vector<std::size_t>{11});
  CHECK(a->peer.receive() == "onetwothree");
  a->connection->close();
  bool ran = false;
  a->connection->together([&] { ran = true; });
  CHECK(ran);
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: a large body goes out with what waits before it") {
  auto a = link(1024 * 1024);
  const std::string body(200 * 1024, 'b');
  a->delegate.bytes = [&](auto bytes) {
    a->send("first ");
    a->send("head ", body);
    a->send(" last");
    return Consumed{.bytes = bytes.size()};
  };
  a->connection->start();
  a->peer.send("go");
  settle();
  CHECK(a->script.writes == std::vector<std::size_t>{11 + body.size(), 5});
  CHECK(a->peer.receive() == "first head " + body + " last");
}

TEST_CASE_FIXTURE(
    ConnectionFixture,
    "connection: a large body that is given away is not copied, and goes in its turn") {
  for (const std::size_t room : {std::size_t{1'000}, std::size_t{50'000}}) {
    CAPTURE(room);
    auto a = link(room);
    a->connection->start();
    std::string body(Outbound::kOwnedBytes + 100'000, 'b');
    for (std::size_t i = 0; i < body.size(); i += 1'000) body[i] = static_cast<char>('a' + i % 26);
    const std::string same = body;
    std::string small = "small";
    std::string second(Outbound::kOwnedBytes, 's');
    a->connection->send(as_bytes("head "), as_bytes(body), &body);
    a->connection->send(as_bytes("between "), as_bytes(small), &small);
    a->connection->send(as_bytes("again "), as_bytes(second), &second);
    CHECK(body.empty());
    CHECK(small == "small");
    CHECK(second.size() == Outbound::kOwnedBytes);  // one at a time
    const std::string all = "head " + same + "between smallagain " + second;
    CHECK(a->connection->unsent_bytes() == all.size() - room);
    CHECK(budget.used() >= a->connection->unsent_bytes());
    std::string received;
    for (int i = 0; i < 2'000 && received.size() < all.size(); ++i) {
      received += a->peer.receive(room);
      settle();
    }
    CHECK((received == all));  // too long to be shown
    CHECK(budget.used() == 0);
  }
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: a body that was given away goes with its connection") {
  auto a = link(10);
  a->connection->start();
  std::string body(Outbound::kOwnedBytes + 10, 'b');
  a->connection->send(as_bytes("head"), as_bytes(body), &body);
  CHECK(body.empty());
  a->connection->abort({});
  settle();
  CHECK(budget.used() == 0);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: what the transport refuses follows in order") {
  auto a = link(10);
  a->connection->start();
  a->send("0123456789", "abcde");
  a->send("fgh", "ij");
  CHECK(a->connection->unsent_bytes() == 10);
  std::string received;
  for (int i = 0; i < 10; ++i) {
    received += a->peer.receive(3);
    settle();
  }
  CHECK(received == "0123456789abcdefghij");
  CHECK(a->connection->unsent_bytes() == 0);
  CHECK(budget.used() == 0);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: writability is waited for only when refused") {
  auto a = link();
  a->connection->start();
  a->send("abc");
  settle();
  CHECK(a->script.writes.size() == 1);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: a write may wait for the other direction") {
  auto a = link();
  a->connection->start();
  a->script.next_writes = {would_block(Interest::kRead)};
  a->send("abc");
  settle();  // writable all the time, but that is not what it waits for
  CHECK(a->script.writes.size() == 1);
  a->peer.send("x");
  settle();
  CHECK(a->peer.receive() == "abc");
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: a write that waits to read goes on though reading is paused") {
  auto a = link();
  a->connection->start();
  a->connection->pause_reading();
  a->script.next_writes = {would_block(Interest::kRead)};
  a->send("abc");
  a->peer.send("x");
  loop.run_once(0s);
  CHECK(a->peer.receive() == "abc");
  CHECK(a->delegate.shown.empty());
}

// The high watermark -------------------------------------------------------------------------

struct LowWatermark : ConnectionFixture {
  LowWatermark() { options.write_high_watermark = 100; }
  std::unique_ptr<testing::Link> full_link() {
    auto one = link(10);
    one->connection->start();
    one->send(std::string(111, 'r'));
    return one;
  }
};

TEST_CASE_FIXTURE(LowWatermark, "connection: reads no more above the high watermark") {
  auto a = full_link();
  CHECK(a->connection->above_high_watermark());
  CHECK(a->delegate.stops == std::vector{StopNotice::kHighWatermark});
  a->peer.send("abc");
  settle();
  CHECK(a->delegate.shown.empty());
}

TEST_CASE_FIXTURE(LowWatermark, "connection: at the watermark it still reads") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(110, 'r'));
  CHECK(!a->connection->above_high_watermark());
  a->peer.send("abc");
  settle();
  CHECK(a->delegate.received == "abc");
}

TEST_CASE_FIXTURE(LowWatermark, "connection: reads again at a quarter of the watermark") {
  auto a = full_link();
  a->peer.send("abc");
  while (a->connection->unsent_bytes() > 35) {
    a->peer.receive(10);
    settle();
    CHECK(a->delegate.drains == 0);
  }
  a->peer.receive(10);
  settle();
  CHECK(a->connection->unsent_bytes() == 21);
  CHECK(a->delegate.drains == 1);
  CHECK(a->delegate.received == "abc");
}

TEST_CASE_FIXTURE(LowWatermark, "connection: drained, it shows again what was kept") {
  auto a = link(10);
  a->delegate.bytes = [&](auto bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && !a->connection->above_high_watermark()) {
      a->send(std::string(200 * 1024, 'r'));  // more than is collected
      ++taken;
    }
    return Consumed{.bytes = taken};
  };
  a->connection->start();
  a->peer.send("abc");
  std::size_t received = 0;
  for (int i = 0; i < 80'000 && received < 3 * 200 * 1024; ++i) {
    received += a->peer.receive().size();
    loop.run_once(0s);
  }
  CHECK(received == 3 * 200 * 1024);
  CHECK(a->delegate.shown == std::vector<std::string>{"abc", "bc", "c"});
}

TEST_CASE_FIXTURE(LowWatermark, "connection: paused and drained, it waits for resume") {
  auto a = full_link();
  a->peer.send("abc");
  a->connection->pause_reading();
  for (int i = 0; i < 15; ++i) {
    a->peer.receive();
    settle();
  }
  CHECK(a->delegate.drains == 1);
  CHECK(a->delegate.shown.empty());
  a->connection->resume_reading();
  settle();
  CHECK(a->delegate.received == "abc");
}

TEST_CASE_FIXTURE(LowWatermark, "connection: resumed above the watermark, it waits to be drained") {
  auto a = link(10);
  a->delegate.bytes = [&](auto) {
    a->connection->pause_reading();
    return Consumed{};
  };
  a->connection->start();
  a->peer.send("abc");
  settle();
  a->send(std::string(111, 'r'));
  a->delegate.bytes = {};
  a->connection->resume_reading();
  settle();
  CHECK(a->delegate.received.empty());
  for (int i = 0; i < 15; ++i) {
    a->peer.receive();
    settle();
  }
  CHECK(a->delegate.received == "abc");
}

TEST_CASE_FIXTURE(LowWatermark, "connection: a delegate may abort when it is drained") {
  auto a = link(10);
  a->delegate.bytes = [&](auto) { return Consumed{}; };
  a->delegate.drained = [&] { a->connection->abort({}); };
  a->connection->start();
  a->peer.send("abc");
  settle();
  a->send(std::string(111, 'r'));
  for (int i = 0; i < 15; ++i) {
    a->peer.receive();
    settle();
  }
  CHECK(a->delegate.drains == 1);
  CHECK(a->delegate.closes.size() == 1);
}

TEST_CASE_FIXTURE(LowWatermark, "connection: a delegate may abort when reading stops") {
  auto a = link(10);
  a->delegate.stopped = [&](auto) { a->connection->abort({}); };
  a->delegate.bytes = [&](auto bytes) {
    a->send(std::string(111, 'r'));
    a->send("more");
    return Consumed{.bytes = bytes.size()};
  };
  a->connection->start();
  a->peer.send("abc");
  settle();
  CHECK(a->delegate.closes.size() == 1);
}

TEST_CASE_FIXTURE(LowWatermark, "connection: a delegate may send when reading stops") {
  auto a = link(10);
  a->delegate.stopped = [&](auto) { a->send("end"); };
  a->connection->start();
  const std::string text(111, 'r');
  a->send(text);
  std::string received;
  for (int i = 0; i < 15; ++i) {
    received += a->peer.receive();
    settle();
  }
  CHECK(received == text + "end");
}

// The write time-out -------------------------------------------------------------------------

TEST_CASE_FIXTURE(ConnectionFixture, "connection: closes when unsent bytes make no progress") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(100, 'r'));
  pass_in_turns(options.write_timeout - 1s);
  CHECK(a->delegate.closes.empty());
  pass_in_turns(3s);
  CHECK(a->delegate.closes ==
        std::vector<std::error_code>{std::make_error_code(std::errc::timed_out)});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: progress moves the write time-out") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(100, 'r'));
  for (int i = 0; i < 5; ++i) {
    pass_in_turns(options.write_timeout - 1s);
    a->peer.receive(1);
    settle();
  }
  CHECK(a->delegate.closes.empty());
  pass_in_turns(options.write_timeout + 2s);
  CHECK(a->delegate.closes.size() == 1);
}

TEST_CASE_FIXTURE(
    ConnectionFixture,
    "connection: progress is what the peer takes, long before the kernel takes more") {
  auto a = link(90'000);
  a->connection->start();
  a->send(std::string(300'000, 'r'));
  const std::size_t unsent = a->connection->unsent_bytes();
  const auto begin = loop.now();
  while (loop.now() < begin + 2 * options.write_timeout) {
    CHECK(a->peer.receive(100).size() == 100);
    pass(1s);
  }
  REQUIRE(a->connection->unsent_bytes() == unsent);  // nothing more left us in all this time
  CHECK(a->delegate.closes.empty());
  pass_in_turns(options.write_timeout + 2s);
  CHECK(a->delegate.closes.size() == 1);
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: the system is not asked for progress before it keeps us waiting") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(100, 'r'));
  std::size_t received = 0;
  while (received < 100) {
    received += a->peer.receive().size();
    settle();
  }
  a->connection->close();
  a->peer.finish();
  settle();
  CHECK(a->delegate.closes.size() == 1);
  CHECK(a->script.progress_looks == 0);
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: a loop that was blocked for long does not blame its peer") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(100, 'r'));
  pass(10 * options.write_timeout);
  CHECK(a->delegate.closes.empty());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: more to send does not move the write time-out") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(100, 'r'));
  pass_in_turns(options.write_timeout - 1s);
  a->send("more");
  pass_in_turns(3s);
  CHECK(a->delegate.closes.size() == 1);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: with all sent, no time-out is left") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(15, 'r'));
  a->peer.receive();
  settle();
  CHECK(loop.timers().armed_count() == 0);
  pass(24h);
  CHECK(a->connection->open());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: closing, it still closes without progress") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(100, 'r'));
  a->connection->close();
  for (int i = 0; i < 3; ++i) {  // that the peer sends is no progress
    pass_in_turns(options.write_timeout / 3);
    a->peer.send("x");
    settle();
  }
  pass_in_turns(2s);
  CHECK(a->delegate.closes ==
        std::vector<std::error_code>{std::make_error_code(std::errc::timed_out)});
}

// Broken streams -----------------------------------------------------------------------------

TEST_CASE_FIXTURE(ConnectionFixture, "connection: an error while writing closes it") {
  auto a = link();
  a->delegate.bytes = [&](auto bytes) {
    a->send("reply");
    return Consumed{.bytes = bytes.size()};
  };
  a->connection->start();
  a->script.next_writes = {broken(std::errc::broken_pipe)};
  a->peer.send("abc");
  settle();
  CHECK(a->delegate.closes ==
        std::vector<std::error_code>{std::make_error_code(std::errc::broken_pipe)});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: an error while flushing closes it") {
  auto a = link(10);
  a->connection->start();
  a->send(std::string(100, 'r'));
  a->peer.leave();
  settle();
  CHECK(a->delegate.closes.size() == 1);
  CHECK(a->delegate.closes[0]);
  CHECK(budget.used() == 0);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: a reset of the peer closes it") {
  auto a = link();
  a->connection->start();
  a->peer.reset();
  settle();
  CHECK(a->delegate.ends == 0);
  CHECK(a->delegate.closes == std::vector<std::error_code>{{ECONNRESET, std::system_category()}});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: an error of a send is told by the loop") {
  auto a = link();
  a->connection->start();
  a->script.next_writes = {broken(std::errc::broken_pipe)};
  a->send("abc");
  CHECK(!a->connection->open());
  CHECK(a->delegate.closes.empty());
  settle();
  CHECK(a->delegate.closes.size() == 1);
}

}  // namespace
}  // namespace appd::reactor
