#include "appd/handlers/layers/layer.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "appd/handlers/layers/layers.h"
#include "appd/handlers/typed/typed.h"
#include "appd/handlers/waiting/responder.h"
#include "tests/handlers/call_fixture.h"

using namespace std::chrono_literals;

namespace appd::handlers::test {

namespace {

class HandClock final : public reactor::Clock {
 public:
  [[nodiscard]] reactor::TimePoint now() const override { return time; }
  reactor::TimePoint time{};
};

// Calls "act" through layers, the last one outermost.
struct Layered {
  explicit Layered(Action action, const std::vector<Layer>& layers) {
    for (const Layer& layer : layers) action = with_layer(std::move(action), layer);
    caller.registry.add(std::move(action));
  }
  Answer call() { return caller.call_without_value("act"); }
  Answer call_from(std::string host) {
    caller.peer = Peer{.address = host + ":50312", .host = host};
    return call();
  }
  Caller caller;
};

Action one() {
  return make_action("act", [] { return 1; });
}

// An action that waits, and the responders of the calls that it has got.
struct Waiting {
  std::shared_ptr<std::vector<Responder>> responders = std::make_shared<std::vector<Responder>>();

  Action action() {
    Action waiting;
    waiting.name = "act";
    waiting.waiting_handler = [kept = responders](const Request&, const CallContext&,
                                                  Responder responder) {
      kept->push_back(std::move(responder));
    };
    return waiting;
  }
};

// Keeps what it is given; `statuses` outlives the responders.
class Answers final : public ReplySink {
 public:
  explicit Answers(std::vector<Status>& statuses) : statuses_(statuses) {}
  void complete(Reply&& reply) noexcept override { statuses_.push_back(reply.status()); }

 private:
  std::vector<Status>& statuses_;
};

// Keeps the reason of a failure; `detail` outlives the responders.
class Detail final : public ReplySink {
 public:
  explicit Detail(std::string& detail) : detail_(detail) {}
  void complete(Reply&& reply) noexcept override { detail_ = reply.detail(); }

 private:
  std::string& detail_;
};

// Whether it was dropped, not answered.
class Dropped final : public ReplySink {
 public:
  explicit Dropped(bool& dropped) : dropped_(dropped) {}
  void complete(Reply&& /*reply*/) noexcept override { dropped_ = false; }
  void drop() noexcept override { dropped_ = true; }

 private:
  bool& dropped_;
};

// A connection from a host.
class From final : public PeerSource {
 public:
  explicit From(const std::string& host) : peer_{.address = host + ":1", .host = host} {}
  const Peer& peer() override { return peer_; }

 private:
  const Peer peer_;
};

void start(const Action& action, std::vector<Status>& answers, PeerSource* source = nullptr) {
  Request request;
  request.action = "act";
  request.source = source;
  action.waiting_handler(request, CallContext(nullptr),
                         Responder(std::make_shared<Answers>(answers)));
}

Reply filled() {
  Reply reply;
  reply.set_integer(1);
  return reply;
}

}  // namespace

TEST_CASE("layer: each is called around what is further in, in order") {
  auto order = std::make_shared<std::string>();
  const auto named = [order](char name) -> Layer {
    return [order, name](const Request&, Next& next) {
      *order += name;
      next.then([order, name](const Reply&) { *order += static_cast<char>(name - 'a' + 'A'); });
      return next();
    };
  };
  Layered layered(one(), {named('a'), named('b')});
  CHECK(layered.call() == json_result("1"));
  CHECK(*order == "baAB");
}

TEST_CASE("layer: one that fails answers in the action's place, and observers see that") {
  bool called = false;
  Status seen = Status::kOk;
  Layered layered(make_action("act", [&called] { called = true; }),
                  {[](const Request&, Next&) -> Result<void> {
                     return protocol::fail(Status::kInvalidArgument, "no");
                   },
                   [&seen](const Request&, Next& next) {
                     next.then([&seen](const Reply& reply) { seen = reply.status(); });
                     return next();
                   }});
  CHECK(layered.call() == error(Status::kInvalidArgument, "no"));
  CHECK_FALSE(called);
  CHECK(seen == Status::kInvalidArgument);
}

TEST_CASE("layer: one that throws, or does nothing, is answered internal") {
  Layered throws(one(), {[](const Request&, Next&) -> Result<void> {
                   throw std::runtime_error("broken layer");
                 }});
  CHECK(throws.call().status == Status::kInternal);
  CHECK(throws.caller.detail == "broken layer");
  Layered nothing(one(), {[](const Request&, Next&) { return Result<void>(); }});
  CHECK(nothing.call().status == Status::kInternal);
}

TEST_CASE("layer: an exception of the action reaches observers as internal") {
  Status seen = Status::kOk;
  Layered layered(make_action("act", [] { throw std::runtime_error("broken action"); }),
                  {[&seen](const Request&, Next& next) {
                    next.then([&seen](const Reply& reply) { seen = reply.status(); });
                    return next();
                  }});
  CHECK(layered.call().status == Status::kInternal);
  CHECK(seen == Status::kInternal);
}

TEST_CASE("layer: around an action that waits, observers see the late answer") {
  std::vector<Status> seen;
  std::vector<Status> answers;
  Waiting waiting;
  const Action action = with_layer(waiting.action(), [&seen](const Request&, Next& next) {
    next.then([&seen](const Reply& reply) { seen.push_back(reply.status()); });
    return next();
  });
  start(action, answers);
  CHECK(seen.empty());
  waiting.responders->front().reply(filled());
  CHECK(seen == std::vector{Status::kOk});
  CHECK(answers == seen);
  start(action, answers);
  waiting.responders->clear();  // dropped without an answer
  CHECK(seen.back() == Status::kInternal);
  CHECK(answers == seen);
}

TEST_CASE("layer: what a waiting handler throws is the reason, behind layers as without them") {
  Action action;
  action.name = "act";
  action.waiting_handler = [](const Request&, const CallContext&, Responder responder) {
    const Responder mine = std::move(responder);
    throw std::runtime_error("the disk is on fire");
  };
  const Layer plain = [](const Request&, Next& next) { return next(); };
  std::string seen;
  const Layer observes = [&seen](const Request&, Next& next) {
    next.then([&seen](const Reply& reply) { seen = reply.detail(); });
    return next();
  };
  const auto detail_of = [](const Action& called) {
    std::string detail;
    call_waiting_handler(called.waiting_handler, Request(), CallContext(nullptr),
                         Responder(std::make_shared<Detail>(detail)));
    return detail;
  };
  CHECK(detail_of(action) == "the disk is on fire");
  CHECK(detail_of(with_layer(action, plain)) == "the disk is on fire");
  CHECK(detail_of(with_layer(with_layer(action, observes), plain)) == "the disk is on fire");
  CHECK(seen == "the disk is on fire");
}

TEST_CASE("layer: an answer that is dropped is dropped behind a layer, too, and observers see it") {
  std::vector<Status> seen;
  bool dropped = false;
  Waiting waiting;
  const Action action = with_layer(waiting.action(), [&seen](const Request&, Next& next) {
    next.then([&seen](const Reply& reply) { seen.push_back(reply.status()); });
    return next();
  });
  action.waiting_handler(Request(), CallContext(nullptr),
                         Responder(std::make_shared<Dropped>(dropped)));
  waiting.responders->clear();
  CHECK(dropped);
  CHECK(seen == std::vector{Status::kInternal});
}

TEST_CASE("layer: a concurrency limit counts calls until they are answered") {
  std::vector<Status> answers;
  Waiting waiting;
  const Action action = with_layer(waiting.action(), concurrency_limit(2));
  for (int call = 0; call < 3; ++call) start(action, answers);
  CHECK(answers == std::vector{Status::kOverloaded});
  waiting.responders->pop_back();
  start(action, answers);
  CHECK(answers == std::vector{Status::kOverloaded, Status::kInternal});
  CHECK(waiting.responders->size() == 2);
}

TEST_CASE("layer: a limit by action lets others pass, load shedding does not") {
  const auto answered = [](const Layer& layer) {
    std::vector<Status> answers;
    Waiting waiting;
    start(with_layer(waiting.action(), layer), answers);
    Layered other(make_action("act2", [] { return 1; }), {layer});
    return other.caller.call_without_value("act2").status;
  };
  CHECK(answered(concurrency_limit(1)) == Status::kOk);
  CHECK(answered(load_shedding(1)) == Status::kOverloaded);
}

TEST_CASE("layer: a rate limit lets a burst pass and fills up with time") {
  HandClock clock;
  Layered layered(one(), {rate_limit({.per_second = 10, .burst = 2}, by_action(), clock)});
  CHECK(layered.call() == json_result("1"));
  CHECK(layered.call() == json_result("1"));
  CHECK(layered.call() ==
        error(Status::kOverloaded, "too many calls of act within a short time; try again later"));
  clock.time += 100ms;
  CHECK(layered.call() == json_result("1"));
  CHECK(layered.call().status == Status::kOverloaded);
  clock.time += 1h;
  CHECK(layered.call() == json_result("1"));
  CHECK(layered.call() == json_result("1"));
  CHECK(layered.call().status == Status::kOverloaded);
}

TEST_CASE("layer: a limit by peer counts each host for itself, whatever its port") {
  Layered layered(one(), {rate_limit({.per_second = 0.001, .burst = 1}, by_peer())});
  CHECK(layered.call_from("10.0.0.1") == json_result("1"));
  CHECK(layered.call_from("10.0.0.1") ==
        error(Status::kOverloaded,
              "too many calls from 10.0.0.1 within a short time; try again later"));
  CHECK(layered.call_from("10.0.0.2") == json_result("1"));
}

TEST_CASE("layer: a concurrency limit by peer lets other hosts pass") {
  const Layer limit = concurrency_limit(1, by_peer());
  std::vector<Status> answers;
  Waiting waiting;
  const Action action = with_layer(waiting.action(), limit);
  From first("10.0.0.1");
  From second("10.0.0.2");
  start(action, answers, &first);
  start(action, answers, &second);
  CHECK(answers.empty());
  start(action, answers, &first);
  CHECK(answers == std::vector{Status::kOverloaded});
  waiting.responders->clear();
  start(action, answers, &first);
  CHECK(waiting.responders->size() == 1);
}

TEST_CASE("layer: names that begin alike for longer than the limit count as one") {
  std::string name(LimitKey::kMaxNameBytes, 'x');
  Layered layered(one(), {rate_limit({.per_second = 0.001, .burst = 1},
                                     [&name](const Request&) { return std::string_view(name); })});
  CHECK(layered.call() == json_result("1"));
  name += "y";
  CHECK(layered.call().status == Status::kOverloaded);
  name.front() = 'z';
  CHECK(layered.call() == json_result("1"));
}

TEST_CASE("layer: a concurrency limit of nothing remembers nobody, and refuses all") {
  Layered layered(one(), {concurrency_limit(0)});
  CHECK(layered.call() == error(Status::kOverloaded, "more than 0 calls of act at a time"));
}

TEST_CASE("layer: a rate that lets nothing pass is refused") {
  CHECK_THROWS_AS((void)rate_limit({.per_second = 0}), std::invalid_argument);
  CHECK_THROWS_AS((void)rate_limit({.per_second = 1, .burst = 0.5}), std::invalid_argument);
  CHECK_THROWS_AS((void)rate_limit({.per_second = 1, .most_names = 0}), std::invalid_argument);
}

TEST_CASE("layer: the access log says what was called, how it ended and how long it took") {
  HandClock clock;
  std::string lines;
  Layered layered(make_action("act", [&clock] { clock.time += 5ms; }),
                  {access_log(
                      [&lines](const Access& access) {
                        lines += std::string(access.peer) + ' ' + std::string(access.action) + ' ' +
                                 std::string(status_name(access.status)) + ' ' +
                                 std::to_string(access.reply_bytes) + ' ' +
                                 std::to_string(access.duration / 1ms);
                      },
                      clock)});
  CHECK(layered.call_from("10.0.0.1") == json_result("null"));
  CHECK(lines == "10.0.0.1:50312 act ok 16 5");
}

}  // namespace appd::handlers::test
