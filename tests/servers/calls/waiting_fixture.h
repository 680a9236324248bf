// Actions that wait, in the world of worker_fixture.h: their answers, their pool and their time are
// in the hand of the test.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appd/handlers/waiting/coroutine_handler.h"
#include "appd/reactor/threads/stop_token.h"
#include "tests/servers/worker_fixture.h"

namespace appd::servers::testing {

// What replies say of a call that failed.
inline constexpr std::string_view kKeepInternal =
    R"(, "connection": "keep-alive", "status": "internal")";
inline constexpr std::string_view kKeepLate =
    R"(, "connection": "keep-alive", "status": "deadline_exceeded")";
inline constexpr std::string_view kFailed = "the server failed to answer this request";
inline constexpr std::string_view kNotDone = "the action was not done before its deadline";

// A pool that works when the test says so, on the test's thread.
class ManualPool final : public reactor::JobRunner {
 public:
  [[nodiscard]] bool submit(std::unique_ptr<reactor::Job> job) override {
    if (jobs_.size() >= limit) return false;
    jobs_.push_back(std::move(job));
    return true;
  }
  // Runs what is queued; returns how many that were.
  std::size_t work() {
    const std::size_t count = jobs_.size();
    for (auto jobs = std::exchange(jobs_, {}); auto& job : jobs) job->run();
    return count;
  }

  std::size_t limit = 100;

 private:
  std::deque<std::unique_ptr<reactor::Job>> jobs_;
};

// A server of its own in the same world: answers when the test says so.
class ManualOutgoing final : public handlers::OutgoingCalls {
 public:
  struct Pending {
    protocol::Address server;
    handlers::CallRequest request;
    handlers::CallTerms terms;
    Done done;
  };
  // `ended` becomes true with its end.
  ManualOutgoing(std::vector<std::shared_ptr<Pending>>& pending, bool& ended)
      : pending_(pending), ended_(ended) {}
  ~ManualOutgoing() override { ended_ = true; }

  std::unique_ptr<handlers::Wait> start(const protocol::Address& server,
                                        handlers::CallRequest request,
                                        const handlers::CallTerms& terms, Done done) override {
    class Given final : public handlers::Wait {
     public:
      explicit Given(std::shared_ptr<Pending> call) : call_(std::move(call)) {}
      ~Given() override { call_->done = {}; }

     private:
      std::shared_ptr<Pending> call_;
    };
    pending_.push_back(
        std::make_shared<Pending>(Pending{server, std::move(request), terms, std::move(done)}));
    return std::make_unique<Given>(pending_.back());
  }

 private:
  std::vector<std::shared_ptr<Pending>>& pending_;
  bool& ended_;
};

// Says when a coroutine's locals die.
struct Witness {
  explicit Witness(int& living) : living_(&living) { ++*living_; }
  Witness(Witness&& other) noexcept : living_(std::exchange(other.living_, nullptr)) {}
  Witness& operator=(Witness&&) = delete;
  ~Witness() {
    if (living_ != nullptr) --*living_;
  }

 private:
  int* living_;
};

inline std::string text_of(const handlers::OwnedRequest& request) {
  std::string scratch;
  if (!request->value) return {};
  const bool quoted = request->value->kind() == protocol::JsonKind::kString;
  return std::string(quoted ? request->value->string(scratch) : request->value->text());
}

inline handlers::Reply string_reply(std::string_view text) {
  handlers::Reply reply;
  reply.set_string(text);
  return reply;
}

struct WaitingFixture : WorkerFixture {
  using Task = handlers::Task<handlers::Result<handlers::Reply>>;

  WaitingFixture() {
    registry->add({.name = "hold",
                   .summary = "answered by the test",
                   .handler = {},
                   .waiting_handler = [this](const handlers::Request& request,
                                             const handlers::CallContext& call,
                                             handlers::Responder responder) {
                     std::string name = text_of(handlers::OwnedRequest(request));
                     stop_tokens[name] = call.stop_token();
                     held.emplace(std::move(name), std::move(responder));
                   }});
    add_coroutine("sleep", [this](handlers::OwnedRequest request, handlers::CallContext call) {
      return sleep(std::move(request), call);
    });
    registry->add({.name = "block",
                   .summary = "runs in the pool",
                   .handler = [this](const handlers::Request& request,
                                     handlers::Reply& reply) -> handlers::Result<void> {
                     ++blocks;
                     reply.set_json(request.value->text());
                     return {};
                   },
                   .runs_in_pool = true});
  }
  ~WaitingFixture() {
    held.clear();
    worker.reset();
    CHECK(living == 0);
  }

  Task sleep(handlers::OwnedRequest request, handlers::CallContext call) {
    const Witness witness(living);
    co_await call.sleep(std::chrono::milliseconds(100));
    co_return string_reply("slept: " + text_of(request));
  }

  template <class Function>
  void add_coroutine(std::string name, Function function,
                     std::chrono::milliseconds time_limit = {}) {
    registry->add({.name = std::move(name),
                   .summary = "waits",
                   .handler = {},
                   .waiting_handler = handlers::coroutine_handler(std::move(function)),
                   .time_limit = time_limit});
  }

  WirePeer connect() {
    if (!worker) {
      start([this](ServerShared& before) {
        before.pool = &pool;
        before.make_outgoing = [this](reactor::EventLoop&, reactor::JobRunner*) {
          return std::make_unique<ManualOutgoing>(outgoing, outgoing_ended);
        };
      });
      worker->set_registry(registry);
    }
    return WorkerFixture::connect();
  }

  void answer(const std::string& name) {
    auto node = held.extract(name);
    REQUIRE(!node.empty());
    node.mapped().reply(string_reply(name));
    settle();
  }

  ManualPool pool;
  std::shared_ptr<handlers::Registry> registry = [] {
    auto made = std::make_shared<handlers::Registry>();
    handlers::add_builtin_actions(*made, {});
    return made;
  }();
  std::map<std::string, handlers::Responder> held;
  std::map<std::string, reactor::StopToken> stop_tokens;
  std::vector<std::shared_ptr<ManualOutgoing::Pending>> outgoing;
  bool outgoing_ended = false;
  int blocks = 0;
  int living = 0;  // witnesses
};

inline std::string call(std::string_view action, std::string_view json,
                        std::string_view more = {}) {
  return request(
      R"({"action": ")" + std::string(action) + R"(", "value": )" + std::string(json) + "}", more);
}
inline std::string result(std::string_view text, std::string_view more = kKeepOk) {
  return reply(R"({"result": ")" + std::string(text) + "\"}", more);
}

}  // namespace appd::servers::testing
