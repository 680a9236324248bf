#include "tests/fuzz/support/served_conversation.h"

#include <array>
#include <chrono>
#include <memory>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/waiting/coroutine_handler.h"
#include "appd/protocol/message_decoder.h"
#include "appd/reactor/check.h"
#include "appd/reactor/sim/poller.h"
#include "appd/servers/worker.h"
#include "tests/support/streamed_frames.h"

namespace appd::fuzz {
namespace {

using reactor::sim::Host;
using reactor::sim::SimPoller;
using reactor::sim::Wire;
using reactor::sim::World;

// When both directions have ended, the session ends without any time-out.
constexpr auto kSoon = std::chrono::seconds(1);

servers::Limits small_limits() {
  servers::Limits limits;
  limits.max_content = kMaxContent;
  limits.max_connections = 10;
  limits.write_high_watermark = 2048;
  limits.max_buffered = 16 * 1024;
  return limits;
}

// The budget may be overdrawn by one message and one read.
constexpr std::size_t kMaxHeldBytes =
    16 * 1024 + 2 + 65535 + kMaxContent + reactor::EventLoop::kReadBufferBytes;

logging::Log& silent_log() {
  static logging::Log log({.level = logging::Level::kOff, .format = {}, .file = {}});
  return log;
}

handlers::Registry builtin_actions() {
  handlers::Registry registry;
  handlers::add_builtin_actions(registry, {});
  return registry;
}

// Some answer at once, others when those behind them may be done.
reactor::Duration waiting_time(const handlers::Request& request) {
  const std::size_t bytes =
      request.payload.size() + (request.value ? request.value->text().size() : 0);
  return std::chrono::microseconds(bytes % 4 * 100);
}

// The same actions, which wait before they answer.
handlers::Registry waiting_actions() {
  using handlers::Reply;
  using Task = handlers::Task<handlers::Result<Reply>>;
  handlers::Registry registry;
  const handlers::Registry builtin = builtin_actions();
  for (const auto& [name, action] : builtin.actions()) {
    handlers::Action waiting = action;
    waiting.handler = nullptr;
    waiting.waiting_handler =
        handlers::coroutine_handler([handler = action.handler](handlers::OwnedRequest request,
                                                               handlers::CallContext call) -> Task {
          const reactor::Duration time = waiting_time(*request);
          if (time > reactor::Duration::zero()) co_await call.sleep(time);
          Reply reply;
          auto done = handler(*request, reply);
          if (!done) co_return tl::unexpected(std::move(done.error()));
          co_return reply;
        });
    registry.add(std::move(waiting));
  }
  return registry;
}

std::shared_ptr<const handlers::Registry> actions_of(const Script& script) {
  static const auto waiting = std::make_shared<const handlers::Registry>(waiting_actions());
  static const auto prompt = std::make_shared<const handlers::Registry>(builtin_actions());
  return script.answers_later ? waiting : prompt;
}

servers::ServerShared& with_streams(servers::ServerShared& shared, bool later) {
  shared.protocols = testing::protocols_with_streams(std::chrono::microseconds(later ? 100 : 0));
  return shared;
}

class Stage {
 public:
  explicit Stage(const Script& script)
      : script_(script),
        world_(script.world.seed),
        server_host_(world_, {.address = "10.0.0.1", .buffer_bytes = script.buffer_bytes}),
        client_host_(world_, {.address = "10.0.0.2", .buffer_bytes = script.buffer_bytes}),
        shared_(small_limits(), silent_log()),
        worker_(with_streams(shared_, script.answers_later), {}, backend(), actions_of(script)),
        actor_(worker_.loop(), *poller_),
        client_(world_, connect(), Wire::kClient, script.client) {
    shared_.on_drained = [this](servers::Worker&) { drained_ = true; };
    apply(script.world, world_);
  }

  Outcome play() {
    run([this] { return client_.done(); });
    const reactor::TimePoint client_done = world_.now();
    run([this] { return worker_.session_count() == 0; });
    const Outcome outcome = judge();
    const bool both_ended = script_.client.end == FarEnd::End::kFinish && !outcome.broken_off;
    APPD_CHECK(!both_ended || outcome.jumped || world_.now() - client_done < kSoon,
               "both directions ended, the session did not");
    end();
    return outcome;
  }

 private:
  reactor::Backend backend() {
    auto made = std::make_unique<SimPoller>(server_host_);
    poller_ = made.get();
    return {std::move(made), &server_host_, &world_.clock()};
  }
  std::unique_ptr<reactor::Transport> connect() {
    const auto endpoint = reactor::Endpoint::ip("10.0.0.1", 7000).value();
    worker_.listen(script_.protocol.name, server_host_.listen(endpoint, {}).value());
    return client_host_.connect(endpoint).value().release();
  }

  void run(const std::function<bool()>& done) {
    run_world(world_, [&] {
      APPD_CHECK(shared_.budget.used() <= kMaxHeldBytes, shared_.budget.used());
      return done();
    });
  }

  [[nodiscard]] Outcome judge() const {
    using End = FarEnd::End;
    const End end = script_.client.end;
    return {.received = client_.received(),
            .orderly_end = client_.ended(),
            .broken_off = client_.wire().struck() || end == End::kReset || end == End::kLeave,
            .jumped = world_.jumped() > reactor::Duration::zero(),
            .elapsed = world_.now() - began_};
  }

  // Whatever becomes of the connection, everything is given back.
  void end() {
    world_.faults = {};
    client_.leave();
    APPD_CHECK(worker_.loop().post([this] { worker_.stop(); }));
    run([this] { return drained_ && worker_.session_count() == 0 && !actor_.due(); });
    APPD_CHECK(server_host_.open_descriptors() == 0, server_host_.open_descriptors());
    APPD_CHECK(client_host_.open_descriptors() == 0, client_host_.open_descriptors());
    APPD_CHECK(shared_.budget.used() == 0, shared_.budget.used());
  }

  const Script& script_;
  World world_;
  const reactor::TimePoint began_ = world_.now();
  Host server_host_;
  Host client_host_;
  SimPoller* poller_ = nullptr;  // the worker's
  servers::ServerShared shared_;
  servers::Worker worker_;
  reactor::sim::LoopActor actor_;
  FarEnd client_;
  bool drained_ = false;
};

}  // namespace

Script take_script(FuzzInput& input) {
  constexpr std::array<std::size_t, 4> kBuffers = {64 * 1024, 4096, 100, 1};
  const std::uint8_t flags = input.take_byte();
  Script script;
  script.client.end = static_cast<FarEnd::End>(flags & 3);
  script.client.reads_late = (flags & 4) != 0;
  script.buffer_bytes = kBuffers[(flags >> 3) & 3];
  script.answers_later = (flags & 32) != 0;
  script.client.hurries = (flags & 64) != 0;
  script.client.slicing = input.take_byte();
  script.world = take_world(input);
  script.client.stream = input.rest().substr(0, kMaxStreamBytes);
  return script;
}

Outcome serve(const Script& script) { return Stage(script).play(); }

const handlers::Registry& served_actions() {
  static const handlers::Registry registry = builtin_actions();
  return registry;
}

bool holds_message(std::string_view received) {
  protocol::DecodeContext context;
  const protocol::DecodeLimits limits;
  protocol::MessageDecoder decoder(context, limits);
  const auto event = decoder.next(as_bytes(received));
  return event && event->kind == protocol::DecodeEvent::Kind::kMessage;
}

void take_error_reply(std::string_view& received, std::string_view status) {
  protocol::DecodeContext context;
  const protocol::DecodeLimits limits;
  protocol::MessageDecoder decoder(context, limits);
  const auto event = decoder.next(as_bytes(received));
  APPD_CHECK(event && event->kind == protocol::DecodeEvent::Kind::kMessage, received);
  const std::string_view content(reinterpret_cast<const char*>(event->content.data()),
                                 event->content.size());
  APPD_CHECK(content.starts_with(R"({"result": "Error: )"), content);
  APPD_CHECK(protocol::JsonView::parse(content), content);
  APPD_CHECK(event->header->status.value_or("") == status, status, received);
  received.remove_prefix(event->bytes);
}

}  // namespace appd::fuzz
