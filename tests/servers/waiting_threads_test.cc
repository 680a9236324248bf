// Handlers that wait, with the threads that answer them: several loops, the pool, and a thread of
// the program's own. What matters here is what ThreadSanitizer sees.
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "blocking_client.h"
#include "handlers/coroutine_handler.h"
#include "servers/server.h"
#include "worker_fixture.h"

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
  void take(std::string value, Responder responder) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.emplace_back(std::move(value), std::move(responder));
    }
    changed_.notify_one();
  }

 private:
  void answer_all() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      auto [value, responder] = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      Reply answer;
      answer.set_json(value);
      responder.reply(std::move(answer));
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::string, Responder>> waiting_;
  bool ending_ = false;
  std::thread thread_{[this] { answer_all(); }};
};

std::shared_ptr<const handlers::Registry> waiting_registry(Answerer& answerer) {
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
    server.emplace(limits, 2, log, waiting_registry(answerer));
    const auto bound =
        server->listen({.protocol = protocol::Protocol::kApp, .host = "127.0.0.1", .path = {}});
    address.emplace(reactor::Endpoint::ip(bound[0].host, bound[0].port).value());
    running = std::thread([this] { server->run(); });
  }
  ~ThreadsFixture() {
    server->stop();
    running.join();
  }

  Answerer answerer;
  Limits limits;
  Log log{{.level = Level::kOff, .format = LogFormat::kText, .file = {}}};
  std::optional<Server> server;
  std::optional<reactor::Endpoint> address;
  std::thread running;
};

struct Script {
  std::string requests;
  std::string replies;
};

Script script(int first, int count) {
  static constexpr const char* kActions[] = {"pool", "thread", "offload"};
  Script made;
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(first + i);
    made.requests += request(
        std::string(R"({"action": ")") + kActions[i % 3] + R"(", "value": )" + number + "}", kKeep);
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
