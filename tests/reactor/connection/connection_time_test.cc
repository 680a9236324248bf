// The one timer of a connection: its own time limits, its delegate's, and the look for the peer's
// end.
#include "connection_fixture.h"

namespace appd::reactor {
namespace {

using namespace std::chrono_literals;
using testing::bytes_of;
using testing::ConnectionFixture;
using testing::kInOrder;
using testing::kStart;
using testing::Link;
using testing::ScriptedDelegate;
using State = Connection::State;

// Passes on, and counts what changes.
class CountingPoller final : public Poller {
 public:
  struct Counts {
    int adds = 0;
    int others = 0;
  };
  CountingPoller(std::unique_ptr<Poller> inner, Counts& counts)
      : inner_(std::move(inner)), counts_(counts) {}

  [[nodiscard]] Result<void> add(Descriptor fd, Interest interest, Token token) override {
    ++counts_.adds;
    return inner_->add(fd, interest, token);
  }
  [[nodiscard]] Result<void> modify(Descriptor fd, Interest from, Interest to,
                                    Token token) override {
    ++counts_.others;
    return inner_->modify(fd, from, to, token);
  }
  void remove(Descriptor fd, Interest interest) override {
    ++counts_.others;
    inner_->remove(fd, interest);
  }
  [[nodiscard]] Result<std::size_t> wait(std::optional<Duration> timeout,
                                         std::span<ReadyEvent> events) override {
    return inner_->wait(timeout, events);
  }
  void wake() override { inner_->wake(); }

 private:
  std::unique_ptr<Poller> inner_;
  Counts& counts_;
};

struct TimeFixture {
  void settle() { appd::testing::settle(world, loop); }
  void pass(Duration time) {
    world.pass(time);
    settle();
  }
  Backend backend() {
    Backend made = world.backend();
    made.poller = std::make_unique<CountingPoller>(std::move(made.poller), counts);
    return made;
  }
  // One request is there when the connection starts, and is answered with a last reply.
  std::unique_ptr<Link> one_shot() {
    auto made = std::make_unique<Link>(world, loop, options);
    Link& link = *made;
    link.delegate.bytes = [&link](auto bytes) {
      link.send("reply");
      link.connection->close();
      return Consumed{.bytes = bytes.size()};
    };
    link.peer.send("request");
    link.connection->start();
    return made;
  }

  appd::testing::CalmWorld world;
  CountingPoller::Counts counts;
  EventLoop loop{backend()};
  ConnectionOptions options;
};

TEST_CASE_FIXTURE(TimeFixture, "connection: a last reply goes with the end behind it, at once") {
  const auto a = one_shot();
  CHECK(a->script.writes.empty());
  CHECK(a->script.last_writes == std::vector<std::size_t>{5});
  CHECK(a->peer.receive() == "reply");
  CHECK(a->peer.ended());
}

TEST_CASE_FIXTURE(TimeFixture, "connection: a reply that others follow is no last one") {
  Link a(world, loop, options);
  a.connection->start();
  a.send("reply");
  CHECK(a.script.writes == std::vector<std::size_t>{5});
  CHECK(a.script.last_writes.empty());
}

TEST_CASE_FIXTURE(TimeFixture, "connection: what a last write leaves over is a last write, too") {
  Link a(world, loop, options, 10);
  a.connection->start();
  a.delegate.bytes = [&](auto bytes) {
    a.send("0123456789abcde");
    a.connection->close();
    return Consumed{.bytes = bytes.size()};
  };
  a.peer.send("request");
  settle();
  CHECK(a.peer.receive() == "0123456789");
  settle();
  CHECK(a.peer.receive() == "abcde");
  CHECK(a.peer.ended());
  CHECK(a.script.last_writes == std::vector<std::size_t>{15, 5});
}

TEST_CASE_FIXTURE(TimeFixture, "connection: whose peer ends at once is never watched") {
  const auto a = one_shot();
  a->peer.finish();
  settle();
  CHECK(a->connection->state() == State::kGlancing);
  pass(Connection::kGlance);
  CHECK(a->delegate.closes == std::vector{kInOrder});
  CHECK(counts.adds == 0);
  CHECK(counts.others == 0);
  CHECK(loop.timers().armed_count() == 0);
}

TEST_CASE_FIXTURE(TimeFixture,
                  "connection: whose peer takes its time is watched from the look on") {
  const auto a = one_shot();
  settle();
  CHECK(counts.adds == 0);
  pass(Connection::kGlance);
  CHECK(counts.adds == 1);
  CHECK(a->delegate.closes.empty());
  a->peer.finish();
  settle();
  CHECK(a->delegate.closes == std::vector{kInOrder});
}

TEST_CASE_FIXTURE(TimeFixture, "connection: what arrives before the look resets nothing") {
  const auto a = one_shot();
  a->peer.send("more, and more");
  pass(Connection::kGlance);
  a->peer.send("and more");
  a->peer.finish();
  settle();
  CHECK(a->delegate.closes == std::vector{kInOrder});
  a->connection.reset();
  CHECK(a->peer.receive() == "reply");
  CHECK(a->peer.ended());
  CHECK(!a->peer.error());
}

TEST_CASE_FIXTURE(TimeFixture,
                  "connection: a peer that never ends is waited for, look and linger") {
  const auto a = one_shot();
  pass(Connection::kGlance);
  pass(options.linger_timeout - 1ms);
  CHECK(a->delegate.closes.empty());
  pass(2ms);
  CHECK(a->delegate.closes == std::vector{kInOrder});
}

TEST_CASE_FIXTURE(TimeFixture, "connection: a peer that resets before the look ends it in order") {
  const auto a = one_shot();
  CHECK(a->peer.receive() == "reply");
  a->peer.reset();
  pass(Connection::kGlance);
  CHECK(a->delegate.closes == std::vector{kInOrder});
}

TEST_CASE_FIXTURE(TimeFixture, "connection: one that is watched anyhow lingers without a look") {
  Link a(world, loop, options);
  a.connection->start();
  CHECK(counts.adds == 1);
  a.connection->close();
  a.peer.finish();
  settle();
  CHECK(a.delegate.closes == std::vector{kInOrder});
  CHECK(counts.adds == 1);
}

// The delegate's ------------------------------------------------------------------------------

TEST_CASE_FIXTURE(TimeFixture, "connection: the delegate's deadline comes once, and not before") {
  Link a(world, loop, options);
  a.connection->set_deadline(loop.now() + 10ms);
  CHECK(loop.timers().armed_count() == 0);  // it counts from start() on
  a.connection->start();
  pass(9ms);
  CHECK(a.delegate.deadlines == 0);
  pass(1ms);
  CHECK(a.delegate.deadlines == 1);
  CHECK(!a.connection->has_deadline());
  pass(1h);
  CHECK(a.delegate.deadlines == 1);
}

TEST_CASE_FIXTURE(TimeFixture, "connection: the delegate's deadline moves, and is taken back") {
  Link a(world, loop, options);
  a.connection->start();
  a.connection->set_deadline(loop.now() + 10ms);
  a.connection->set_deadline(loop.now() + 20ms);
  pass(10ms);
  CHECK(a.delegate.deadlines == 0);
  a.connection->set_deadline(loop.now() + 1ms);
  pass(1ms);
  CHECK(a.delegate.deadlines == 1);
  a.connection->set_deadline(loop.now() + 1ms);
  a.connection->clear_deadline();
  pass(1h);
  CHECK(a.delegate.deadlines == 1);
  CHECK(loop.timers().armed_count() == 0);
}

TEST_CASE_FIXTURE(TimeFixture,
                  "connection: the delegate's deadline may be set in its own callback") {
  Link a(world, loop, options);
  a.connection->start();
  a.delegate.deadline = [&] { a.connection->set_deadline(loop.now() + 5ms); };
  a.connection->set_deadline(loop.now() + 5ms);
  pass(5ms);
  pass(5ms);
  pass(5ms);
  CHECK(a.delegate.deadlines == 3);
}

TEST_CASE_FIXTURE(TimeFixture,
                  "connection: the write time-out and the delegate's deadline both count") {
  Link a(world, loop, options, 10);
  a.connection->start();
  a.send("more than fits into it");
  a.connection->set_deadline(loop.now() + 1ms);
  pass(1ms);
  CHECK(a.delegate.deadlines == 1);
  a.connection->set_deadline(loop.now() + 2 * options.write_timeout);
  for (auto time = options.write_timeout + 2s; time > 0s; time -= 1s) pass(1s);
  CHECK(a.delegate.closes == std::vector{std::make_error_code(std::errc::timed_out)});
  CHECK(a.delegate.deadlines == 1);
}

TEST_CASE_FIXTURE(TimeFixture,
                  "connection: a budget that stops reading does not stop the deadline") {
  BufferBudget budget(1);
  budget.change(0, 100);
  budget.change(0, 100);
  REQUIRE(budget.begin_overdraft({}, loop.now()));  // somebody else has it
  options.budget = &budget;
  Link a(world, loop, options);
  a.connection->start();
  a.delegate.bytes = [](auto) { return Consumed{.wanted = 100}; };
  a.peer.send("12");
  settle();
  a.peer.send("34");
  settle();
  REQUIRE(a.connection->stopped_by_budget());
  a.connection->set_deadline(loop.now() + 25ms);
  pass(12ms);
  CHECK(a.delegate.deadlines == 0);
  CHECK(a.connection->stopped_by_budget());  // it has looked again
  pass(13ms);
  CHECK(a.delegate.deadlines == 1);
  budget.end_overdraft();
  pass(11ms);
  CHECK(!a.connection->stopped_by_budget());
  budget.change(100, 0);
  budget.change(100, 0);
}

TEST_CASE_FIXTURE(TimeFixture, "connection: no deadline of the delegate counts behind close()") {
  Link a(world, loop, options);
  a.connection->start();
  a.connection->set_deadline(loop.now() + 1ms);
  a.connection->close();
  a.connection->set_deadline(loop.now() + 1ms);
  pass(options.linger_timeout - 1ms);
  CHECK(a.delegate.deadlines == 0);
  CHECK(a.delegate.closes.empty());
  pass(1ms);
  CHECK(a.delegate.deadlines == 0);
  CHECK(a.delegate.closes == std::vector{kInOrder});
}

// The look for the peer's end ------------------------------------------------------------------

TEST_CASE_FIXTURE(TimeFixture,
                  "connection: a paused one finds the peer's end behind what it does not read") {
  Link a(world, loop, options);
  a.connection->start();
  a.connection->pause_reading();
  a.peer.send("unread");
  pass(3s);
  CHECK(a.delegate.ends_ahead == 0);
  a.peer.finish();
  pass(1s);
  CHECK(a.delegate.ends_ahead == 1);
  pass(1h);
  CHECK(a.delegate.ends_ahead == 1);
  CHECK(a.delegate.ends == 0);
  a.connection->resume_reading();
  settle();
  CHECK(a.delegate.received == "unread");
  CHECK(a.delegate.ends == 1);
}

TEST_CASE_FIXTURE(TimeFixture,
                  "connection: the look for the peer's end is nobody else's deadline") {
  Link a(world, loop, options, 100);
  a.connection->start();
  a.connection->pause_reading();
  a.peer.send("unread");
  a.peer.finish();
  SUBCASE("the delegate's is cleared") { a.connection->clear_deadline(); }
  SUBCASE("the delegate's is set") { a.connection->set_deadline(loop.now() + 500ms); }
  SUBCASE("bytes are unsent, and then drained") {
    a.send(std::string(150, 'r'));
    a.peer.receive();
    settle();
    REQUIRE(a.connection->unsent_bytes() == 0);
  }
  pass(500ms);
  pass(600ms);
  CHECK(a.delegate.ends_ahead == 1);
}

TEST_CASE_FIXTURE(TimeFixture, "connection: one that reads again looks no more") {
  Link a(world, loop, options);
  a.connection->start();
  a.connection->pause_reading();
  a.connection->resume_reading();
  CHECK(loop.timers().armed_count() == 0);
  pass(1h);
  CHECK(a.delegate.ends_ahead == 0);
}

}  // namespace
}  // namespace appd::reactor
