// What the budget of all connections does to one of them (reactor/memory/buffer_budget.h).
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/reactor/connection/connection_fixture.h"

namespace appd::reactor {
namespace {

using namespace std::chrono_literals;
using testing::ConnectionFixture;
using StopNotice = ConnectionDelegate::StopNotice;

struct SmallBudget : ConnectionFixture {
  static constexpr std::size_t kLimit = 300 * 1024;
  static constexpr std::size_t kReserve = 400 * 1024;
  SmallBudget() { options.budget = &small; }
  BufferBudget small{kLimit, kReserve};

  // Takes messages of `bytes`, when they are complete.
  std::unique_ptr<testing::Link> taker(std::size_t bytes) {
    auto one = link(4 * 1024 * 1024);
    one->delegate.bytes = [bytes](auto shown) {
      return shown.size() < bytes ? Consumed{.wanted = bytes} : Consumed{.bytes = bytes};
    };
    one->connection->start();
    return one;
  }
  // Holds whatever comes.
  std::unique_ptr<testing::Link> hoarder() { return taker(16 * 1024 * 1024); }

  static int count(const testing::Link& one, StopNotice reason) {
    return static_cast<int>(
        std::count(one.delegate.stops.begin(), one.delegate.stops.end(), reason));
  }
};

TEST_CASE_FIXTURE(SmallBudget, "connection: the budget stops those that hold most, not others") {
  auto a = hoarder();
  auto b = hoarder();
  auto small_one = link();
  small_one->connection->start();
  const std::string much(250 * 1024, 'x');
  a->peer.send(much);
  b->peer.send(much);
  settle();
  CHECK(small.used() > kLimit);
  a->peer.send("more");
  b->peer.send("more");
  small_one->peer.send("hello");
  settle();
  CHECK(small_one->delegate.received == "hello");
  // One of the two goes on with the overdraft, the other has stopped.
  CHECK(count(*a, StopNotice::kBudget) + count(*b, StopNotice::kBudget) == 1);
}

TEST_CASE_FIXTURE(SmallBudget, "connection: with the budget used up, nothing is stuck or lost") {
  constexpr std::size_t kMessage = 400 * 1024;
  std::vector<std::unique_ptr<testing::Link>> links;
  for (int i = 0; i < 4; ++i) links.push_back(taker(kMessage));
  for (auto& one : links) one->peer.send(std::string(kMessage / 2, 'x'));
  settle();
  for (auto& one : links) one->peer.send(std::string(kMessage - kMessage / 2, 'y'));
  for (int i = 0; i < 20; ++i) pass(10ms);
  for (auto& one : links) CHECK(one->delegate.received.size() == kMessage);
  CHECK(small.used() == 0);
  CHECK(small.stopped() == 0);
}

TEST_CASE_FIXTURE(SmallBudget, "connection: a stop by the budget is told once") {
  auto a = hoarder();
  auto b = hoarder();
  a->peer.send(std::string(250 * 1024, 'x'));
  b->peer.send(std::string(250 * 1024, 'x'));
  settle();
  a->peer.send("more");
  b->peer.send("more");
  for (int i = 0; i < 3; ++i) pass(10ms);
  CHECK(count(*a, StopNotice::kBudget) + count(*b, StopNotice::kBudget) == 1);
  CHECK(small.stopped() == 1);
}

TEST_CASE_FIXTURE(SmallBudget, "connection: one that ends gives its overdraft back") {
  auto a = hoarder();
  auto b = hoarder();
  for (auto* one : {a.get(), b.get()}) one->peer.send(std::string(250 * 1024, 'x'));
  settle();
  for (auto* one : {a.get(), b.get()}) one->peer.send(std::string(64 * 1024, 'x'));
  settle();
  auto& holder = a->delegate.stops.empty() ? a : b;
  auto& stopped = a->delegate.stops.empty() ? b : a;
  const std::size_t kept = stopped->connection->kept_bytes();
  holder->connection.reset();
  for (int i = 0; i < 5; ++i) pass(10ms);
  CHECK(stopped->connection->kept_bytes() > kept);
  stopped->connection.reset();
  CHECK(small.stopped() == 0);
}

TEST_CASE_FIXTURE(SmallBudget, "connection: who trickles does not keep the overdraft") {
  auto trickler = hoarder();
  trickler->peer.send(std::string(kLimit + 1, 'x'));
  settle();
  trickler->peer.send("x");
  settle();  // alone, it has the turn

  auto honest = taker(200 * 1024);
  honest->peer.send(std::string(150 * 1024 + 1, 'x'));
  for (int i = 0; i < 2; ++i) pass(10ms);
  honest->peer.send(std::string(50 * 1024 - 1, 'x'));
  for (int i = 0; i < 20; ++i) {
    trickler->peer.send("x");
    pass(10ms);
  }
  CHECK(honest->delegate.received.size() == 200 * 1024);
}

TEST_CASE_FIXTURE(SmallBudget, "connection: the overdraft goes to who is nearest to complete") {
  auto first = hoarder();
  first->peer.send(std::string(250 * 1024, 'x'));
  settle();
  auto far = taker(500 * 1024);
  auto near = taker(120 * 1024);
  for (auto* one : {far.get(), near.get()}) one->peer.send(std::string(110 * 1024, 'x'));
  settle();
  first->peer.send("x");
  settle();  // has the turn
  far->peer.send(std::string(390 * 1024, 'x'));
  near->peer.send(std::string(10 * 1024, 'x'));
  settle();
  while (near->delegate.received.empty()) {
    REQUIRE(far->delegate.received.empty());
    pass(10ms);
  }
  for (int i = 0; i < 20; ++i) pass(10ms);
  CHECK(far->delegate.received.size() == 500 * 1024);
}

TEST_CASE_FIXTURE(SmallBudget,
                  "connection: with the reserve used up, who did not finish in his turn is told") {
  auto a = hoarder();
  a->delegate.stopped = [&](StopNotice reason) {
    if (reason == StopNotice::kOverdrawn) a->connection->close();
  };
  a->peer.send(std::string(2 * 1024 * 1024, 'x'));
  for (int i = 0; i < 20; ++i) pass(10ms);
  CHECK(count(*a, StopNotice::kOverdrawn) == 1);
  CHECK_FALSE(a->connection->open());
  CHECK(small.used() == 0);
  CHECK(small.stopped() == 0);
}

}  // namespace
}  // namespace appd::reactor
