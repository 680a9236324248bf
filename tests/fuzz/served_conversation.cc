#include "tests/fuzz/served_conversation.h"

#include <array>
#include <chrono>
#include <memory>

#include "handlers/builtin.h"
#include "handlers/coroutine_handler.h"
#include "protocol/message_decoder.h"
#include "servers/worker.h"
#include "tests/fuzz/memory_conversation.h"

namespace appd::fuzz {
namespace {

// Longer than every time-out of a session, the linger time-out included.
constexpr auto kLong = std::chrono::minutes(2);
// Each of: the first message, unsent bytes, lingering.
constexpr int kMaxTimeouts = 4;

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

servers::Log& silent_log() {
  static servers::Log log({.level = servers::Level::kOff, .format = {}, .file = {}});
  return log;
}

handlers::Registry builtin_actions() {
  handlers::Registry registry;
  handlers::add_builtin_actions(registry, {});
  return registry;
}

// Some answer at once, others so many turns of a loop later that those behind them are done.
reactor::Duration waiting_time(const handlers::Request& request) {
  const std::size_t bytes =
      request.payload.size() + (request.value ? request.value->text().size() : 0);
  return std::chrono::nanoseconds(bytes % 4);
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

// Time stands still while there is work, and goes on by a nanosecond when there is none: after so
// many turns without news every call has ended.
constexpr int kQuietTurns = 8;

class Stage {
 public:
  explicit Stage(const Script& script)
      : script_(script),
        world_(script.pipe_capacity_bytes),
        shared_(small_limits(), silent_log()),
        worker_(shared_, {}, world_.backend(), actions_of(script)),
        client_(connect()) {
    shared_.on_drained = [this](servers::Worker&) { drained_ = true; };
  }

  Outcome play() {
    turn();
    send_all();
    end();
    wait_for_the_end();
    Outcome outcome{client_.received(), client_.ended()};
    client_.leave();
    worker_.stop();
    turn();
    APPD_CHECK(drained_ && world_.open_descriptors() == 0, world_.open_descriptors());
    APPD_CHECK(shared_.budget.used() == 0, shared_.budget.used());
    return outcome;
  }

 private:
  std::unique_ptr<reactor::Transport> connect() {
    auto socket = world_.network().listen(reactor::Endpoint::any_ipv4(0), {}).value();
    const reactor::Endpoint endpoint = socket->local_endpoint();
    worker_.listen(script_.protocol, std::move(socket));
    return world_.network().connect(endpoint).value();
  }

  void turn() {
    settle(world_, worker_.loop());
    APPD_CHECK(shared_.budget.used() <= kMaxHeldBytes, shared_.budget.used());
  }
  // Turns until nothing comes any more; whether something did.
  bool read() {
    bool any = false;
    for (int quiet = 0; quiet < (script_.answers_later ? kQuietTurns : 1); ++quiet) {
      while (client_.receive()) {
        any = true;
        quiet = 0;
        turn();
      }
      if (script_.answers_later) turn();
    }
    return any;
  }

  void send_all() {
    bool reads = !script_.reads_late;
    Pieces pieces(script_.slicing);
    for (std::string_view rest = script_.stream; !rest.empty();) {
      for (std::string_view piece = pieces.take(rest); !piece.empty();) {
        const std::size_t taken = client_.send(piece);
        piece.remove_prefix(taken);
        turn();
        // While the pipe takes bytes, calls may go on waiting, so that many do at once.
        const bool any = reads && (taken > 0 ? client_.receive() : read());
        if (taken > 0 || any) continue;
        APPD_CHECK(!reads, "the server takes no more, though its replies are read");
        reads = true;
      }
    }
  }

  void end() {
    switch (script_.end) {
      case Script::End::kFinish:
        client_.finish();
        turn();
        read();
        APPD_CHECK(worker_.session_count() == 0, "both directions ended, the session did not");
        break;
      case Script::End::kStay:
        read();
        break;
      case Script::End::kReset:
        client_.reset();
        turn();
        break;
      case Script::End::kLeave:
        client_.leave();
        turn();
        break;
    }
  }

  void wait_for_the_end() {
    for (int i = 0; i < kMaxTimeouts && worker_.session_count() > 0; ++i) {
      world_.clock().advance(kLong);
      turn();
      read();
    }
    APPD_CHECK(worker_.session_count() == 0, "no time-out ended the session");
  }

  const Script& script_;
  testing::MemoryWorld world_;
  servers::ServerShared shared_;
  servers::Worker worker_;
  FarEnd client_;
  bool drained_ = false;
};

}  // namespace

Script take_script(FuzzInput& input) {
  constexpr std::array<std::size_t, 4> kCapacities = {64 * 1024, 4096, 100, 1};
  const std::uint8_t flags = input.take_byte();
  Script script;
  script.end = static_cast<Script::End>(flags & 3);
  script.reads_late = (flags & 4) != 0;
  script.answers_later = (flags & 32) != 0;
  script.pipe_capacity_bytes = kCapacities[(flags >> 3) & 3];
  script.slicing = input.take_byte();
  script.stream = input.rest();
  return script;
}

Outcome serve(const Script& script) { return Stage(script).play(); }

const handlers::Registry& served_actions() {
  static const handlers::Registry registry = builtin_actions();
  return registry;
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
  APPD_CHECK(decoder.header().status.value_or("") == status, status, received);
  received.remove_prefix(event->bytes);
}

}  // namespace appd::fuzz
