#include "appd/reactor/event_loop.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tested_backends.h"
#include "tests/support/calm_world.h"

namespace appd::testing {
namespace {

using namespace std::chrono_literals;
using reactor::Duration;
using reactor::EventLoop;
using reactor::EventSink;
using reactor::Interest;
using reactor::Ready;
using reactor::Registration;
using reactor::Retirable;
using reactor::Timer;

// Counts its events and does what it is told at each.
struct Sink : EventSink {
  void on_ready(Ready ready) override {
    ++events;
    last = ready;
    if (then) then();
  }
  int events = 0;
  Ready last;
  std::function<void()> then;
};

struct AtEnd final : reactor::TurnEndSink {
  void on_turn_end() noexcept override { then(); }
  std::function<void()> then;
};

// A loop, and pairs of transports whose one end it watches.
template <class Tested>
struct LoopFixture : Contract<Tested> {
  LoopFixture() : loop(Tested::backend()) {}

  Registration watch(const TransportPair& pair, Sink& sink, Interest interest) {
    Registration registration = loop.watch(pair.server->descriptor(), sink);
    REQUIRE(registration.set_interest(interest));
    return registration;
  }
  TransportPair readable_pair() {
    auto pair = this->pair();
    this->write_all(*pair.client, "x");
    this->until_ready(pair.server->descriptor(), Interest::kRead);
    return pair;
  }
  void turn() { loop.run_once(Duration::zero()); }

  EventLoop loop;
};

CONTRACT_CASE("loop: a registration without an interest is not told of readiness") {
  LoopFixture<Tested> f;
  const auto pair = f.readable_pair();
  Sink sink;
  const Registration registration = f.loop.watch(pair.server->descriptor(), sink);
  f.turn();
  CHECK(sink.events == 0);
}

CONTRACT_CASE("loop: a sink is told each turn what it is interested in") {
  LoopFixture<Tested> f;
  const auto pair = f.readable_pair();
  Sink sink;
  Registration registration = f.watch(pair, sink, Interest::kRead);
  f.turn();
  f.turn();
  CHECK(sink.events == 2);
  CHECK(sink.last.readable);
  CHECK_FALSE(sink.last.writable);
  REQUIRE(registration.set_interest(Interest::kReadWrite));
  f.turn();
  CHECK(sink.last.readable);
  CHECK(sink.last.writable);
  REQUIRE(registration.set_interest(Interest::kNone));
  f.turn();
  CHECK(sink.events == 3);
}

CONTRACT_CASE("loop: an event for a registration that is gone in the same turn is dropped") {
  LoopFixture<Tested> f;
  const auto one = f.readable_pair();
  const auto two = f.readable_pair();
  Sink first;
  Sink second;
  Registration of_first = f.watch(one, first, Interest::kRead);
  Registration of_second = f.watch(two, second, Interest::kRead);
  // Whichever comes first takes the other out.
  first.then = [&] { of_second.reset(); };
  second.then = [&] { of_first.reset(); };
  f.turn();
  CHECK(first.events + second.events == 1);
}

CONTRACT_CASE("loop: a slot that is given out again gets no event of its earlier owner") {
  LoopFixture<Tested> f;
  const auto one = f.readable_pair();
  const auto two = f.readable_pair();
  auto quiet = f.pair();
  Sink first;
  Sink second;
  Sink heir;
  Registration of_heir;
  Registration of_first = f.watch(one, first, Interest::kRead);
  Registration of_second = f.watch(two, second, Interest::kRead);
  const auto bequeath = [&](Registration& other) {
    other.reset();
    of_heir = f.watch(quiet, heir, Interest::kRead);
  };
  first.then = [&] { bequeath(of_second); };
  second.then = [&] { bequeath(of_first); };
  f.turn();
  CHECK(first.events + second.events == 1);
  CHECK(heir.events == 0);
  f.write_all(*quiet.client, "x");
  f.until_ready(quiet.server->descriptor(), Interest::kRead);
  first.then = second.then = nullptr;
  f.turn();
  CHECK(heir.events == 1);
}

CONTRACT_CASE("loop: a sink may take out its own registration") {
  LoopFixture<Tested> f;
  const auto pair = f.readable_pair();
  Sink sink;
  Registration registration = f.watch(pair, sink, Interest::kRead);
  sink.then = [&] { registration.reset(); };
  f.turn();
  f.turn();
  CHECK(sink.events == 1);
  CHECK_FALSE(registration.valid());
}

CONTRACT_CASE("loop: a registration moves with its place") {
  LoopFixture<Tested> f;
  const auto pair = f.readable_pair();
  Sink sink;
  Registration first = f.watch(pair, sink, Interest::kRead);
  Registration second = std::move(first);
  CHECK_FALSE(first.valid());
  CHECK(second.interest() == Interest::kRead);
  f.turn();
  CHECK(sink.events == 1);
}

CONTRACT_CASE("loop: an interest that cannot be had is an error, and is not kept") {
  LoopFixture<Tested> f;
  auto pair = f.pair();
  Sink sink;
  const auto closed = pair.server->descriptor();
  pair.server.reset();
  Registration registration = f.loop.watch(closed, sink);
  CHECK_FALSE(registration.set_interest(Interest::kRead).has_value());
  CHECK(registration.interest() == Interest::kNone);
}

CONTRACT_CASE(
    "loop: schedule is one readable event in the next turn, whatever the descriptor says") {
  LoopFixture<Tested> f;
  const auto pair = f.pair();
  Sink sink;
  Registration registration = f.loop.watch(pair.server->descriptor(), sink);
  registration.schedule();
  registration.schedule();
  f.loop.run_once();  // does not wait
  CHECK(sink.events == 1);
  CHECK(sink.last.readable);
  f.turn();
  CHECK(sink.events == 1);
}

CONTRACT_CASE("loop: schedule from its own event comes in the next turn") {
  LoopFixture<Tested> f;
  const auto pair = f.pair();
  Sink sink;
  Registration registration = f.loop.watch(pair.server->descriptor(), sink);
  sink.then = [&] { registration.schedule(); };
  registration.schedule();
  f.turn();
  CHECK(sink.events == 1);
  f.turn();
  CHECK(sink.events == 2);
}

CONTRACT_CASE("loop: what was scheduled is dropped with its registration") {
  LoopFixture<Tested> f;
  const auto pair = f.pair();
  Sink gone;
  Sink heir;
  Registration registration = f.loop.watch(pair.server->descriptor(), gone);
  registration.schedule();
  registration.reset();
  const Registration same_slot = f.loop.watch(pair.server->descriptor(), heir);
  f.turn();
  CHECK(gone.events == 0);
  CHECK(heir.events == 0);
}

CONTRACT_CASE("loop: what is posted runs once, in order, in the next turn") {
  LoopFixture<Tested> f;
  std::string log;
  for (const char name : {'a', 'b', 'c'}) {
    REQUIRE(f.loop.post([&log, name] { log += name; }));
  }
  f.loop.run_once();  // does not wait
  CHECK(log == "abc");
  f.turn();
  CHECK(log == "abc");
}

CONTRACT_CASE("loop: what a posted function posts runs in the turn behind") {
  LoopFixture<Tested> f;
  int runs = 0;
  REQUIRE(f.loop.post([&] {
    ++runs;
    (void)f.loop.post([&] { ++runs; });
  }));
  f.turn();
  CHECK(runs == 1);
  f.loop.run_once();
  CHECK(runs == 2);
}

CONTRACT_CASE("loop: a posted function may own what cannot be copied") {
  LoopFixture<Tested> f;
  int seen = 0;
  REQUIRE(f.loop.post([value = std::make_unique<int>(7), &seen] { seen = *value; }));
  f.turn();
  CHECK(seen == 7);
}

CONTRACT_CASE("loop: what is still posted when the loop goes is destroyed, not run") {
  bool ran = false;
  const auto owned = std::make_shared<int>(0);
  {
    LoopFixture<Tested> f;
    REQUIRE(f.loop.post([owned, &ran] { ran = true; }));
    CHECK(owned.use_count() == 2);
  }
  CHECK(owned.use_count() == 1);
  CHECK_FALSE(ran);
}

CONTRACT_CASE("loop: a stop before run counts") {
  LoopFixture<Tested> f;
  f.loop.stop();
  f.loop.run();
  CHECK(true);  // came back
}

CONTRACT_CASE("loop: a stop within a turn ends run behind that turn") {
  LoopFixture<Tested> f;
  bool other = false;
  REQUIRE(f.loop.post([&] { f.loop.stop(); }));
  REQUIRE(f.loop.post([&] { other = true; }));
  f.loop.run();
  CHECK(other);
}

CONTRACT_CASE("loop: a wake begins a turn") {
  LoopFixture<Tested> f;
  f.loop.wake();
  f.loop.run_once();
  CHECK(true);  // came back
}

CONTRACT_CASE("loop: posts of other threads wake it, and keep each thread's order") {
  if constexpr (Tested::kIsSystem) {
    LoopFixture<Tested> f;
    constexpr int kThreads = 4;
    constexpr int kPosts = 2000;
    std::vector<std::vector<int>> received(kThreads);
    int left = kThreads * kPosts;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kPosts; ++i) {
          while (!f.loop.post([&, thread, i] {
            received[static_cast<std::size_t>(thread)].push_back(i);
            if (--left == 0) f.loop.stop();
          })) {
            std::this_thread::yield();
          }
        }
      });
    }
    f.loop.run();
    for (auto& thread : threads) thread.join();
    for (const auto& numbers : received) {
      REQUIRE(numbers.size() == kPosts);
      CHECK(std::is_sorted(numbers.begin(), numbers.end()));
    }
  }
}

CONTRACT_CASE("loop: a stop of another thread ends a run that waits") {
  if constexpr (Tested::kIsSystem) {
    LoopFixture<Tested> f;
    for (int i = 0; i < 20; ++i) {
      std::thread other([&] { f.loop.stop(); });
      f.loop.run();
      other.join();
    }
    CHECK(true);  // came back each time
  }
}

struct Alarm {
  explicit Alarm(EventLoop& owner)
      : loop(owner), timer(Timer::calling<&Alarm::on_timer>(owner.timers(), *this)) {}
  void on_timer() {
    fired_at = loop.now();
    loop.stop();
  }
  EventLoop& loop;
  Timer timer;
  std::optional<reactor::TimePoint> fired_at;
};

CONTRACT_CASE("loop: a timer ends the wait when it is due, not before") {
  LoopFixture<Tested> f;
  Alarm alarm(f.loop);
  const auto deadline = f.loop.now() + 3ms;
  alarm.timer.arm(deadline);
  f.loop.run();
  REQUIRE(alarm.fired_at.has_value());
  CHECK(*alarm.fired_at >= deadline);
}

CONTRACT_CASE("loop: a timer that was moved later fires at the later time") {
  LoopFixture<Tested> f;
  Alarm alarm(f.loop);
  alarm.timer.arm(f.loop.now() + 1ms);
  const auto deadline = f.loop.now() + 4ms;
  alarm.timer.arm(deadline);
  f.loop.run();
  REQUIRE(alarm.fired_at.has_value());
  CHECK(*alarm.fired_at >= deadline);
}

TEST_CASE("loop: an hour of a simulated world passes in one turn") {
  CalmWorld world;
  EventLoop loop(world.backend());
  Alarm alarm(loop);
  const auto deadline = loop.now() + 1h;
  alarm.timer.arm(deadline);
  loop.run_once();
  CHECK(alarm.fired_at == deadline);
}

TEST_CASE("loop: a turn waits no longer than it is told") {
  CalmWorld world;
  EventLoop loop(world.backend());
  Alarm alarm(loop);
  const auto begin = loop.now();
  alarm.timer.arm(begin + 1h);
  loop.run_once(1min);
  CHECK(loop.now() == begin + 1min);
  CHECK_FALSE(alarm.fired_at.has_value());
}

TEST_CASE("loop: the time of a turn does not move within it") {
  CalmWorld world;
  EventLoop loop(world.backend());
  const auto begin = loop.now();
  REQUIRE(loop.post([&] {
    world.pass(1h);
    CHECK(loop.now() == begin);
  }));
  loop.run_once();
  loop.run_once(Duration::zero());
  CHECK(loop.now() == begin + 1h);
}

TEST_CASE("loop: a turn is readiness, timers, what was posted, its end, then what was retired") {
  struct Logging : Retirable {
    explicit Logging(std::string& to) : log(to) {}
    ~Logging() override { log += " retired"; }
    std::string& log;
  };
  struct Ticking {
    Ticking(EventLoop& loop, std::string& to)
        : log(to), timer(Timer::calling<&Ticking::on_timer>(loop.timers(), *this)) {}
    void on_timer() { log += " timer"; }
    std::string& log;
    Timer timer;
  };
  LoopFixture<CalmUnderTest> f;
  std::string log;
  const auto pair = f.readable_pair();
  Sink sink;
  const Registration registration = f.watch(pair, sink, Interest::kRead);
  sink.then = [&] {
    log += "ready";
    f.loop.retire(std::make_unique<Logging>(log));
    (void)f.loop.post([&] { log += " posted"; });
  };
  Ticking ticking(f.loop, log);
  ticking.timer.arm(f.loop.now());
  AtEnd end;
  end.then = [&] { log += " end"; };
  f.loop.turn_end().add(end);
  f.turn();
  CHECK(log == "ready timer posted end retired");
}

TEST_CASE(
    "loop: who waits for the end of a turn is called once, in order, and no turn waits for it") {
  CalmWorld world;
  EventLoop loop(world.backend());
  std::string log;
  AtEnd first;
  AtEnd second;
  first.then = [&] {
    log += "1";
    if (log.size() < 3) loop.turn_end().add(first);  // in the next turn
  };
  second.then = [&] { log += "2"; };
  loop.turn_end().add(first);
  loop.turn_end().add(second);
  loop.turn_end().add(first);
  loop.run_once();  // does not wait
  CHECK(log == "12");
  loop.run_once();
  CHECK(log == "121");
  loop.run_once(1ms);
  CHECK(log == "121");
}

TEST_CASE("loop: who is gone before the end of the turn is not called") {
  CalmWorld world;
  EventLoop loop(world.backend());
  int called = 0;
  AtEnd stays;
  auto goes = std::make_unique<AtEnd>();
  auto is_taken_away = std::make_unique<AtEnd>();
  stays.then = [&] {
    ++called;
    is_taken_away.reset();
  };
  goes->then = is_taken_away->then = [&] { called += 10; };
  loop.turn_end().add(*goes);
  loop.turn_end().add(stays);
  loop.turn_end().add(*is_taken_away);
  goes.reset();
  loop.run_once();
  CHECK(called == 1);
}

TEST_CASE("loop: a retired object may retire further ones") {
  struct Chain : Retirable {
    Chain(EventLoop& owner, int& counter, int further)
        : loop(owner), destroyed(counter), left(further) {}
    ~Chain() override {
      ++destroyed;
      if (left > 0) loop.retire(std::make_unique<Chain>(loop, destroyed, left - 1));
    }
    EventLoop& loop;
    int& destroyed;
    int left;
  };
  CalmWorld world;
  EventLoop loop(world.backend());
  int destroyed = 0;
  loop.retire(std::make_unique<Chain>(loop, destroyed, 2));
  loop.run_once();  // does not wait
  CHECK(destroyed == 3);
}

}  // namespace
}  // namespace appd::testing
