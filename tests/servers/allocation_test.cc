// A usual request allocates nothing on its whole way: from the socket through session, decoder,
// dispatch, typed handler and encoder, and back. This program counts every operator new, and every
// malloc of the layers.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <optional>
#include <string>

#include "appd/handlers/typed/typed.h"
#include "appd/handlers/waiting/coroutine_handler.h"
#include "appd/servers/server.h"
#include "worker_fixture.h"

namespace {

std::size_t allocations = 0;

}  // namespace

// The linker gives these names a meaning (--wrap).
extern "C" {
void* __real_malloc(std::size_t bytes);                     // NOLINT
void* __real_calloc(std::size_t count, std::size_t bytes);  // NOLINT
void* __real_realloc(void* memory, std::size_t bytes);      // NOLINT
void* __wrap_malloc(std::size_t bytes) {                    // NOLINT
  ++allocations;
  return __real_malloc(bytes);
}
void* __wrap_calloc(std::size_t count, std::size_t bytes) {  // NOLINT
  ++allocations;
  return __real_calloc(count, bytes);
}
void* __wrap_realloc(void* memory, std::size_t bytes) {  // NOLINT
  ++allocations;
  return __real_realloc(memory, bytes);
}
}

[[gnu::noinline]] void* operator new(std::size_t bytes) {
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
using testing::kKeep;
using testing::kKeepOk;
using testing::message;
using testing::reply;
using testing::request;

std::shared_ptr<const handlers::Registry> typed_registry() {
  auto registry = std::make_shared<handlers::Registry>();
  registry->add(handlers::make_action("next", [](std::int64_t n) { return n + 1; }));
  registry->add(handlers::make_action("same", [](std::string_view text) { return text; }));
  registry->add(handlers::make_action("halved", [](int n) { return n / 2; }));
  registry->add(handlers::make_action(
      "at-once", [](std::string text, handlers::CallContext) -> handlers::Task<std::string> {
        co_return text;
      }));
  registry->add(handlers::make_action(
      "kept", [](handlers::OwnedRequest request) -> handlers::Task<handlers::Reply> {
        handlers::Reply reply;
        reply.set_json(request->value->text());
        co_return reply;
      }));
  registry->add(handlers::make_action(
      "wait", [](std::int64_t n, handlers::CallContext call) -> handlers::Task<std::int64_t> {
        co_await call.sleep(0s);
        co_return n;
      }));
  return registry;
}

// On the system's sockets, turned by hand: a world of memory asks for memory, too.
class Conversation {
 public:
  Conversation() {
    limits_.max_connections = 10;
    server_.emplace(limits_, 1, log_, typed_registry());
    const auto bound =
        server_->listen({.protocol = protocol::Protocol::kApp, .host = "127.0.0.1", .path = {}});
    const auto endpoint = reactor::Endpoint::ip(bound.at(0).host, bound.at(0).port).value();
    client_ = server_->main_loop().network().connect(endpoint).value().release();
  }

  // Allocations of some exchanges, behind those that may warm up; also checks the replies.
  std::size_t count(const std::string& requests, const std::string& replies) {
    room_.assign(replies.size(), '\0');
    for (int i = 0; i < 3; ++i) exchange(requests);
    const std::size_t before = allocations;
    for (int i = 0; i < 10; ++i) exchange(requests);
    const std::size_t counted = allocations - before;
    CHECK(room_ == replies);
    return counted;
  }

 private:
  void exchange(const std::string& requests) {
    const bool sent =
        client_->write(std::as_bytes(std::span(requests)), {}).bytes == requests.size();
    std::size_t received = 0;
    for (int turns = 0; sent && received < room_.size() && turns < 10'000; ++turns) {
      server_->main_loop().run_once(1ms);
      const auto rest = std::as_writable_bytes(std::span(room_)).subspan(received);
      const auto read = client_->read(rest);
      if (read.outcome == IoOutcome::kBytes) received += read.bytes;
    }
  }

  Limits limits_;
  logging::Log log_{
      {.level = logging::Level::kOff, .format = logging::LogFormat::kText, .file = {}}};
  std::optional<Server> server_;
  std::unique_ptr<reactor::Transport> client_;
  std::string room_;
};

std::string call(std::string_view action, std::string_view value, std::string_view more = {}) {
  return request(
      R"({"action": ")" + std::string(action) + R"(", "value": )" + std::string(value) + "}",
      std::string(kKeep) + std::string(more));
}
std::string result(std::string_view value) {
  return reply(R"({"result": )" + std::string(value) + "}", kKeepOk);
}

TEST_CASE("session: a synchronous typed handler costs no allocation from socket to socket") {
  Conversation conversation;
  CHECK(conversation.count(call("next", "41"), result("42")) == 0);
  const std::string text = R"("a text that is too long for a short string")";
  CHECK(conversation.count(call("same", text), result(text)) == 0);
}

TEST_CASE("session: nor do pipelined requests, a request-id or a deadline") {
  Conversation conversation;
  const std::string_view id = R"(, "request-id": "of-some-length-1234567890")";
  std::string requests;
  std::string replies;
  for (int i = 0; i < 32; ++i) {
    requests += call("next", "1", std::string(id) + R"(, "deadline-ms": 60000)");
    replies += reply(R"({"result": 2})",
                     R"(, "connection": "keep-alive")" + std::string(id) + R"(, "status": "ok")");
  }
  CHECK(conversation.count(requests, replies) == 0);
}

TEST_CASE("session: a coroutine that answers at once costs no allocation but its own") {
  Conversation conversation;
  CHECK(conversation.count(call("at-once", R"("short")"), result(R"("short")")) == 0);
  std::string requests;
  std::string replies;
  for (int i = 0; i < 32; ++i) {
    requests += call("at-once", R"("short")", R"(, "deadline-ms": 60000)");
    replies += result(R"("short")");
  }
  CHECK(conversation.count(requests, replies) == 0);
}

TEST_CASE("session: nor does one that waits, but for what its connection keeps meanwhile") {
  Conversation conversation;
  CHECK(conversation.count(call("wait", "7"), result("7")) == 10);
  std::string requests;
  std::string replies;
  for (int i = 0; i < 32; ++i) {
    requests += call("wait", "7");
    replies += result("7");
  }
  CHECK(conversation.count(requests, replies) == 10);  // once for all that wait together
}

TEST_CASE("session: the counter sees what a coroutine allocates") {
  Conversation conversation;
  CHECK(conversation.count(call("kept", "7"), result("7")) > 0);
}

}  // namespace
}  // namespace appd::servers
