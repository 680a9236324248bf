#include "testkit/simulated_app.h"

#include <optional>
#include <utility>
#include <vector>

#include "clients/channel.h"
#include "handlers/json_value.h"
#include "reactor/sim/poller.h"
#include "servers/server.h"

namespace appd::test {
namespace {

using clients::Reply;
using clients::Request;
using clients::Result;
using reactor::sim::Host;
using reactor::sim::LoopActor;
using reactor::sim::SimPoller;

constexpr const char* kServerAddress = "10.0.0.1";
constexpr const char* kClientAddress = "10.0.0.2";
constexpr std::uint16_t kPort = 7000;
constexpr std::size_t kConnections = 1000;
constexpr std::uint64_t kReplyBytes = 64 * 1024 * 1024;
// Of one call: a world in which so much happens without an answer has run away.
constexpr int kMaxSteps = 1'000'000;
constexpr reactor::sim::PerMillion kMostly = 900'000;
constexpr reactor::sim::PerMillion kAlways = 1'000'000;

servers::Limits limits_of(const servers::Options& options) {
  servers::Limits limits = options.limits;
  if (limits.max_connections == 0) limits.max_connections = kConnections;
  limits.pool_threads = 1;
  return limits;
}

// A pool has real threads: what blocks is called on the loop here.
std::shared_ptr<const handlers::Registry> without_pool(const handlers::Registry& registry) {
  auto copy = std::make_shared<handlers::Registry>();
  for (const auto& [name, original] : registry.actions()) {
    handlers::Action action = original;
    action.runs_in_pool = false;
    copy->add(std::move(action));
  }
  return copy;
}

std::string told(const Result<Reply>& reply) {
  if (!reply) return "no reply: " + reply.error().message;
  if (reply->is_error) {
    const auto text = reply->result_text();
    return reply->status.value_or("error") + ": " + (text ? *text : text.error().message);
  }
  return reply->is_json() ? reply->result : reply->content;
}

}  // namespace

struct SimulatedApp::World final : private clients::ChannelDelegate {
  World(const servers::App& app, const Setup& setup)
      : world(setup.seed),
        log({.level = servers::Level::kOff, .format = {}, .file = {}}),
        server_host(world, {.address = kServerAddress}),
        server(limits_of(setup.options), 1, log, without_pool(*app.registry(setup.options)),
               [this] { return backend(server_host, server_poller); }),
        client_host(world, {.address = kClientAddress}),
        context(kReplyBytes),
        loop(*backend(client_host, client_poller)) {
    protocol::Address address;
    address.host = kServerAddress;
    address.port = kPort;
    server.listen(address);
    server_actor.emplace(server.worker(0).loop(), *server_poller);
    client_actor.emplace(loop, *client_poller);
  }

  reactor::Result<reactor::Backend> backend(Host& host, SimPoller*& poller) {
    auto made = std::make_unique<SimPoller>(host);
    poller = made.get();
    return reactor::Backend{std::move(made), &host, &world.clock()};
  }

  // Within the loop's turn, as every other use of a channel.
  void submit(clients::SharedRequest request) {
    static_cast<void>(loop.post([this, request = std::move(request)] {
      if (!channel) {
        ChannelDelegate& delegate = *this;
        channel.emplace(loop, context, endpoints, clients::ChannelOptions{}, delegate);
      }
      channel->submit(request);
    }));
  }

  Result<Reply> wait() {
    for (int step = 0; !answer && step < kMaxSteps; ++step) {
      if (!world.step()) break;
    }
    if (answer) return *std::exchange(answer, std::nullopt);
    return tl::unexpected(clients::Error{make_error_code(clients::ClientError::kTimeout),
                                         "nothing happens any more, and there is no answer"});
  }

  void on_reply(Reply reply) override { answer.emplace(std::move(reply)); }
  void on_failed(clients::Error error) override { answer.emplace(tl::unexpect, std::move(error)); }

  reactor::sim::World world;
  servers::Log log;
  Host server_host;
  SimPoller* server_poller = nullptr;  // its loop's
  servers::Server server;
  std::optional<LoopActor> server_actor;
  Host client_host;
  SimPoller* client_poller = nullptr;  // its loop's
  clients::SessionContext context;
  reactor::EventLoop loop;
  std::optional<LoopActor> client_actor;
  const std::vector<reactor::Endpoint> endpoints{
      reactor::Endpoint::ip(kServerAddress, kPort).value()};
  std::optional<Result<Reply>> answer;
  std::optional<clients::Channel> channel;
};

SimulatedApp::SimulatedApp(const servers::App& app, const Setup& setup)
    : world_(std::make_unique<World>(app, setup)) {}
SimulatedApp::~SimulatedApp() = default;

std::string SimulatedApp::call(std::string_view action, std::string_view value) {
  handlers::JsonObject content;
  content.add("action", action);
  if (!value.empty()) content.add_json("value", value);
  Request request;
  request.content = std::string(content.take().text());
  request.keep_alive = true;
  return told(send(std::move(request)));
}

std::string SimulatedApp::call_binary(std::string_view action, std::string_view payload) {
  Request request;
  request.content_type = protocol::kClientBinaryType;
  request.content_encoding = protocol::kBinaryEncoding;
  request.content = payload;
  request.action = action;
  request.keep_alive = true;
  return told(send(std::move(request)));
}

Result<Reply> SimulatedApp::send(Request request) {
  auto encoded = clients::encode_request(request, protocol::Protocol::kApp);
  if (!encoded) return tl::unexpected(std::move(encoded.error()));
  world_->submit(*std::move(encoded));
  return world_->wait();
}

void SimulatedApp::split() {
  world_->world.faults.short_read = kMostly;
  world_->world.faults.short_write = kMostly;
}

void SimulatedApp::delay() { world_->world.faults.delayed_delivery = kAlways; }
void SimulatedApp::reset() { world_->world.faults.reset = kAlways; }
void SimulatedApp::calm() { world_->world.faults = {}; }

void SimulatedApp::jump(reactor::Duration duration) {
  bool there = false;
  world_->world.after(duration, [&there] { there = true; });
  while (!there && world_->world.step()) {
  }
}

reactor::TimePoint SimulatedApp::now() const { return world_->world.now(); }
std::uint64_t SimulatedApp::hash() const { return world_->world.trace().hash(); }

}  // namespace appd::test
