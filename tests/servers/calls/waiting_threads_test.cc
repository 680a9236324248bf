// Handlers that wait, with the threads that answer them: several loops, the pool, and a thread of
// the program's own. What matters here is what ThreadSanitizer sees.
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "appd/handlers/typed/typed.h"
#include "appd/handlers/waiting/coroutine_handler.h"
#include "appd/servers/server.h"
#include "tests/servers/blocking_client.h"
#include "tests/servers/worker_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using handlers::CallContext;
using handlers::OwnedRequest;
using handlers::Reply;
using handlers::Request;
using handlers::Responder;
using testing::BlockingClient;
using testing::kKeep;
using testing::kKeepOk;
using testing::reply;
using testing::request;

// Answers from a thread of its own.
class Answerer {
 public:
  ~Answerer() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  // `posts`: in a function that it posts to a loop, this call's or another.
  void take(std::string value, Responder responder, bool posts = false) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({std::move(value), std::move(responder), posts});
    }
    changed_.notify_one();
  }
  // Notified by the thread, some time later.
  void notify_later() {
    {
      const std::lock_guard lock(mutex_);
      notify_ = true;
    }
    changed_.notify_one();
  }
  [[nodiscard]] handlers::Event& event() { return event_; }
  // Null, before the server goes: then what it should post is dropped.
  void use_loops_of(Server* server) {
    const std::lock_guard lock(mutex_);
    server_ = server;
  }

 private:
  struct Waiting {
    std::string value;
    Responder responder;
    bool posts;
  };

  static void answer(Waiting& waiting) {
    Reply answer;
    answer.set_json(waiting.value);
    waiting.responder.reply(std::move(answer));
  }

  void answer_all() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ending_ || notify_ || !waiting_.empty(); });
      if (std::exchange(notify_, false)) event_.notify_all();
      if (waiting_.empty()) {
        if (ending_) return;
        continue;
      }
      auto next = std::make_shared<Waiting>(std::move(waiting_.front()));
      waiting_.pop_front();
      if (next->posts) {
        if (server_ == nullptr) continue;
        ++posted_;
        (void)server_->worker(posted_ % 2).loop().post([next] { answer(*next); });
      } else {
        lock.unlock();
        answer(*next);
        lock.lock();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool notify_ = false;
  bool ending_ = false;
  handlers::Event event_;
  Server* server_ = nullptr;
  std::size_t posted_ = 0;
  std::thread thread_{[this] { answer_all(); }};
};

// An action that blocks until it is told to stop; for one call.
class Blocked {
 public:
  handlers::Action action() {
    return handlers::make_action(
        "until stopped", [this](const CallContext& context) { block(context); }, {.blocks = true});
  }
  // False, as below: a test that fails has waited long enough.
  [[nodiscard]] bool begun() {
    return begun_.get_future().wait_for(kLongEnough) == std::future_status::ready;
  }
  // It was told to stop.
  [[nodiscard]] bool stopped() { return stopped_.get_future().get(); }

 private:
  static constexpr auto kLongEnough = 30s;

  void block(const CallContext& context) {
    begun_.set_value();
    std::promise<void> told;
    const reactor::StopCallback on_stop(context.stop_token(), [&told] { told.set_value(); });
    stopped_.set_value(told.get_future().wait_for(kLongEnough) == std::future_status::ready);
  }

  std::promise<void> begun_;
  std::promise<bool> stopped_;
};

std::shared_ptr<handlers::Registry> waiting_registry(Answerer& answerer) {
  auto registry = std::make_shared<handlers::Registry>();
  registry->add({.name = "pool",
                 .summary = "in the pool",
                 .handler = [](const Request& call, Reply& answer) -> handlers::Result<void> {
                   answer.set_json(call.value->text());
                   return {};
                 },
                 .runs_in_pool = true});
  registry->add({.name = "thread",
                 .summary = "by another thread",
                 .handler = {},
                 .waiting_handler = [&answerer](const Request& call, const CallContext&,
                                                Responder responder) {
                   answerer.take(std::string(call.value->text()), std::move(responder));
                 }});
  registry->add({.name = "post",
                 .summary = "by a function that another thread posts",
                 .handler = {},
                 .waiting_handler = [&answerer](const Request& call, const CallContext&,
                                                Responder responder) {
                   answerer.take(std::string(call.value->text()), std::move(responder), true);
                 }});
  registry->add({.name = "event",
                 .summary = "when an event is notified by another thread",
                 .handler = {},
                 .waiting_handler = handlers::coroutine_handler(
                     [&answerer](OwnedRequest call,
                                 CallContext context) -> handlers::Task<handlers::Result<Reply>> {
                       auto happened = context.listen(answerer.event());
                       answerer.notify_later();
                       co_await happened;
                       Reply answer;
                       answer.set_json(call->value->text());
                       co_return answer;
                     })});
  registry->add(
      {.name = "offload",
       .summary = "there and back",
       .handler = {},
       .waiting_handler = handlers::coroutine_handler(
           [](OwnedRequest call, CallContext context) -> handlers::Task<handlers::Result<Reply>> {
             const std::string text(call->value->text());
             auto work = context.offload([text] { return text + text; });
             const auto twice = co_await work;
             if (!twice) co_return tl::unexpected(twice.error());
             co_await context.sleep(1us);
             Reply answer;
             answer.set_json(twice->substr(text.size()));
             co_return answer;
           })});
  return registry;
}

struct ThreadsFixture {
  ThreadsFixture() {
    limits.max_connections = 1000;
    limits.pool_threads = 3;
    limits.drain_timeout = 50ms;
    limits.half_close_grace = 50ms;
    auto registry = waiting_registry(answerer);
    registry->add(blocked.action());
    server.emplace(limits, 2, log, std::move(registry));
    const auto bound =
        server->listen({.protocol = protocol::Protocol::kApp, .host = "127.0.0.1", .path = {}});
    address.emplace(reactor::Endpoint::ip(bound[0].host, bound[0].port).value());
    answerer.use_loops_of(&*server);
    running = std::thread([this] { server->run(); });
  }
  ~ThreadsFixture() {
    server->stop();
    running.join();
    answerer.use_loops_of(nullptr);
  }

  Answerer answerer;
  Blocked blocked;
  Limits limits;
  logging::Log log{
      {.level = logging::Level::kOff, .format = logging::LogFormat::kText, .file = {}}};
  std::optional<Server> server;
  std::optional<reactor::Endpoint> address;
  std::thread running;
};

struct Script {
  std::string requests;
  std::string replies;
};

Script script(int first, int count) {
  static constexpr const char* kActions[] = {"pool", "thread", "offload", "post", "event"};
  Script made;
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(first + i);
    made.requests += request(
        std::string(R"({"action": ")") + kActions[i % 5] + R"(", "value": )" + number + "}", kKeep);
    made.replies += reply(R"({"result": )" + number + "}", kKeepOk);
  }
  return made;
}

TEST_CASE_FIXTURE(ThreadsFixture, "threads: replies keep their order whoever answers") {
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&, client] {
      const Script mine = script(client * 1000 + 100, 300);
      BlockingClient connection(*address);
      if (connection.send(mine.requests) &&
          connection.receive(mine.replies.size()) == mine.replies) {
        ++right;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(right == 4);
}

TEST_CASE_FIXTURE(ThreadsFixture, "threads: answers to clients that have left harm nobody") {
  for (int round = 0; round < 30; ++round) {
    BlockingClient leaves(*address);
    REQUIRE(leaves.send(script(100, 60).requests));
    if (round % 2 == 0) leaves.reset_at_close();
  }
  const Script mine = script(500, 60);
  BlockingClient stays(*address);
  REQUIRE(stays.send(mine.requests));
  CHECK(stays.receive(mine.replies.size()) == mine.replies);
}

// In whatever order they come: an answer or the deadline, once, in the place of its request.
TEST_CASE_FIXTURE(ThreadsFixture, "threads: deadlines race with answers of other threads") {
  std::string requests;
  const int count = 400;
  for (int i = 0; i < count; ++i) {
    static constexpr const char* kActions[] = {"pool", "thread", "offload", "post", "event"};
    requests += request(
        std::string(R"({"action": ")") + kActions[i % 5] + R"(", "value": 1})",
        std::string(kKeep) + R"(, "deadline-ms": 1, "request-id": )" + std::to_string(1000 + i));
  }
  BlockingClient connection(*address);
  std::thread sender([&] { (void)connection.send(requests); });
  for (int i = 0; i < count; ++i) {
    const std::string prefix = connection.receive(2);
    CHECK(prefix.size() == 2);
    if (prefix.size() < 2) break;
    const std::string header =
        connection.receive(protocol::load_be16(std::as_bytes(std::span(prefix)).first<2>()));
    const std::string content = connection.receive(std::stoul(header.substr(
        header.find("\"content-length\": ") + std::string("\"content-length\": ").size())));
    CAPTURE(header);
    CHECK(header.find("\"request-id\": " + std::to_string(1000 + i)) != std::string::npos);
    const bool late = header.find("deadline_exceeded") != std::string::npos;
    CHECK((late || content == R"({"result": 1})"));
  }
  sender.join();
}

TEST_CASE("threads: a server may end while other threads still answer") {
  for (int round = 0; round < 10; ++round) {
    ThreadsFixture fixture;
    BlockingClient asks(*fixture.address);
    REQUIRE(asks.send(script(100, 200).requests));
    if (round % 2 == 0) (void)asks.receive(100);
  }
}

// It is told to stop while it blocks, whatever ends the call.
TEST_CASE_FIXTURE(ThreadsFixture, "threads: a handler that blocks is told when nobody waits") {
  std::optional<BlockingClient> asks(std::in_place, *address);
  std::string more(kKeep);
  std::function<void()> end = [&asks] { asks.reset(); };
  SUBCASE("its caller leaves") {}
  SUBCASE("its caller resets") { asks->reset_at_close(); }
  SUBCASE("its deadline passes") {
    more += R"(, "deadline-ms": 50)";
    end = [] {};
  }
  SUBCASE("the drain's time-out ends it") {
    end = [this] { server->drain(); };
  }
  SUBCASE("the server ends") {
    end = [this] { server->stop(); };
  }
  REQUIRE(asks->send(request(R"({"action": "until stopped"})", more)));
  REQUIRE(blocked.begun());
  end();
  CHECK(blocked.stopped());
}

TEST_CASE_FIXTURE(ThreadsFixture, "threads: registries change while calls wait") {
  const Script mine = script(100, 500);
  BlockingClient connection(*address);
  std::thread sender([&] { (void)connection.send(mine.requests); });
  for (int i = 0; i < 50; ++i) server->set_registry(waiting_registry(answerer));
  const std::string received = connection.receive(mine.replies.size());
  sender.join();
  CHECK(received == mine.replies);
}

}  // namespace
}  // namespace appd::servers
