#include "appd/reactor/sim/host.h"

#include <algorithm>
#include <cerrno>

#include "appd/reactor/sim/wire.h"

namespace appd::reactor::sim {
namespace {

constexpr Descriptor kFirstDescriptor = 3;
// A connect that finds the backlog full knocks again, as often as Linux sends a SYN (tcp(7)).
constexpr auto kKnockAgain = std::chrono::seconds(1);
constexpr int kKnocks = 60;
constexpr std::uint64_t kAcceptDelayMax = 300'000;
// How long a process stays without descriptors, in milliseconds.
constexpr std::uint64_t kExhaustedMax = 700;
// Looks at a listener that just said "exhausted": so many in so short a time are spinning.
constexpr auto kMoment = std::chrono::milliseconds(20);
constexpr int kRefusalsAMoment = 8;

// The simulated system's own limit.
constexpr int kMaxBacklog = 1024;

std::error_code host_error(int error) { return {error, std::system_category()}; }

}  // namespace

Descriptor Host::open(Source& source) {
  if (full()) return kNoDescriptor;
  std::size_t index = 0;
  while (index < opened_.size() && opened_[index].source != nullptr) ++index;
  if (index == opened_.size()) opened_.emplace_back();
  opened_[index] = {&source, 0};
  source.serial = world_.next_serial();
  ++open_;
  return kFirstDescriptor + static_cast<Descriptor>(index);
}

void Host::close(Descriptor fd) {
  Opened& opened = opened_[static_cast<std::size_t>(fd - kFirstDescriptor)];
  if (opened.watches > 0) world_.violate("a descriptor was closed while a poller watched it");
  opened = {};
  --open_;
}

const Source* Host::find(Descriptor fd) const {
  const auto index = static_cast<std::size_t>(fd - kFirstDescriptor);
  return fd < kFirstDescriptor || index >= opened_.size() ? nullptr : opened_[index].source;
}

void Host::watched(Descriptor fd, int change) {
  opened_[static_cast<std::size_t>(fd - kFirstDescriptor)].watches += change;
}

Result<std::unique_ptr<ListeningSocket>> Host::listen(const Endpoint& endpoint,
                                                      const ListenOptions& options) {
  Endpoint bound = endpoint;
  if (bound.family() != AF_UNIX && bound.port() == 0) bound.set_port(take_port());
  const auto taken = std::any_of(
      world_.listeners().begin(), world_.listeners().end(), [&](const SimListener* other) {
        return other->local_endpoint() == bound &&
               !(other->options().reuse_port && options.reuse_port && options.joins_group);
      });
  if (taken) return system_failure(EADDRINUSE, "listen on " + bound.to_string());
  if (full()) return system_failure(EMFILE, "listen on " + bound.to_string());
  return std::make_unique<SimListener>(*this, bound, options);
}

std::uint16_t Host::take_port() {
  const std::uint16_t port = next_port_++;
  if (next_port_ == 0) next_port_ = kFirstPort;
  return port;
}

Endpoint Host::client_address(const Endpoint& server) {
  if (server.family() == AF_UNIX) {
    const sockaddr nameless{.sa_family = AF_UNIX, .sa_data = {}};
    return {&nameless, sizeof nameless.sa_family};
  }
  const std::uint16_t port = take_port();
  if (server.family() == AF_INET6) return Endpoint::ip("::1", port).value();
  return Endpoint::ip(options_.address, port).value();
}

Result<AnyTransport> Host::connect(const Endpoint& endpoint) {
  const auto nobody = std::none_of(world_.listeners().begin(), world_.listeners().end(),
                                   [&](const SimListener* one) { return one->takes(endpoint); });
  if (nobody && endpoint.family() == AF_UNIX) {
    return system_failure(ENOENT, "connect to " + endpoint.to_string());
  }
  if (full()) return system_failure(EMFILE, "connect to " + endpoint.to_string());
  auto wire = std::make_shared<Wire>(world_, world_.next_serial(), options_.buffer_bytes);
  wire->end(Wire::kClient).host = this;
  wire->end(Wire::kClient).address = client_address(endpoint);
  wire->end(Wire::kServer).address = endpoint;
  auto transport = std::make_unique<SimTransport>(wire, Wire::kClient);
  count_progress();
  world_.note("connect", wire->serial());
  world_.after(world_.random_time(world_.ways.shortest, world_.ways.longest / 2),
               [this, wire, endpoint] { knock(wire, endpoint, 0); });
  return AnyTransport(std::move(transport));
}

Result<std::vector<Endpoint>> Host::look_up(const std::string& host, std::uint16_t port) {
  const std::string* address = world_.find_host(host);
  if (address == nullptr) {
    return fail(std::make_error_code(std::errc::host_unreachable),
                "resolve " + host + ": nobody is called so");
  }
  return std::vector{Endpoint::ip(*address, port).value()};
}

void Host::knock(const std::shared_ptr<Wire>& wire, const Endpoint& endpoint, int attempt) {
  if (wire->end(Wire::kClient).closed) return;
  if (world_.random().chance(world_.faults.connect_refused)) {
    wire->mark_struck();
    wire->refuse(host_error(ECONNREFUSED));
    return;
  }
  std::vector<SimListener*> open;
  for (SimListener* listener : world_.listeners()) {
    if (listener->takes(endpoint)) open.push_back(listener);
  }
  if (open.empty()) {
    world_.note("refused", wire->serial());
    wire->refuse(host_error(ECONNREFUSED));
    return;
  }
  SimListener& chosen = *open[open.size() == 1 ? 0 : world_.random().below(open.size())];
  if (chosen.enqueue(wire)) return;
  if (attempt == kKnocks) {
    wire->refuse(host_error(ETIMEDOUT));
    return;
  }
  world_.after(kKnockAgain,
               [this, wire, endpoint, attempt] { knock(wire, endpoint, attempt + 1); });
}

// SimListener ------------------------------------------------------------------------------------

SimListener::SimListener(Host& host, Endpoint endpoint, const ListenOptions& options)
    : host_(host), endpoint_(endpoint), options_(options), fd_(host.open(*this)) {
  host.world().listeners().push_back(this);
}

SimListener::~SimListener() {
  std::erase(host_.world().listeners(), this);
  for (const auto& wire : backlog_) {
    wire->mark_struck();
    wire->strike();
  }
  host_.close(fd_);
}

bool SimListener::takes(const Endpoint& endpoint) const {
  if (endpoint == endpoint_) return true;
  if (endpoint.family() == AF_UNIX || endpoint.port() != endpoint_.port()) return false;
  if (endpoint_ == Endpoint::any_ipv4(endpoint_.port())) return endpoint.family() == AF_INET;
  if (!(endpoint_ == Endpoint::any_ipv6(endpoint_.port()))) return false;
  return endpoint.family() == AF_INET6 || options_.dual_stack;
}

bool SimListener::enqueue(const std::shared_ptr<Wire>& wire) {
  const auto most = static_cast<std::size_t>(std::clamp(options_.backlog, 1, kMaxBacklog));
  if (backlog_.size() >= most) return false;
  World& world = host_.world();
  wire->end(Wire::kServer).host = &host_;
  wire->end(Wire::kServer).last_arrival = world.now();
  // The client's end is established; a delayed listener sees it later.
  wire->establish();
  world.note("established", wire->serial());
  if (!world.random().chance(world.faults.delayed_accept)) {
    backlog_.push_back(wire);
    return true;
  }
  const Duration delay = std::chrono::microseconds(world.random().below(kAcceptDelayMax));
  wire->end(Wire::kServer).last_arrival = world.now() + delay;
  world.after(delay, [&world, this, wire] {
    const auto& open = world.listeners();
    if (std::find(open.begin(), open.end(), this) != open.end()) {
      backlog_.push_back(wire);
    } else {
      wire->strike();  // the listener has gone meanwhile
    }
  });
  return true;
}

AcceptResult SimListener::exhausted(int error) {
  World& world = host_.world();
  const bool again = world.now() - last_refusal_ < kMoment;
  refusals_ = again ? refusals_ + 1 : 0;
  last_refusal_ = world.now();
  if (refusals_ > kRefusalsAMoment) world.violate("a listener spins without descriptors");
  world.note("exhausted", static_cast<std::uint64_t>(error));
  return {AcceptOutcome::kExhausted, nullptr, host_error(error)};
}

AcceptResult SimListener::accept() {
  World& world = host_.world();
  Random& random = world.random();
  if (backlog_.empty() || random.chance(world.faults.would_block)) return {};
  if (random.chance(world.faults.descriptors_exhausted)) {
    exhausted_until_ = world.now() + std::chrono::milliseconds(random.below(kExhaustedMax));
  }
  if (world.now() < exhausted_until_) return exhausted(EMFILE);
  if (random.chance(world.faults.no_buffers)) return exhausted(ENOBUFS);
  const std::shared_ptr<Wire> wire = backlog_.front();
  if (random.chance(world.faults.accept_aborted)) {
    backlog_.pop_front();
    wire->strike();
    return {AcceptOutcome::kRetry, nullptr, host_error(ECONNABORTED)};
  }
  if (host_.full()) return exhausted(EMFILE);
  backlog_.pop_front();
  host_.count_progress();
  wire->accepted_at = world.now();
  world.accepted().push_back(wire);
  world.note("accept", wire->serial());
  auto transport = std::make_unique<SimTransport>(wire, Wire::kServer);
  if (random.chance(world.faults.allocation_refused)) {
    wire->mark_struck();
    world.serve(wire);
    world.refuse_allocation();
  }
  return {AcceptOutcome::kAccepted, std::move(transport), {}};
}

}  // namespace appd::reactor::sim
