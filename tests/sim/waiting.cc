#include "tests/sim/waiting.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "handlers/builtin.h"
#include "handlers/coroutine_handler.h"
#include "protocol/byte_order.h"
#include "reactor/sim/host.h"
#include "reactor/sim/poller.h"
#include "reactor/sim/world.h"
#include "servers/worker.h"

namespace appd::testing {
namespace {

using namespace std::chrono_literals;
using handlers::CallContext;
using handlers::CallRequest;
using handlers::OwnedRequest;
using handlers::Reply;
using handlers::Request;
using handlers::Responder;
using handlers::Task;
using reactor::sim::World;

constexpr std::uint64_t kMaxSteps = 500'000;
// Between a deadline and an answer that is nearer than this, either may win.
constexpr std::uint64_t kCloseMs = 100;
constexpr std::uint64_t kPoolMs = 20;  // at most, from submit() to the end of a job

std::chrono::milliseconds time_of(const Request& request) {
  return std::chrono::milliseconds(request.value->integer().value_or(0) % 1000);
}

Reply same_value(const Request& request) {
  Reply reply;
  reply.set_json(request.value->text());
  return reply;
}

// Runs each job some time later, on the only thread there is.
class LaterPool final : public servers::JobRunner {
 public:
  explicit LaterPool(World& world) : world_(world) {}
  bool submit(std::unique_ptr<servers::Job> job) override {
    const auto delay = std::chrono::milliseconds(world_.random().below(kPoolMs));
    world_.after(delay, [job = std::shared_ptr<servers::Job>(std::move(job))] { job->run(); });
    return true;
  }

 private:
  World& world_;
};

Task<handlers::Result<Reply>> work(OwnedRequest request, CallContext context) {
  const std::string value(request->value->text());
  co_await context.sleep(time_of(*request) / 2);
  auto copied = context.offload([value] { return value; });
  const auto copy = co_await copied;
  if (!copy) co_return tl::unexpected(copy.error());
  const CallRequest other("nap", *copy);
  const auto answer = co_await context.call_action(other);
  if (!answer) co_return tl::unexpected(answer.error());
  Reply reply = same_value(*request);
  if (answer->content != reply.content()) {
    co_return protocol::fail(protocol::Status::kInvalidContent, "another call's answer");
  }
  co_return reply;
}

std::shared_ptr<handlers::Registry> waiting_actions(World& world) {
  auto registry = std::make_shared<handlers::Registry>();
  handlers::add_builtin_actions(*registry, {});
  registry->add(
      {.name = "nap",
       .summary = "sleeps half of its time",
       .handler = {},
       .waiting_handler = handlers::coroutine_handler(
           [](OwnedRequest request, CallContext context) -> Task<handlers::Result<Reply>> {
             co_await context.sleep(time_of(*request) / 2);
             co_return same_value(*request);
           })});
  registry->add({.name = "work",
                 .summary = "waits for one thing after the other",
                 .handler = {},
                 .waiting_handler = handlers::coroutine_handler(&work)});
  registry->add({.name = "hold",
                 .summary = "answered from elsewhere",
                 .handler = {},
                 .waiting_handler = [&world](const Request& request, const CallContext&,
                                             Responder responder) {
                   auto held = std::make_shared<Responder>(std::move(responder));
                   world.after(time_of(request),
                               [held, reply = same_value(request)] { held->reply(reply); });
                 }});
  registry->add({.name = "block",
                 .summary = "runs in the pool",
                 .handler = [](const Request& request, Reply& reply) -> handlers::Result<void> {
                   reply = same_value(request);
                   return {};
                 },
                 .runs_in_pool = true});
  return registry;
}

struct Call {
  std::uint64_t value = 0;
  std::uint64_t at_most_ms = 0;  // of the action's own time
  std::uint64_t at_least_ms = 0;
  std::optional<std::uint64_t> deadline_ms = {};
};

// What a status may be, by the time that the call takes.
std::optional<std::string> check_reply(const Call& call, const std::string& header,
                                       const std::string& content) {
  const auto says = [&](std::string_view status) {
    return header.find("\"status\": \"" + std::string(status) + "\"") != std::string::npos;
  };
  const std::string number = std::to_string(call.value);
  if (header.find("\"request-id\": " + number + ",") == std::string::npos) {
    return "the reply to " + number + " is another's: " + header;
  }
  const bool may_be_late = call.deadline_ms && *call.deadline_ms < call.at_most_ms + kCloseMs;
  const bool may_be_done = !call.deadline_ms || *call.deadline_ms + kCloseMs > call.at_least_ms;
  if (says("deadline_exceeded")) {
    if (may_be_late) return std::nullopt;
    return "call " + number + " is said to be late and was not";
  }
  if (!says("ok") || content != "{\"result\": " + number + "}") {
    return "call " + number + " got " + header + content;
  }
  if (!may_be_done) return "call " + number + " was answered behind its deadline";
  return std::nullopt;
}

// Sends its calls, now and then looks for replies, and may leave early.
class Caller {
 public:
  Caller(World& world, std::uint64_t number, const reactor::Endpoint& server)
      : world_(world), host_(world, {.address = "10.1.0." + std::to_string(number)}) {
    const std::uint64_t count = 1 + world.random().below(40);
    for (std::uint64_t i = 0; i < count; ++i) add_call(number * 1'000'000 + i * 1'000);
    if (world.random().below(3) == 0) leaves_after_ = world.random().below(300);
    transport_ = host_.connect(server).value();
    turn();
  }
  [[nodiscard]] bool done() const { return transport_ == nullptr; }
  [[nodiscard]] std::uint64_t replies() const { return replies_; }

 private:
  void add_call(std::uint64_t base) {
    auto& random = world_.random();
    static constexpr std::array<std::string_view, 5> kActions{"echo", "nap", "work", "hold",
                                                              "block"};
    const std::string_view action = kActions[random.below(kActions.size())];
    const std::uint64_t time = random.below(1000);
    Call call{.value = base + time, .at_most_ms = time + 2 * kPoolMs, .at_least_ms = time};
    if (action == "nap" || action == "echo" || action == "block") call.at_least_ms = 0;
    std::string header = R"({"byteorder": "little", "content-type": "text/json", )"
                         R"("content-encoding": "utf-8", "connection": "keep-alive")";
    if (random.below(2) == 0) {
      call.deadline_ms = 1 + random.below(1200);
      header += ", \"deadline-ms\": " + std::to_string(*call.deadline_ms);
    }
    const std::string value = std::to_string(call.value);
    const std::string content =
        R"({"action": ")" + std::string(action) + R"(", "value": )" + value + "}";
    header += ", \"request-id\": " + value +
              ", \"content-length\": " + std::to_string(content.size()) + "}";
    std::string prefix(2, '\0');
    protocol::store_be16(std::as_writable_bytes(std::span(prefix)),
                         static_cast<std::uint16_t>(header.size()));
    unsent_ += prefix + header + content;
    calls_.push_back(call);
  }

  void turn() {
    const bool leaves = leaves_after_ && (*leaves_after_)-- == 0;
    if (leaves || calls_.empty() || world_.violation()) {
      transport_.reset();
      return;
    }
    const auto sent = transport_->write(std::as_bytes(std::span(unsent_)), {});
    if (sent.outcome == reactor::IoOutcome::kBytes) unsent_.erase(0, sent.bytes);
    std::array<std::byte, 4096> buffer;
    const auto read = transport_->read(buffer);
    if (read.outcome == reactor::IoOutcome::kBytes) {
      received_.append(reinterpret_cast<const char*>(buffer.data()), read.bytes);
    } else if (read.outcome != reactor::IoOutcome::kWouldBlock) {
      world_.violate("a connection ended with calls unanswered");
    }
    take_replies();
    world_.after(1ms + std::chrono::milliseconds(world_.random().below(10)), [this] { turn(); });
  }

  void take_replies() {
    while (received_.size() >= 2 && !calls_.empty()) {
      const std::size_t header_bytes =
          protocol::load_be16(std::as_bytes(std::span(received_)).first<2>());
      if (received_.size() < 2 + header_bytes) return;
      const std::string header = received_.substr(2, header_bytes);
      constexpr std::string_view kLength = "\"content-length\": ";
      const std::size_t length = std::stoul(header.substr(header.find(kLength) + kLength.size()));
      if (received_.size() < 2 + header_bytes + length) return;
      const std::string content = received_.substr(2 + header_bytes, length);
      if (auto wrong = check_reply(calls_.front(), header, content)) {
        world_.violate(std::move(*wrong));
      }
      calls_.pop_front();
      received_.erase(0, 2 + header_bytes + length);
      ++replies_;
    }
  }

  World& world_;
  reactor::sim::Host host_;
  std::deque<Call> calls_;  // without a reply
  std::string unsent_;
  std::string received_;
  std::optional<std::uint64_t> leaves_after_;  // turns
  std::unique_ptr<reactor::Transport> transport_;
  std::uint64_t replies_ = 0;
};

servers::Log& silent_log() {
  static servers::Log log({.level = servers::Level::kOff, .format = {}, .file = {}});
  return log;
}

}  // namespace

WaitingResult simulate_waiting(std::uint64_t seed) {
  World world(seed);
  world.faults.short_read = 100'000;
  world.faults.short_write = 100'000;
  world.faults.reordered_readiness = 300'000;
  LaterPool pool(world);
  reactor::sim::Host host(world, {.address = "10.0.0.1"});
  servers::Limits limits;
  limits.max_connections = 1000;
  limits.max_pending_calls = 1 + world.random().below(64);
  servers::ServerShared shared(limits, silent_log());
  shared.pool = &pool;
  bool drained = false;
  shared.on_drained = [&drained](servers::Worker&) { drained = true; };

  auto poller = std::make_unique<reactor::sim::SimPoller>(host);
  reactor::sim::SimPoller& poller_seen = *poller;
  servers::Worker worker(shared, {}, {std::move(poller), &host, &world.clock()},
                         waiting_actions(world));
  const auto endpoint = reactor::Endpoint::ip("10.0.0.1", 7000).value();
  worker.listen(protocol::Protocol::kApp, host.listen(endpoint, {}).value());

  std::vector<std::unique_ptr<Caller>> callers;
  reactor::sim::LoopActor actor(worker.loop(), poller_seen);
  const std::uint64_t count = 2 + world.random().below(6);
  for (std::uint64_t i = 1; i <= count; ++i) {
    callers.push_back(std::make_unique<Caller>(world, i, endpoint));
  }
  const auto all_done = [&] {
    return std::all_of(callers.begin(), callers.end(), [](const auto& one) { return one->done(); });
  };
  bool draining = false;
  for (std::uint64_t steps = 0; !drained && !world.violation() && world.step(); ++steps) {
    if (steps > kMaxSteps) world.violate("the world does not come to an end");
    if (all_done() && !std::exchange(draining, true)) worker.drain();
  }
  if (!drained && !world.violation()) world.violate("the world stands still");
  // Answers that are still to come find nobody.
  while (!world.violation() && world.step()) {
  }
  WaitingResult result;
  for (const auto& caller : callers) result.replies += caller->replies();
  result.dropped = worker.metrics().get(servers::Counter::kCallsDropped);
  result.late = worker.metrics().get(servers::Counter::kLateAnswers);
  result.violation = world.violation();
  return result;
}

}  // namespace appd::testing
