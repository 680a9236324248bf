#include "appd/reactor/timer_queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace appd::reactor {
namespace {

TimePoint at(int milliseconds) { return TimePoint{} + std::chrono::milliseconds(milliseconds); }

// A timer that writes its name into `log` when it fires and then does what it is told.
struct Named {
  Named(TimerQueue& queue, std::string& fired_log, char own_name)
      : timer(Timer::calling<&Named::on_timer>(queue, *this)), log(fired_log), name(own_name) {}

  void on_timer() {
    log += name;
    if (then) then();
  }

  Timer timer;
  std::string& log;
  char name;
  std::function<void()> then;
};

struct Fixture {
  TimerQueue queue;
  std::string log;
  Named a{queue, log, 'a'};
  Named b{queue, log, 'b'};
  Named c{queue, log, 'c'};

  std::string fire(int milliseconds) {
    log.clear();
    const std::size_t count = queue.fire_due(at(milliseconds));
    CHECK(count == log.size());
    return log;
  }
};

TEST_CASE("timers: an empty queue has no deadline and fires nothing") {
  Fixture f;
  CHECK_FALSE(f.queue.next_deadline().has_value());
  CHECK(f.fire(1000).empty());
}

TEST_CASE("timers: one fires at its deadline, not before, and once") {
  Fixture f;
  f.a.timer.arm(at(10));
  CHECK(f.a.timer.armed());
  CHECK(f.a.timer.deadline() == at(10));
  CHECK(f.queue.next_deadline() == at(10));
  CHECK(f.fire(9).empty());
  CHECK(f.fire(10) == "a");
  CHECK_FALSE(f.a.timer.armed());
  CHECK(f.fire(11).empty());
}

TEST_CASE("timers: the earliest fires first, whatever the order of arming") {
  Fixture f;
  f.a.timer.arm(at(30));
  f.b.timer.arm(at(10));
  f.c.timer.arm(at(20));
  CHECK(f.queue.next_deadline() == at(10));
  CHECK(f.fire(30) == "bca");
}

TEST_CASE("timers: equal times fire in the order of arming") {
  Fixture f;
  f.c.timer.arm(at(10));
  f.a.timer.arm(at(10));
  f.b.timer.arm(at(10));
  CHECK(f.fire(10) == "cab");
}

TEST_CASE("timers: one that is armed again for the same time goes behind its equals") {
  Fixture f;
  f.a.timer.arm(at(10));
  f.b.timer.arm(at(10));
  f.a.timer.arm(at(10));
  CHECK(f.fire(10) == "ba");
}

TEST_CASE("timers: one that is moved later goes behind those armed before for that time") {
  Fixture f;
  f.a.timer.arm(at(5));
  f.b.timer.arm(at(10));
  f.a.timer.arm(at(10));
  CHECK(f.fire(10) == "ba");
}

TEST_CASE("timers: moved later, it does not fire at the old time") {
  Fixture f;
  f.a.timer.arm(at(10));
  f.a.timer.arm(at(20));
  CHECK(f.fire(19).empty());
  CHECK(f.queue.next_deadline() == at(20));
  CHECK(f.fire(20) == "a");
}

TEST_CASE("timers: the next deadline is never later than a timer that was moved") {
  Fixture f;
  f.a.timer.arm(at(10));
  f.a.timer.arm(at(20));
  REQUIRE(f.queue.next_deadline().has_value());
  CHECK(*f.queue.next_deadline() <= at(20));
  f.a.timer.arm(at(5));
  CHECK(f.queue.next_deadline() == at(5));
}

TEST_CASE("timers: moved later and earlier again, it fires at the last time") {
  Fixture f;
  f.a.timer.arm(at(10));
  f.b.timer.arm(at(12));
  f.a.timer.arm(at(30));
  f.a.timer.arm(at(11));
  CHECK(f.fire(11) == "a");
  CHECK(f.fire(12) == "b");
}

TEST_CASE("timers: a cancelled one does not fire, and may be armed again") {
  Fixture f;
  f.a.timer.arm(at(10));
  f.b.timer.arm(at(10));
  f.a.timer.cancel();
  f.a.timer.cancel();
  CHECK_FALSE(f.a.timer.armed());
  CHECK(f.queue.armed_count() == 1);
  CHECK(f.fire(10) == "b");
  f.a.timer.arm(at(20));
  CHECK(f.fire(20) == "a");
}

TEST_CASE("timers: armed_count counts each armed timer once") {
  Fixture f;
  f.a.timer.arm(at(10));
  f.a.timer.arm(at(20));
  f.b.timer.arm(at(30));
  CHECK(f.queue.armed_count() == 2);
  f.fire(20);
  CHECK(f.queue.armed_count() == 1);
}

TEST_CASE("timers: a destroyed timer is gone from the queue") {
  Fixture f;
  {
    Named gone(f.queue, f.log, 'x');
    gone.timer.arm(at(10));
  }
  CHECK(f.queue.armed_count() == 0);
  CHECK(f.fire(10).empty());
}

TEST_CASE("timers: one that its callback arms for now fires in the next call") {
  Fixture f;
  f.a.then = [&] {
    CHECK_FALSE(f.a.timer.armed());
    f.a.timer.arm(at(0));
  };
  f.b.timer.arm(at(10));
  f.a.timer.arm(at(5));
  CHECK(f.fire(10) == "ab");
  CHECK(f.queue.next_deadline() == at(0));
  CHECK(f.fire(10) == "a");
  f.a.then = nullptr;
  CHECK(f.fire(10) == "a");
}

TEST_CASE("timers: one that another's callback arms for now fires in the next call") {
  Fixture f;
  f.a.then = [&] { f.c.timer.arm(at(1)); };
  f.a.timer.arm(at(5));
  f.b.timer.arm(at(6));
  CHECK(f.fire(10) == "ab");
  CHECK(f.fire(10) == "c");
}

TEST_CASE("timers: a callback may cancel one that is due behind it") {
  Fixture f;
  f.a.then = [&] { f.b.timer.cancel(); };
  f.a.timer.arm(at(5));
  f.b.timer.arm(at(6));
  f.c.timer.arm(at(7));
  CHECK(f.fire(10) == "ac");
  CHECK(f.queue.armed_count() == 0);
}

TEST_CASE("timers: a callback may move one that is due behind it") {
  Fixture f;
  f.a.then = [&] { f.b.timer.arm(at(20)); };
  f.a.timer.arm(at(5));
  f.b.timer.arm(at(6));
  CHECK(f.fire(10) == "a");
  CHECK(f.b.timer.armed());
  CHECK(f.fire(20) == "b");
}

TEST_CASE("timers: a callback may destroy its own timer") {
  Fixture f;
  struct SelfDestroying {
    SelfDestroying(TimerQueue& queue, std::unique_ptr<SelfDestroying>& holder)
        : timer(Timer::calling<&SelfDestroying::on_timer>(queue, *this)), self(holder) {}
    void on_timer() { self.reset(); }
    Timer timer;
    std::unique_ptr<SelfDestroying>& self;
  };
  std::unique_ptr<SelfDestroying> self;
  self = std::make_unique<SelfDestroying>(f.queue, self);
  self->timer.arm(at(5));
  f.a.timer.arm(at(6));
  CHECK(f.queue.fire_due(at(10)) == 2);
  CHECK(self == nullptr);
  CHECK(f.log == "a");
}

TEST_CASE("timers: a callback may destroy others that are due or not") {
  Fixture f;
  auto due = std::make_unique<Named>(f.queue, f.log, 'd');
  auto later = std::make_unique<Named>(f.queue, f.log, 'l');
  f.a.then = [&] {
    due.reset();
    later.reset();
  };
  f.a.timer.arm(at(5));
  due->timer.arm(at(6));
  later->timer.arm(at(100));
  CHECK(f.fire(10) == "a");
  CHECK(f.queue.armed_count() == 0);
}

TEST_CASE("timers: within a callback the next deadline is not later than what is still due") {
  Fixture f;
  f.a.then = [&] {
    REQUIRE(f.queue.next_deadline().has_value());
    CHECK(*f.queue.next_deadline() <= at(6));
  };
  f.a.timer.arm(at(5));
  f.b.timer.arm(at(6));
  f.c.timer.arm(at(100));
  CHECK(f.fire(10) == "ab");
}

TEST_CASE("timers: far past and far future do no harm") {
  Fixture f;
  f.a.timer.arm(TimePoint::max());
  f.b.timer.arm(TimePoint::min());
  CHECK(f.fire(0) == "b");
  CHECK(f.queue.next_deadline() == TimePoint::max());
  f.a.timer.cancel();
}

// The reference: a list that is searched.
class Model {
 public:
  explicit Model(std::size_t count) : timers_(count) {}

  void arm(std::size_t index, TimePoint deadline) {
    timers_[index] = Armed{deadline, next_sequence_++};
  }
  void cancel(std::size_t index) { timers_[index].reset(); }
  bool armed(std::size_t index) const { return timers_[index].has_value(); }
  std::size_t armed_count() const {
    return static_cast<std::size_t>(
        std::count_if(timers_.begin(), timers_.end(), [](const auto& t) { return t.has_value(); }));
  }
  std::optional<TimePoint> next_deadline() const {
    std::optional<TimePoint> earliest;
    for (const auto& timer : timers_) {
      if (timer && (!earliest || timer->deadline < *earliest)) earliest = timer->deadline;
    }
    return earliest;
  }

  // What fires next of a call at `now` that began when `limit` was the next sequence.
  std::optional<std::size_t> take_due(TimePoint now, std::uint64_t limit) {
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < timers_.size(); ++i) {
      if (!timers_[i] || timers_[i]->deadline > now || timers_[i]->sequence >= limit) continue;
      if (!first || timers_[i]->before(*timers_[*first])) first = i;
    }
    if (first) timers_[*first].reset();
    return first;
  }
  std::uint64_t next_sequence() const { return next_sequence_; }

 private:
  struct Armed {
    TimePoint deadline;
    std::uint64_t sequence;
    bool before(const Armed& other) const {
      return deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence;
    }
  };
  std::vector<std::optional<Armed>> timers_;
  std::uint64_t next_sequence_ = 0;
};

// Does the same to the queue and to the model, and lets callbacks do so, too.
class RandomRun {
 public:
  explicit RandomRun(std::uint32_t seed) : random_(seed), model_(kTimers) {
    for (std::size_t i = 0; i < kTimers; ++i) make(i);
  }

  void step() {
    if (random_() % 4 == 0) {
      fire();
    } else {
      act();
    }
    REQUIRE(queue_.armed_count() == model_.armed_count());
    REQUIRE(queue_.next_deadline().has_value() == model_.next_deadline().has_value());
    if (queue_.next_deadline()) REQUIRE(*queue_.next_deadline() <= *model_.next_deadline());
  }

 private:
  static constexpr std::size_t kTimers = 24;

  struct One {
    One(RandomRun& owner, std::size_t own_index)
        : run(owner),
          index(own_index),
          timer(Timer::calling<&One::on_timer>(owner.queue_, *this)) {}
    void on_timer() { run.on_fired(index); }  // may destroy this
    RandomRun& run;
    std::size_t index;
    Timer timer;
  };

  void make(std::size_t index) { timers_[index] = std::make_unique<One>(*this, index); }

  void act() {
    const std::size_t index = random_() % kTimers;
    switch (random_() % 8) {
      case 0:
        timers_[index]->timer.cancel();
        model_.cancel(index);
        break;
      case 1:
        make(index);  // destroys the old one
        model_.cancel(index);
        break;
      default: {
        const TimePoint deadline = now_ + std::chrono::milliseconds(random_() % 30) -
                                   std::chrono::milliseconds(random_() % 10);
        timers_[index]->timer.arm(deadline);
        model_.arm(index, deadline);
      }
    }
    REQUIRE(timers_[index]->timer.armed() == model_.armed(index));
  }

  void fire() {
    now_ += std::chrono::milliseconds(random_() % 10);
    limit_ = model_.next_sequence();
    queue_.fire_due(now_);
    REQUIRE_FALSE(model_.take_due(now_, limit_).has_value());
  }

  void on_fired(std::size_t index) {
    const auto expected = model_.take_due(now_, limit_);
    REQUIRE(expected.has_value());
    REQUIRE(*expected == index);
    for (auto count = random_() % 3; count > 0; --count) act();
  }

  std::mt19937 random_;
  TimerQueue queue_;
  Model model_;
  TimePoint now_{};
  std::uint64_t limit_ = 0;
  std::array<std::unique_ptr<One>, kTimers> timers_;
};

TEST_CASE("timers: any mix of calls fires as a searched list would") {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    RandomRun run(seed);
    for (int step = 0; step < 400; ++step) run.step();
  }
}

}  // namespace
}  // namespace appd::reactor
