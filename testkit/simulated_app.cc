#include "appd/testkit/simulated_app.h"

#include <map>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "appd/clients/channel.h"
#include "appd/handlers/typed/json_value.h"
#include "appd/reactor/sim/poller.h"
#include "appd/servers/served_protocols.h"
#include "appd/testkit/simulated_server.h"

namespace appd::test {
namespace {

using clients::Reply;
using clients::Request;
using clients::Result;
using reactor::sim::Host;
using reactor::sim::LoopActor;
using reactor::sim::SimPoller;

constexpr const char* kServerHost = "10.0.0.1";
constexpr const char* kClientHost = "10.0.0.2";
constexpr std::uint16_t kPort = 7000;
constexpr std::uint64_t kReplyBytes = 64 * 1024 * 1024;
// Of one call: a world in which so much happens without an answer has run away.
constexpr int kMaxSteps = 1'000'000;
constexpr reactor::sim::PerMillion kMostly = 900'000;
constexpr reactor::sim::PerMillion kAlways = 1'000'000;

protocol::Address own_address() {
  protocol::Address address;
  address.host = kServerHost;
  address.port = kPort;
  return address;
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
  World(const daemon::App& app, const Setup& setup)
      : world(setup.seed),
        options(setup.options),
        client_host(world, {.address = kClientHost}),
        context(kReplyBytes),
        loop(reactor::Backend{make_poller(), &client_host, &world.clock()}) {
    serve(own_address(), app);
    client_actor.emplace(loop, *client_poller);
  }

  std::unique_ptr<SimPoller> make_poller() {
    auto made = std::make_unique<SimPoller>(client_host);
    client_poller = made.get();
    return made;
  }

  // A name gets a number of its own, once.
  protocol::Address numbered(std::string_view text) {
    auto address = protocol::parse_address(text, servers::built_in_protocols()->names());
    if (!address) throw std::invalid_argument(address.error().message);
    if (address->protocol != protocol::Protocol::kApp ||
        address->transport != protocol::TransportKind::kTcp || address->host.empty() ||
        address->port == 0) {
      throw std::invalid_argument(std::string(text) + " is not like app://backend:7000");
    }
    if (reactor::Endpoint::ip(address->host, address->port)) return *address;
    if (world.find_host(address->host) == nullptr) {
      world.name_host(address->host, "10.1.0." + std::to_string(++named_hosts));
    }
    address->host = *world.find_host(address->host);
    return *address;
  }

  void serve(const protocol::Address& address, const daemon::App& app) {
    const auto found = serving.find(address.to_string());
    if (found != serving.end()) {
      throw std::invalid_argument("an app is served at " + address.to_string() + " already");
    }
    auto& server =
        servers.emplace_back(std::make_unique<SimulatedServer>(world, address, app, options));
    server->pool().set_job_time(work_time);
    serving.emplace(address.to_string(), server.get());
  }

  void crash(const protocol::Address& address) {
    const auto found = serving.extract(address.to_string());
    if (found.empty()) throw std::invalid_argument("nobody serves at " + address.to_string());
    found.mapped()->crash();
  }

  // Within the loop's turn, as every other use of a channel.
  void submit(clients::SharedRequest request) {
    static_cast<void>(loop.post([this, request = std::move(request)] {
      if (!channel) {
        ChannelDelegate& delegate = *this;
        channel.emplace(loop, context, endpoints, clients::ChannelOptions{.server = "the app"},
                        delegate);
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
  const daemon::Options options;
  reactor::Duration work_time = std::chrono::milliseconds(1);
  int named_hosts = 0;
  std::vector<std::unique_ptr<SimulatedServer>> servers;  // those that crashed included
  std::map<std::string, SimulatedServer*> serving;        // by address
  Host client_host;
  SimPoller* client_poller = nullptr;  // its loop's
  clients::SessionContext context;
  reactor::EventLoop loop;
  std::optional<LoopActor> client_actor;
  const std::vector<reactor::Endpoint> endpoints{reactor::Endpoint::ip(kServerHost, kPort).value()};
  std::optional<Result<Reply>> answer;
  std::optional<clients::Channel> channel;
};

SimulatedApp::SimulatedApp(const daemon::App& app, const Setup& setup)
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

void SimulatedApp::serve(std::string_view address, const daemon::App& app) {
  world_->serve(world_->numbered(address), app);
}

void SimulatedApp::crash(std::string_view address) { world_->crash(world_->numbered(address)); }

void SimulatedApp::work_takes(reactor::Duration time) {
  world_->work_time = time;
  for (const auto& [address, server] : world_->serving) server->pool().set_job_time(time);
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
