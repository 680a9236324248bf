// Calls to a fake server, on one loop of a calm simulated world, where time costs nothing.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "appd/outgoing/client_calls.h"
#include "tests/clients/fake_server.h"
#include "tests/support/calm_loop.h"

namespace appd::testing {

// A pool that works when the test says so, on the test's thread.
class PoolByHand final : public reactor::JobRunner {
 public:
  [[nodiscard]] bool submit(std::unique_ptr<reactor::Job> job) override {
    jobs.push_back(std::move(job));
    return true;
  }
  void work() {
    for (auto taken = std::exchange(jobs, {}); auto& job : taken) job->run();
  }
  std::deque<std::unique_ptr<reactor::Job>> jobs;
};

class OutgoingFixture {
 public:
  explicit OutgoingFixture(FakeServer::Behaviour behaviour, clients::CallLimits limits = {})
      : loop(world.backend()), server(loop, std::move(behaviour)), calls(loop, &pool, limits) {}

  // A call, from its start to its result.
  struct Asked {
    std::unique_ptr<handlers::Wait> wait;
    std::optional<handlers::Result<handlers::CallReply>> result;

    [[nodiscard]] bool done() const { return result.has_value(); }
    // The content, or "STATUS: TEXT".
    [[nodiscard]] std::string told() const {
      if (!result) return "nothing";
      if (*result) return (*result)->content;
      return std::string(protocol::status_name(protocol::status_of(result->error()))) + ": " +
             result->error().message;
    }
  };

  [[nodiscard]] protocol::Address address() const {
    protocol::Address there;
    there.host = server.endpoint().host();
    there.port = server.endpoint().port();
    return there;
  }
  Asked& ask_at(const protocol::Address& there, const handlers::CallTerms& terms = {},
                handlers::CallRequest request = handlers::CallRequest("echo", "1")) {
    Asked& one = asked.emplace_back();
    one.wait = calls.start(there, std::move(request), terms,
                           [&one](handlers::Result<handlers::CallReply> reply) {
                             REQUIRE(!one.done());
                             one.result.emplace(std::move(reply));
                           });
    CHECK(!one.done());  // never from within
    return one;
  }
  Asked& ask(const handlers::CallTerms& terms = {}) { return ask_at(address(), terms); }
  Asked& ask(handlers::CallRequest request) { return ask_at(address(), {}, std::move(request)); }
  [[nodiscard]] handlers::CallTerms within(reactor::Duration time, int depth = 1) const {
    return {.deadline = loop.now() + time, .depth = depth};
  }

  void settle() { testing::settle(world, loop); }
  void pass(reactor::Duration time) {
    world.pass(time);
    settle();
  }
  // What the oldest of these was told.
  std::string settled(Asked& one) {
    settle();
    return one.told();
  }

  CalmWorld world;
  reactor::EventLoop loop;
  FakeServer server;
  PoolByHand pool;
  outgoing::ClientCalls calls;
  std::deque<Asked> asked;
};

inline constexpr std::string_view kKept = R"("connection": "keep-alive", "status": "ok")";

}  // namespace appd::testing
