// Feeds requests through a whole worker in a calm simulated world, for callgrind to count what one
// costs: no kernel, no other thread's work, the same count each time. scripts/instructions runs it
// with N and with 2 N requests; what it costs to begin and to end drops out.
//
//   instructions CASE REQUESTS
//
// The world and this program's own end of the stream are part of the count.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/typed/typed.h"
#include "appd/servers/worker.h"
#include "tests/bench/peers/app_messages.h"
#include "tests/support/calm_world.h"

namespace {

using namespace appd;
using testing::CalmWorld;

struct Set {
  std::string key, value;
  std::optional<std::int64_t> ttl_ms;
};
APPD_FIELDS(Set, key, value, ttl_ms);

struct Case {
  std::string request;
  std::size_t pipeline = 1;
  bool one_shot = false;
};

handlers::Task<std::string> same_turn(std::string text, handlers::CallContext /*call*/) {
  co_return text;
}
handlers::Task<std::string> next_turn(std::string text, handlers::CallContext call) {
  co_await call.sleep(reactor::Duration::zero());
  co_return text;
}

std::string typed_request(std::string_view action) {
  return bench::app_request("{\"action\": \"" + std::string(action) + R"(", "value": "morpheus"})");
}

const std::map<std::string, std::function<Case()>, std::less<>> kCases = {
    {"search", [] { return Case{.request = bench::search_request()}; }},
    {"search_pipelined", [] { return Case{.request = bench::search_request(), .pipeline = 32}; }},
    {"double_pipelined", [] { return Case{.request = bench::double_request(), .pipeline = 32}; }},
    {"echo_64k", [] { return Case{.request = bench::echo_request(64 * 1024)}; }},
    {"search_one_shot",
     [] { return Case{.request = bench::search_request(false), .one_shot = true}; }},
    {"typed_string", [] { return Case{.request = typed_request("same"), .pipeline = 32}; }},
    {"typed_struct",
     [] {
       return Case{.request = bench::app_request(
                       R"({"action": "same-set", "value": {"key": "trinity", "value": "morpheus", )"
                       R"("ttl_ms": 5000}})"),
                   .pipeline = 32};
     }},
    {"coroutine_same_turn",
     [] { return Case{.request = typed_request("same-turn"), .pipeline = 32}; }},
    {"coroutine_next_turn",
     [] { return Case{.request = typed_request("next-turn"), .pipeline = 32}; }},
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "instructions: %s\n", what);
  std::exit(1);
}

class Driver {
 public:
  Driver()
      : log_(silent()), shared_(limits(), log_), worker_(shared_, {}, world_.backend(), actions()) {
    auto socket =
        world_.network().listen(reactor::Endpoint::ip("127.0.0.1", 0).value(), {}).value();
    endpoint_ = socket->local_endpoint();
    worker_.listen(protocol::Protocol::kApp, std::move(socket));
    worker_.loop().refresh_now();
  }
  ~Driver() {
    peer_.reset();
    worker_.stop();
    for (int turn = 0; turn < 4; ++turn) worker_.loop().run_once(reactor::Duration::zero());
  }

  void run(const Case& what, std::size_t requests) {
    std::string burst;
    for (std::size_t i = 0; i < what.pipeline; ++i) burst += what.request;
    connect();
    const std::size_t reply_bytes = exchange(what.request, 0);
    if (std::string_view(buffer_).substr(0, reply_bytes).find("Error") != std::string::npos) {
      fail("an error reply");
    }
    for (std::size_t sent = 0; sent < requests; sent += what.pipeline) {
      if (what.one_shot) connect();
      const std::size_t got = exchange(burst, reply_bytes * what.pipeline);
      if (got != reply_bytes * what.pipeline) fail("a reply differs in length from the first");
    }
  }

 private:
  static logging::LogOptions silent() {
    logging::LogOptions options;
    options.level = logging::Level::kOff;
    return options;
  }
  static servers::Limits limits() {
    servers::Limits limits;
    limits.max_connections = 100;
    return limits;
  }
  static std::shared_ptr<const handlers::Registry> actions() {
    auto registry = std::make_shared<handlers::Registry>();
    handlers::add_builtin_actions(*registry, {});
    registry->add(handlers::make_action("same", [](std::string text) { return text; }));
    registry->add(handlers::make_action("same-set", [](Set set) { return set; }));
    registry->add(handlers::make_action("same-turn", same_turn));
    registry->add(handlers::make_action("next-turn", next_turn));
    return registry;
  }

  void connect() {
    peer_ = world_.network().connect(endpoint_).value().release();
    turn();
  }
  void turn() { worker_.loop().run_once(reactor::Duration::zero()); }

  // Sends and turns the loop until `wanted` bytes are back, or, with 0, nothing more comes.
  std::size_t exchange(std::string_view bytes, std::size_t wanted) {
    std::size_t received = 0;
    auto rest = std::as_bytes(std::span(bytes));
    for (int idle_turns = 0; idle_turns < 8; ++idle_turns) {
      if (!rest.empty()) {
        const auto result = peer_->write(rest, {});
        if (result.outcome == reactor::IoOutcome::kError) fail("the worker broke the connection");
        rest = rest.subspan(result.bytes);
      }
      turn();
      const std::size_t before = received;
      receive(received);
      if (wanted > 0 && received >= wanted) break;
      if (received != before || !rest.empty()) idle_turns = 0;
    }
    if (received == 0) fail("no reply");
    return received;
  }

  void receive(std::size_t& received) {
    for (;;) {
      const auto result = peer_->read(std::as_writable_bytes(std::span(buffer_)));
      if (result.outcome != reactor::IoOutcome::kBytes) return;
      received += result.bytes;
    }
  }

  CalmWorld world_{256 * 1024};
  logging::Log log_;
  servers::ServerShared shared_;
  servers::Worker worker_;
  reactor::Endpoint endpoint_;
  std::unique_ptr<reactor::Transport> peer_;
  std::string buffer_ = std::string(256 * 1024, '\0');
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) {
    for (const auto& [name, make] : kCases) std::puts(name.c_str());
    return 0;
  }
  const auto found = argc == 3 ? kCases.find(std::string_view(argv[1])) : kCases.end();
  const std::size_t requests = argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (found == kCases.end() || requests == 0) {
    std::fprintf(stderr, "usage: instructions [CASE REQUESTS]\n");
    return 2;
  }
  Driver().run(found->second(), requests);
}
