#include "appd/servers/server.h"

#include <algorithm>
#include <array>
#include <climits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "appd/machine/thread_limits.h"
#include "appd/machine/usable_cpus.h"
#include "appd/options/start_error.h"

namespace appd::servers {

using protocol::Address;
using protocol::TransportKind;
using reactor::Endpoint;

namespace {

// For port 0 and a name of several addresses: a port that is free on one of them may be taken on
// another.
constexpr int kPortChoices = 16;

bool is_in_use(const std::optional<reactor::Error>& error) {
  return error && error->code == std::errc::address_in_use;
}

// Whether one address of a name may fail so and the others still be served: the machine does not
// have it. Not where somebody else has it, nor where we run out of something.
bool is_left_out(const reactor::Error& error) {
  static constexpr std::array kFatal = {
      std::errc::address_in_use,
      std::errc::too_many_files_open,
      std::errc::too_many_files_open_in_system,
      std::errc::no_buffer_space,
      std::errc::not_enough_memory,
  };
  return std::none_of(kFatal.begin(), kFatal.end(),
                      [&error](std::errc fatal) { return error.code == fatal; });
}

std::string joined(const std::vector<reactor::Error>& errors) {
  std::string text;
  for (const reactor::Error& error : errors) text += (text.empty() ? "" : "; ") + error.message;
  return text;
}

// As a client may write it: every interface stays so, whatever the system calls it.
Address bound_address(const Address& asked, const Endpoint& endpoint) {
  Address bound = asked;
  if (asked.transport == TransportKind::kUnix) return bound;
  bound.port = endpoint.port();
  if (!(endpoint == Endpoint::any_ipv6(endpoint.port()) && asked.host.empty())) {
    bound.host = endpoint.host();
  }
  return bound;
}

}  // namespace

Server::Server(const Limits& limits, std::size_t threads, logging::Log& log,
               std::shared_ptr<const handlers::Registry> registry, ServerParts parts)
    : shared_(limits, log), undrained_workers_(threads) {
  if (parts.protocols != nullptr) shared_.protocols = std::move(parts.protocols);
  if (parts.pool == nullptr) {
    const std::size_t pool_threads =
        limits.pool_threads > 0 ? limits.pool_threads : machine::usable_cpus();
    pool_ = std::make_unique<WorkerPool>(pool_threads, limits.pool_queue);
    parts.pool = pool_.get();
  }
  shared_.pool = parts.pool;
  shared_.make_outgoing = std::move(parts.make_outgoing);
  for (std::size_t i = 0; i < threads; ++i) {
    auto made = parts.backend();
    if (!made) throw options::StartError("cannot make an event loop: " + made.error().message);
    workers_.push_back(std::make_unique<Worker>(
        shared_, Worker::Ordinal{.index = i, .count = threads}, std::move(*made), registry));
  }
  shared_.on_connection_freed = [this] {
    on_each_worker([](Worker& worker) { worker.resume_accepting(); });
  };
  shared_.on_drained = [this](Worker& worker) { on_worker_drained(worker); };
}

Server::~Server() {
  end_threads();
  const std::size_t left = pool_ ? pool_->stop(WorkerPool::kStopWait) : 0;
  if (left > 0) {
    shared_.log.write(logging::Level::kWarn, "handlers still block; not waiting for them",
                      {{"handlers", left}});
  }
}

// Sockets of one endpoint: one for each worker, or one for all.
struct Server::Bound {
  Endpoint endpoint;  // with its real port
  std::vector<std::unique_ptr<reactor::ListeningSocket>> sockets;
};

// What came of the endpoints of an address.
struct Server::Listening {
  std::vector<Bound> bound;
  std::vector<reactor::Error> left_out;  // those that this machine cannot serve
  std::optional<reactor::Error> error;   // none can be served
};

std::vector<Address> Server::listen(const Address& address, unsigned socket_mode) {
  if (shared_.protocols->find(address.protocol.name) == nullptr) {
    throw options::StartError(
        address.to_string() + ": " +
        protocol::unknown_protocol(address.protocol.name, shared_.protocols->names()));
  }
  const reactor::ListenOptions options{
      .backlog = static_cast<int>(std::min<std::size_t>(shared_.limits.backlog, INT_MAX)),
      .reuse_port = address.transport == TransportKind::kTcp && workers_.size() > 1,
      .dual_stack = address.host.empty(),
      .mode = socket_mode};
  const std::vector<Endpoint> endpoints = endpoints_of(address);
  Listening listening = bind_all(endpoints, options);
  const int tries = address.port == 0 && endpoints.size() > 1 ? kPortChoices : 1;
  for (int i = 1; i < tries && is_in_use(listening.error); ++i) {
    listening = bind_all(endpoints, options);
  }
  if (listening.error) throw options::StartError(listening.error->message);
  if (listening.bound.empty()) {
    const bool one = endpoints.size() == 1;
    throw options::StartError((one ? "" : address.to_string() + ": ") + joined(listening.left_out));
  }
  for (const reactor::Error& error : listening.left_out) {
    shared_.log.write(logging::Level::kWarn, "an address is left out",
                      {{"listen", address.to_string()}, {"reason", error.message}});
  }
  std::vector<Address> served;
  for (Bound& bound : listening.bound) {
    served.push_back(bound_address(address, bound.endpoint));
    serve(address.protocol.name, std::move(bound));
  }
  return served;
}

std::vector<Endpoint> Server::endpoints_of(const Address& address) {
  if (address.transport == TransportKind::kUnix) {
    auto endpoint = Endpoint::unix_path(address.path);
    if (!endpoint)
      throw options::StartError("listen on " + address.path + ": " + endpoint.error().message);
    return {*endpoint};
  }
  if (address.host.empty()) return {Endpoint::any_ipv6(address.port)};
  const auto number = Endpoint::ip(address.host, address.port);
  if (number) return {number->unmapped()};
  auto found = main_loop().network().look_up(address.host, address.port);
  if (!found)
    throw options::StartError("listen on " + address.to_string() + ": " + found.error().message);
  return *std::move(found);
}

reactor::Result<Server::Bound> Server::bind(const Endpoint& endpoint,
                                            reactor::ListenOptions options) {
  reactor::Network& network = main_loop().network();
  Bound bound;
  auto socket = network.listen(endpoint, options);
  if (!socket) return tl::unexpected(std::move(socket.error()));
  bound.endpoint = (*socket)->local_endpoint();
  bound.sockets.push_back(std::move(*socket));
  options.joins_group = true;
  while (options.reuse_port && bound.sockets.size() < workers_.size()) {
    auto next = network.listen(bound.endpoint, options);
    if (!next) return tl::unexpected(std::move(next.error()));
    bound.sockets.push_back(std::move(*next));
  }
  return bound;
}

void Server::use(ProgramFunctions functions) {
  for (auto& what : functions.periodic) workers_.front()->call_every(std::move(what));
  functions.periodic.clear();
  shared_.functions = std::move(functions);
}

void Server::log_access() {
  for (const auto& worker : workers_) worker->log_access();
}

// The port that the system chooses for the first is the port of all.
Server::Listening Server::bind_all(const std::vector<Endpoint>& endpoints,
                                   const reactor::ListenOptions& options) {
  Listening listening;
  for (Endpoint endpoint : endpoints) {
    if (endpoint.port() == 0 && !listening.bound.empty()) {
      endpoint.set_port(listening.bound.front().endpoint.port());
    }
    auto bound = bind(endpoint, options);
    // Every interface: where there is no IPv6, IPv4's are all that there are.
    const bool every = options.dual_stack && endpoint == Endpoint::any_ipv6(endpoint.port());
    if (!bound && every && is_left_out(bound.error())) {
      bound = bind(Endpoint::any_ipv4(endpoint.port()), options);
    }
    if (bound) {
      listening.bound.push_back(std::move(*bound));
    } else if (is_left_out(bound.error())) {
      listening.left_out.push_back(std::move(bound.error()));
    } else {
      return {.bound = {}, .left_out = {}, .error = std::move(bound.error())};
    }
  }
  return listening;
}

void Server::serve(std::string_view protocol, Bound bound) {
  if (bound.sockets.size() == 1) {
    workers_[next_worker_++ % workers_.size()]->listen(protocol, std::move(bound.sockets.front()));
    return;
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->listen(protocol, std::move(bound.sockets[i]));
  }
}

void Server::start() {
  if (serve_) return;
  std::string what;
  try {
    start_threads(what);
  } catch (const std::system_error&) {
    const options::StartError error =
        machine::thread_start_error(what);  // while the others are still there
    end_threads();
    if (pool_) pool_->stop(WorkerPool::kStopWait);
    throw error;
  }
}

void Server::start_threads(std::string& what) {
  const std::shared_future<bool> told(serve_.emplace().get_future());
  what = "the watchdog";
  if (shared_.limits.blocked_loop_warning > reactor::Duration::zero()) watch_loops();
  for (std::size_t i = 1; i < workers_.size(); ++i) {
    what = "loop " + std::to_string(i + 1) + " of " + std::to_string(workers_.size());
    threads_.emplace_back([told, worker = workers_[i].get()] {
      if (told.get()) worker->loop().run();
    });
  }
  what = "the worker pool";
  if (pool_) pool_->start();
}

// Those that serve have ended, or are about to.
void Server::end_threads() {
  if (serve_) serve_->set_value(false);
  serve_.reset();
  join_loops();
  watchdog_.reset();
}

void Server::join_loops() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Server::run() {
  start();
  serve_->set_value(true);
  serve_.reset();
  main_loop().run();
  join_loops();
}

void Server::watch_loops() {
  watchdog_ = std::make_unique<LoopWatchdog>(shared_.limits.blocked_loop_warning,
                                             *shared_.registry_mutex, shared_.log);
  for (const auto& worker : workers_) watchdog_->watch(worker->running());
  watchdog_->start();
}

// The main loop goes on until all are drained: it still has signals to hear.
void Server::on_worker_drained(Worker& worker) {
  if (&worker != workers_.front().get()) worker.loop().stop();
  if (undrained_workers_.fetch_sub(1) == 1) main_loop().stop();
}

// A worker's queue can only be full when its loop stands still; then a second call finds room.
void Server::on_each_worker(const std::function<void(Worker&)>& call) {
  for (auto& worker : workers_) {
    (void)worker->loop().post([call, target = worker.get()] { call(*target); });
  }
}

void Server::drain() {
  on_each_worker([](Worker& worker) { worker.drain(); });
}

void Server::stop() {
  on_each_worker([](Worker& worker) { worker.stop(); });
}

void Server::set_registry(std::shared_ptr<const handlers::Registry> registry) {
  on_each_worker([registry](Worker& worker) { worker.set_registry(registry); });
}

DrainReport Server::drain_report() const {
  DrainReport report;
  for (const auto& worker : workers_) report.add(worker->drain_report());
  return report;
}

std::uint64_t Server::count(Counter counter) const {
  std::uint64_t total = 0;
  for (const auto& worker : workers_) total += worker->metrics().get(counter);
  return total;
}

}  // namespace appd::servers
