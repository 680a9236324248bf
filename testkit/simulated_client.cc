#include "appd/testkit/simulated_client.h"

#include <deque>
#include <optional>
#include <utility>

#include "appd/clients/channel.h"
#include "appd/handlers/typed/json_value.h"
#include "appd/handlers/typed/typed_value.h"
#include "appd/reactor/sim/world.h"

namespace appd::test {
namespace {

using clients::Reply;
using clients::Request;
using clients::Result;

constexpr std::size_t kPipelineDepth = 32;
// Of one wait: a world in which so much happens without an answer has run away.
constexpr int kMaxSteps = 1'000'000;

std::string told(const Result<Reply>& reply) {
  if (!reply) return "no reply: " + reply.error().message;
  if (reply->is_error) {
    const auto text = reply->result_text();
    return reply->status.value_or("error") + ": " + (text ? *text : text.error().message);
  }
  return reply->is_json() ? reply->result : reply->content;
}

clients::Error nothing_happens() {
  return {make_error_code(clients::ClientError::kTimeout),
          "nothing happens any more, and there is no answer"};
}

}  // namespace

struct PendingCall::State {
  explicit State(reactor::sim::World& its_world) : world(its_world) {}

  void wait() {
    for (int step = 0; !answer && step < kMaxSteps; ++step) {
      if (!world.step()) break;
    }
    if (!answer) answer.emplace(tl::unexpect, nothing_happens());
  }

  reactor::sim::World& world;
  std::optional<Result<Reply>> answer;
};

bool PendingCall::answered() const { return state_->answer.has_value(); }

Result<Reply> PendingCall::reply() const {
  state_->wait();
  return *state_->answer;
}

std::string PendingCall::wait() const {
  state_->wait();
  return told(*state_->answer);
}

struct SimulatedClient::Line final : private clients::ChannelDelegate {
  Line(reactor::sim::World& its_world, reactor::EventLoop& its_loop,
       clients::SessionContext& context, std::vector<reactor::Endpoint> endpoints)
      : world(its_world),
        loop(its_loop),
        channel(loop, context, std::move(endpoints),
                {.session = {.pipeline_depth = kPipelineDepth}, .server = "the app"},
                static_cast<ChannelDelegate&>(*this)) {}
  ~Line() {
    fail_all({make_error_code(clients::ClientError::kCannotConnect), "the client is gone"});
  }

  void on_reply(Reply reply) override {
    const auto first = std::move(pending.front());
    pending.pop_front();
    first->answer.emplace(std::move(reply));
  }
  void on_failed(clients::Error error, std::size_t /*sent*/) override { fail_all(error); }
  void fail_all(const clients::Error& error) {
    for (const auto& one : std::exchange(pending, {})) one->answer.emplace(tl::unexpect, error);
  }

  reactor::sim::World& world;
  reactor::EventLoop& loop;
  std::deque<std::shared_ptr<PendingCall::State>> pending;
  clients::Channel channel;
};

SimulatedClient::SimulatedClient(reactor::sim::World& world, reactor::EventLoop& loop,
                                 clients::SessionContext& context,
                                 std::vector<reactor::Endpoint> endpoints)
    : line_(std::make_shared<Line>(world, loop, context, std::move(endpoints))) {}
SimulatedClient::SimulatedClient(SimulatedClient&&) noexcept = default;
SimulatedClient::~SimulatedClient() = default;

PendingCall SimulatedClient::start(std::string_view action, std::string_view value) {
  handlers::JsonObject content;
  content.add("action", action);
  if (!value.empty()) content.add_json("value", value);
  Request request;
  request.content = std::string(content.take().text());
  request.keep_alive = true;
  return start(std::move(request));
}

PendingCall SimulatedClient::start_binary(std::string_view action, std::string_view payload) {
  Request request;
  request.content_type = protocol::kClientBinaryType;
  request.content_encoding = protocol::kBinaryEncoding;
  request.content = payload;
  request.action = action;
  request.keep_alive = true;
  return start(std::move(request));
}

PendingCall SimulatedClient::start(Request request) {
  auto encoded = clients::encode_request(std::move(request), protocol::Protocol::kApp);
  auto call = std::make_shared<PendingCall::State>(line_->world);
  if (!encoded) {
    call->answer.emplace(tl::unexpect, std::move(encoded.error()));
    return PendingCall(std::move(call));
  }
  line_->pending.push_back(call);
  // Within the loop's turn, as every other use of a channel.
  static_cast<void>(line_->loop.post([line = std::weak_ptr(line_), bytes = *std::move(encoded)] {
    if (const auto there = line.lock()) there->channel.submit(bytes);
  }));
  return PendingCall(std::move(call));
}

}  // namespace appd::test
