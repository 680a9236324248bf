// A server that finds no memory, at each place in turn where it asks for some: for requests, and
// for calls that wait. A program of its own, because it replaces operator new.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "appd/handlers/layers/layer.h"
#include "appd/handlers/waiting/coroutine_handler.h"
#include "appd/protocol/text/utf8.h"
#include "appd/servers/server.h"
#include "worker_fixture.h"

namespace {

// So many allocations succeed before some fail; nullopt: all succeed.
// NOLINTBEGIN: operator new has no other way to be told
std::optional<long> allocations_left;
int failures_in_a_row = 1;
int failures_left = 0;
// NOLINTEND

}  // namespace

// Not inlined, or GCC takes their malloc and free for mismatched pairs.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (allocations_left && (*allocations_left)-- == 0) {
    allocations_left.reset();
    failures_left = failures_in_a_row;
  }
  if (failures_left > 0) {
    --failures_left;
    throw std::bad_alloc();
  }
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using reactor::IoOutcome;
using testing::found;
using testing::search;

// Runs what it is given at once: the failing allocations are of one thread.
class PoolAtOnce final : public reactor::JobRunner {
 public:
  [[nodiscard]] bool submit(std::unique_ptr<reactor::Job> job) override {
    job->run();
    return true;
  }
};

// On the system's sockets, turned by hand: a simulated world asks for memory, too.
struct NoMemoryFixture {
  NoMemoryFixture() {
    limits.max_connections = 100;
    limits.max_connections_per_peer = 50;
    server.emplace(limits, 1, log, testing::make_registry(), ServerParts{.pool = &pool});
    const auto bound =
        server->listen({.protocol = protocol::Protocol::kApp, .host = "127.0.0.1", .path = {}});
    endpoint = reactor::Endpoint::ip(bound.at(0).host, bound.at(0).port).value();
  }

  std::unique_ptr<reactor::Transport> connect() {
    return server->main_loop().network().connect(endpoint).value().release();
  }
  static void send(reactor::Transport& client, std::string_view bytes) {
    CHECK(client.write(std::as_bytes(std::span(bytes)), {}).bytes == bytes.size());
  }
  // Turns with the one allocation failing that `left` says. Returns how many are left.
  std::optional<long> turn(std::optional<long> left) {
    allocations_left = left;
    for (int i = 0; i < 6; ++i) server->main_loop().run_once(0s);
    failures_left = 0;
    return std::exchange(allocations_left, std::nullopt);
  }
  std::string receive_to_end(reactor::Transport& client) {
    std::string received;
    std::string buffer(4096, '\0');
    for (int turns = 0; turns < 5000; ++turns) {
      const auto read = client.read(std::as_writable_bytes(std::span(buffer)));
      received.append(buffer, 0, read.bytes);
      if (read.outcome == IoOutcome::kEnd || read.outcome == IoOutcome::kError) break;
      server->main_loop().run_once(1ms);
    }
    return received;
  }

  Limits limits;
  logging::Log log{
      {.level = logging::Level::kOff, .format = logging::LogFormat::kText, .file = {}}};
  PoolAtOnce pool;
  std::optional<Server> server;
  reactor::Endpoint endpoint;
};

// One round; whether an allocation failed in it.
bool survives_failure_of_allocation(long number) {
  CAPTURE(number);
  NoMemoryFixture fixture;
  const std::string request = search("morpheus");
  auto slow = fixture.connect();
  auto quick = fixture.connect();
  fixture.send(*slow, request.substr(0, 100));
  fixture.send(*quick, request);
  auto left = fixture.turn(number);
  if (left) {
    fixture.send(*slow, request.substr(100));
    left = fixture.turn(left);
  }
  auto next = fixture.connect();
  fixture.send(*next, request);
  CHECK(fixture.receive_to_end(*next) == found());
  return !left;
}

// Handlers that wait ------------------------------------------------------------------------------

using handlers::CallContext;
using handlers::OwnedRequest;
using handlers::Reply;
using handlers::Request;
using handlers::Responder;
using handlers::Task;

Task<handlers::Result<Reply>> nap(OwnedRequest request, CallContext context) {
  co_await context.sleep(0s);
  Reply reply;
  reply.set_json(request->value->text());
  co_return reply;
}

// One that calls another, and what that says is longer than a short string.
Task<handlers::Result<Reply>> ask(OwnedRequest request, CallContext context) {
  co_await context.sleep(0s);
  const handlers::CallRequest other("nap", std::string(request->value->text()));
  const auto answer = co_await context.call_action(other);
  if (!answer) co_return tl::unexpected(answer.error());
  Reply reply;
  reply.set_json(request->value->text());
  co_return reply;
}

Task<handlers::Result<Reply>> sleep(OwnedRequest /*request*/, CallContext context) {
  co_await context.sleep(1h);
  co_return Reply();
}

Task<handlers::Result<Reply>> fail(OwnedRequest request, CallContext context) {
  co_await context.sleep(0s);
  throw std::runtime_error("an exception that says more than a short string " +
                           std::string(request->action));
}

struct WaitingFixture : NoMemoryFixture {
  WaitingFixture() {
    auto registry = std::make_shared<handlers::Registry>(*testing::make_registry());
    const auto add = [&](std::string name, handlers::WaitingHandler handler) {
      registry->add({.name = std::move(name),
                     .summary = "waits",
                     .handler = {},
                     .waiting_handler = std::move(handler),
                     .time_limit = 1ms});
    };
    add("nap", handlers::coroutine_handler(nap));
    add("ask", handlers::coroutine_handler(ask));
    add("sleep", handlers::coroutine_handler(sleep));
    add("fail", handlers::coroutine_handler(fail));
    add("hold", [this](const Request&, const CallContext&, Responder responder) {
      held.push_back(std::move(responder));
    });
    add("throw", [](const Request&, const CallContext&, Responder) {
      throw std::runtime_error("an exception that says more than a short string");
    });
    const auto look = handlers::Layer([](const Request& /*request*/, handlers::Next& next) {
      next.then([](const Reply& seen) {
        const std::string copy = "more than a short string: " + std::string(seen.content());
        CHECK(!copy.empty());
      });
      return next();
    });
    handlers::Action layered{.name = "layered",
                             .summary = "waits, and is looked at",
                             .handler = {},
                             .waiting_handler = handlers::coroutine_handler(nap)};
    registry->add(handlers::with_layer(std::move(layered), look));
    handlers::Action unfilled{
        .name = "unfilled",
        .summary = "drops its responder",
        .handler = {},
        .waiting_handler = [](const Request&, const CallContext&, Responder responder) {
          responder.reply(Reply());
        }};
    registry->add(handlers::with_layer(std::move(unfilled), look));
    registry->add({.name = "pool",
                   .summary = "runs in the pool",
                   .handler = [](const Request&, Reply&) -> handlers::Result<void> {
                     throw std::runtime_error("an exception that says more than a short string");
                   },
                   .runs_in_pool = true});
    server->set_registry(std::move(registry));
    server->main_loop().run_once(0s);
  }

  void answer_held() {
    const auto left = std::exchange(allocations_left, std::nullopt);
    const auto failures = std::exchange(failures_left, 0);
    Reply reply;
    reply.set_string("an answer that is longer than a short string");
    allocations_left = left;
    failures_left = failures;
    if (!held.empty()) held[0].reply(std::move(reply));
  }

  std::vector<Responder> held;
};

// As below, with a call that waits.
bool survives_failure_in_call(std::string_view action, long number) {
  CAPTURE(action);
  CAPTURE(number);
  WaitingFixture fixture;
  auto client = fixture.connect();
  for (int i = 0; i < 4; ++i) fixture.server->main_loop().run_once(0s);
  const std::string value = R"("a value that is longer than a short string")";
  fixture.send(*client, testing::request(R"({"action": ")" + std::string(action) +
                                             R"(", "value": )" + value + "}",
                                         testing::kKeep));
  allocations_left = number;
  for (int turns = 0; turns < 8; ++turns) {
    fixture.server->main_loop().run_once(1ms);
    if (turns == 2) fixture.answer_held();
  }
  const auto left = std::exchange(allocations_left, std::nullopt);
  failures_left = 0;
  auto next = fixture.connect();
  fixture.send(*next, search("morpheus"));
  CHECK(fixture.receive_to_end(*next) == found());
  return !left;
}

TEST_CASE("server: without memory for one call that waits it goes on for the others") {
  // simdjson chooses its code for this machine once, and dies without memory for that.
  CHECK(protocol::is_valid_utf8("\xc3\xa4"));
  for (failures_in_a_row = 1; failures_in_a_row <= 3; ++failures_in_a_row)
    for (const std::string_view action :
         {"nap", "ask", "sleep", "fail", "hold", "throw", "layered", "unfilled", "pool"}) {
      CAPTURE(failures_in_a_row);
      long number = 0;
      while (survives_failure_in_call(action, number)) {
        ++number;
        REQUIRE(number < 10'000);
      }
      CHECK(number > 3);
    }
}

// A call that is answered later, with an allocation failing at its start; and behind it another
// one.
bool keeps_replies_apart(long number) {
  CAPTURE(number);
  WaitingFixture fixture;
  auto client = fixture.connect();
  for (int i = 0; i < 4; ++i) fixture.server->main_loop().run_once(0s);
  fixture.send(*client, testing::request(R"({"action": "hold", "value": 1})", testing::kKeep));
  const auto left = fixture.turn(number);
  fixture.send(*client, testing::request(R"({"action": "nap", "value": "the second"})"));
  for (int turns = 0; turns < 4; ++turns) fixture.server->main_loop().run_once(1ms);
  fixture.answer_held();
  const std::string received = fixture.receive_to_end(*client);
  // The last reply, if the connection came so far, and one before it.
  if (received.find("the second") != std::string::npos) {
    CHECK(received.ends_with(R"({"result": "the second"})"));
    const auto first = received.find("result");
    const auto second = received.find("result", first + 1);
    CHECK(received.find("result", second + 1) == std::string::npos);
  } else {
    CHECK(received.find("an answer") == std::string::npos);
  }
  return !left;
}

TEST_CASE("server: a call that there is no memory to keep does not answer the next one") {
  failures_in_a_row = 1;
  long number = 0;
  while (keeps_replies_apart(number)) {
    ++number;
    REQUIRE(number < 10'000);
  }
  CHECK(number > 3);
}

TEST_CASE("server: without memory for one session it goes on for the others") {
  for (failures_in_a_row = 1; failures_in_a_row <= 3; ++failures_in_a_row) {
    CAPTURE(failures_in_a_row);
    long number = 0;
    while (survives_failure_of_allocation(number)) {
      ++number;
      REQUIRE(number < 10'000);
    }
    CHECK(number > 10);  // those that could fail
  }
}

}  // namespace
}  // namespace appd::servers
