// The states of a connection, in which order they follow, and why it does not read in each.
#include "connection_fixture.h"

namespace appd::reactor {
namespace {

using namespace std::chrono_literals;
using testing::ConnectionFixture;
using testing::Link;
using State = Connection::State;

constexpr ReadStops kReads;

struct StateFixture : ConnectionFixture {
  void check(State state, ReadStops stops) const {
    CHECK(one->connection->state() == state);
    CHECK(one->connection->read_stops() == stops);
  }
  void start(std::size_t capacity_bytes = 64 * 1024) {
    one = link(capacity_bytes);
    one->connection->start();
  }
  // Less than all of it leaves.
  void start_and_send_much() {
    start(10);
    one->send(std::string(25, 'r'));
  }
  void receive_all() {
    for (int i = 0; i < 5; ++i) {
      one->peer.receive();
      settle();
    }
  }
  std::unique_ptr<Link> one;
};

TEST_CASE("read stops: a set that says what is in it") {
  ReadStops stops;
  CHECK(stops.to_string() == "reads");
  stops.add(ReadStop::kPaused);
  stops.add(ReadStop::kBudget);
  CHECK(stops.to_string() == "paused, budget");
  CHECK(stops.has(ReadStop::kBudget));
  CHECK(!stops.has(ReadStop::kClosed));
  CHECK(stops.has_any(ReadStop::kClosed | ReadStop::kPaused));
  stops.remove(ReadStop::kPaused);
  CHECK(stops == ReadStop::kBudget);
  stops.keep_only(ReadStop::kEndRead);
  CHECK(stops.none());
  stops = ReadStop::kNotStarted | ReadStop::kHighWatermark | ReadStop::kEndRead |
          ReadStop::kGlancing | ReadStop::kClosed;
  CHECK(stops.to_string() == "not started, high watermark, end read, glancing, closed");
}

TEST_CASE_FIXTURE(StateFixture, "connection: reads from start() on, and nothing before") {
  one = link();
  check(State::kOpen, ReadStop::kNotStarted);
  one->peer.send("abc");
  settle();
  CHECK(one->delegate.shown.empty());
  one->connection->start();
  check(State::kOpen, kReads);
  CHECK(one->delegate.received == "abc");
}

TEST_CASE_FIXTURE(StateFixture, "connection: a first send() begins to read, too") {
  one = link();
  one->send("request");
  check(State::kOpen, kReads);
  one->peer.send("abc");
  settle();
  CHECK(one->delegate.received == "abc");
}

TEST_CASE_FIXTURE(StateFixture, "connection: reads only when no reason against it is left") {
  options.write_high_watermark = 20;
  start_and_send_much();
  check(State::kOpen, kReads);
  one->send(std::string(10, 'r'));
  check(State::kOpen, ReadStop::kHighWatermark);
  one->connection->pause_reading();
  check(State::kOpen, ReadStop::kHighWatermark | ReadStop::kPaused);
  one->peer.send("abc");
  receive_all();
  check(State::kOpen, ReadStop::kPaused);
  CHECK(one->delegate.shown.empty());
  one->connection->resume_reading();
  check(State::kOpen, kReads);
  settle();
  CHECK(one->delegate.received == "abc");
  one->peer.finish();
  settle();
  check(State::kOpen, ReadStop::kEndRead);
}

TEST_CASE_FIXTURE(StateFixture, "connection: half-closed it reads on, and sends no more") {
  start_and_send_much();
  one->connection->finish_sending();
  check(State::kFinishing, kReads);
  one->send("not any more");
  receive_all();
  check(State::kHalfClosed, kReads);
  CHECK(one->peer.ended());
  one->peer.send("abc");
  settle();
  CHECK(one->delegate.received == "abc");
  one->send("not any more");
  one->connection->close();
  check(State::kLingering, kReads);
  one->peer.finish();
  settle();
  check(State::kReported, ReadStop::kClosed | ReadStop::kEndRead);
  CHECK(one->delegate.closes == std::vector<std::error_code>{{}});
}

TEST_CASE_FIXTURE(StateFixture, "connection: closed while half of it is, it still sends all") {
  start_and_send_much();
  one->connection->finish_sending();
  one->connection->close();
  check(State::kFlushing, kReads);
  std::size_t received = 0;
  for (int i = 0; i < 5; ++i) {
    received += one->peer.receive().size();
    settle();
  }
  CHECK(received == 25);
  CHECK(one->peer.ended());
  check(State::kLingering, kReads);
}

TEST_CASE_FIXTURE(StateFixture, "connection: flow control does not count once it is closing") {
  options.write_high_watermark = 5;
  start_and_send_much();
  one->connection->pause_reading();
  one->connection->close();
  check(State::kFlushing, kReads);
  CHECK(!one->connection->has_deadline());
  one->connection->pause_reading();
  check(State::kFlushing, kReads);
  one->peer.send("late");
  receive_all();
  check(State::kLingering, kReads);
  CHECK(one->delegate.shown.empty());
  CHECK(one->delegate.drains == 0);
}

TEST_CASE_FIXTURE(StateFixture, "connection: one that was never watched glances, then lingers") {
  one = link();
  one->delegate.bytes = [&](auto bytes) {
    one->send("reply");
    one->connection->close();
    return Consumed{.bytes = bytes.size()};
  };
  one->peer.send("request");
  one->connection->start();
  check(State::kGlancing, ReadStop::kGlancing);
  pass(Connection::kGlance);
  check(State::kLingering, kReads);
  pass(options.linger_timeout);
  check(State::kReported, ReadStop::kClosed);
}

TEST_CASE_FIXTURE(StateFixture, "connection: broken it tells why, from the loop") {
  start_and_send_much();
  const auto reason = std::make_error_code(std::errc::operation_canceled);
  one->connection->abort(reason);
  check(State::kBroken, ReadStop::kClosed);
  CHECK(one->delegate.closes.empty());
  settle();
  check(State::kReported, ReadStop::kClosed);
  CHECK(one->delegate.closes == std::vector{reason});
}

}  // namespace
}  // namespace appd::reactor
