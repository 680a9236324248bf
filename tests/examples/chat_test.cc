#include "chat/chat.h"

#include <appd/test.h>
#include <doctest/doctest.h>

using namespace std::chrono_literals;
using appd::test::SimulatedApp;

TEST_CASE("chat: listeners hear what is said from then on, and what they have missed") {
  Chat chat;
  appd::App app;
  chat.add_to(app);
  SimulatedApp world(app);
  auto ann = world.client();
  auto bob = world.client();
  auto eve = world.client();
  auto ann_hears = ann.start("listen", R"(["lobby"])");
  auto bob_hears = bob.start("listen", R"({"room": "lobby"})");
  auto elsewhere = world.client().start("listen", R"(["kitchen"])");
  world.jump(1s);
  CHECK(!ann_hears.answered());
  CHECK(eve.call("say", R"(["lobby", "hello"])") == "0");
  CHECK(ann_hears.wait() == R"({"next": 1, "messages": ["hello"]})");
  CHECK(bob_hears.wait() == R"({"next": 1, "messages": ["hello"]})");
  CHECK(eve.call("say", R"(["lobby", "again"])") == "1");
  CHECK(ann.call("listen", R"(["lobby", 1])") == R"({"next": 2, "messages": ["again"]})");
  CHECK(ann.call("listen", R"(["lobby", 0])") == R"({"next": 2, "messages": ["hello", "again"]})");
  CHECK(ann.call("listen", R"(["lobby", -5])") == R"({"next": 2, "messages": ["hello", "again"]})");
}

TEST_CASE("chat: whoever waits too long, or leaves, is forgotten") {
  Chat chat;
  appd::App app;
  chat.add_to(app);
  SimulatedApp world(app);
  auto ann = world.client();
  {
    auto bob = world.client();
    auto gone = bob.start("listen", R"(["lobby"])");
    world.jump(1s);
  }
  CHECK(ann.call("listen", R"(["lobby"])").starts_with("deadline_exceeded"));
  CHECK(ann.call("say", R"(["lobby", "anybody?"])") == "0");
}

TEST_CASE("chat: nothing is missed, whenever it is said") {
  CHECK(appd::test::over_seeds(50, [](const appd::test::Setup& setup) {
    Chat chat;
    appd::App app;
    chat.add_to(app);
    SimulatedApp world(app, setup);
    world.split();
    world.delay();
    auto ann = world.client();
    auto bob = world.client();
    std::int64_t next = 0;
    std::size_t heard = 0;
    std::vector<appd::test::PendingCall> said;
    for (int i = 0; i < 5; ++i) said.push_back(bob.start("say", R"(["lobby", "x"])"));
    while (heard < 5) {
      const std::string answer = ann.call("listen", R"(["lobby", )" + std::to_string(next) + "]");
      if (!answer.starts_with("{\"next\": ")) return false;
      next = std::stoll(answer.substr(9));
      heard += static_cast<std::size_t>(std::ranges::count(answer, 'x')) - 1;  // one of "next"
    }
    return heard == 5 && next == 5;
  }));
}
