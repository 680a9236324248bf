// Several callers, and peers that speak protocols of the app's own.
#include <appd/session.h>
#include <appd/stream.h>
#include <appd/test.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

using namespace std::chrono_literals;

namespace appd::test {
namespace {

// Each line doubled.
Task<> twice(Stream peer) {
  while (auto line = co_await peer.read_until("\n", 64)) {
    const std::string answer = *line + *line + "\n";
    co_await peer.write(answer);
  }
}

// Every byte but those that the app was told to drop.
class Filter final : public Session {
 public:
  Filter(SessionStart&& start, char dropped) : Session(std::move(start)), dropped_(dropped) {}

 private:
  Consumed on_bytes(std::span<const std::byte> bytes) override {
    std::string kept(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::erase(kept, dropped_);
    connection().send(std::as_bytes(std::span(kept)));
    return took(bytes, bytes.size());
  }

  const char dropped_;
};

App speaking_app() {
  App app;
  app.protocol("twice", twice);
  app.protocol<Filter>("filter", 'x');
  app.on("slow", [](CallContext call) -> Task<std::string> {
    co_await call.sleep(10s);
    co_return "slow";
  });
  app.on("quick", [] { return "quick"; });
  return app;
}

}  // namespace

TEST_CASE("testkit: protocols of one's own are spoken in bytes") {
  const App app = speaking_app();
  SimulatedApp world(app);
  auto lines = world.connect("twice");
  lines.send("ab\ncd\nunfini");
  CHECK(lines.receive_until("\n") == "abab");
  CHECK(lines.receive(5) == "cdcd\n");
  lines.send("shed\n");
  CHECK(lines.receive_until("\n") == "unfinishedunfinished");
  lines.end();
  CHECK(lines.receive_all() == "");
  CHECK(lines.ended());
  auto filter = world.connect("filter");
  filter.send("axbxc");
  CHECK(filter.receive(3) == "abc");
  CHECK(!filter.ended());
}

TEST_CASE("testkit: a peer that breaks off, and one whose connection does") {
  const App app = speaking_app();
  SimulatedApp world(app);
  auto gone = world.connect("twice");
  gone.send("ab\n");
  CHECK(gone.receive_until("\n") == "abab");
  gone.reset();
  CHECK(gone.broken());
  CHECK(gone.receive_all() == "");
  world.reset();
  auto struck = world.connect("twice");
  struck.send("ab\n");
  CHECK(struck.receive_all() == "");
  CHECK(struck.broken());
}

TEST_CASE("testkit: whatever the pieces that bytes come in, the answers are the same") {
  const App app = speaking_app();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    SimulatedApp world(app, {.seed = seed});
    world.split();
    world.delay();
    auto peer = world.connect("twice");
    peer.send("one\ntwo\n\nthree\n");
    peer.end();
    CHECK(peer.receive_all() == "oneone\ntwotwo\n\nthreethree\n");
  }
}

TEST_CASE("testkit: a protocol that the app does not speak is refused with those it does") {
  const App app = speaking_app();
  SimulatedApp world(app);
  try {
    (void)world.connect("lines");
    FAIL("connected");
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()) ==
          "protocol must be app, message-echo, framed-echo, raw-echo, twice or filter, not "
          "\"lines\"");
  }
}

TEST_CASE("testkit: several callers at a time, each with calls that wait") {
  const App app = speaking_app();
  SimulatedApp world(app);
  auto alice = world.client();
  auto bob = world.client();
  auto slow = alice.start("slow");
  auto behind = alice.start("quick");
  CHECK(bob.call("quick") == R"("quick")");
  CHECK(!slow.answered());
  CHECK(!behind.answered());
  const auto begun = world.now();
  CHECK(behind.wait() == R"("quick")");
  CHECK(world.now() - begun >= 10s);
  CHECK(slow.answered());
  CHECK(slow.wait() == R"("slow")");
}

TEST_CASE("testkit: a caller that leaves has no answers, and the app drops its calls") {
  const App app = speaking_app();
  SimulatedApp world(app);
  std::optional<SimulatedClient> alice(world.client());
  auto slow = alice->start("slow");
  world.jump(1s);
  alice.reset();
  CHECK(slow.wait() == "no reply: the client is gone");
  CHECK(world.call("quick") == R"("quick")");
}

TEST_CASE("testkit: names of protocols that cannot be, or are there, are refused") {
  App app;
  CHECK_THROWS_AS(app.protocol("Twice", twice), std::invalid_argument);
  CHECK_THROWS_AS(app.protocol("app", twice), std::invalid_argument);
  CHECK_THROWS_AS(app.protocol("twice", servers::Conversation()), std::invalid_argument);
}

}  // namespace appd::test
