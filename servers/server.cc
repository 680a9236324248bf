#include "servers/server.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "reactor/resolver.h"
#include "servers/start_error.h"
#include "servers/thread_limits.h"
#include "servers/usable_cpus.h"

namespace appd::servers {

using protocol::Address;
using protocol::TransportKind;
using reactor::Endpoint;

namespace {

bool lacks_ipv6(const reactor::Error& error) {
  return error.code == std::errc::address_family_not_supported ||
         error.code == std::errc::address_not_available;
}

bool any_waits(const handlers::Registry& registry) {
  return std::ranges::any_of(registry.actions(),
                             [](const auto& named) { return named.second.waits(); });
}

}  // namespace

Server::Server(const Limits& limits, std::size_t threads, Log& log,
               std::shared_ptr<const handlers::Registry> registry,
               const reactor::BackendFactory& backend, OutgoingCallsFactory make_outgoing,
               JobRunner* pool)
    : shared_(limits, log),
      undrained_workers_(threads),
      wants_pool_(pool == nullptr && any_waits(*registry)) {
  if (pool == nullptr) {
    const std::size_t pool_threads = limits.pool_threads > 0 ? limits.pool_threads : usable_cpus();
    pool_ = std::make_unique<WorkerPool>(pool_threads, limits.pool_queue);
    pool = pool_.get();
  }
  shared_.pool = pool;
  shared_.make_outgoing = std::move(make_outgoing);
  for (std::size_t i = 0; i < threads; ++i) {
    auto made = backend();
    if (!made) throw StartError("cannot make an event loop: " + made.error().message);
    workers_.push_back(
        std::make_unique<Worker>(shared_, Worker::Place{i, threads}, std::move(*made), registry));
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
    shared_.log.write(Level::kWarn, "handlers still block; not waiting for them",
                      {{"handlers", left}});
  }
}

std::vector<Address> Server::listen(const Address& address) {
  std::vector<Address> bound;
  for (const Endpoint& endpoint : endpoints_of(address)) {
    bound.push_back(listen_on(address, endpoint));
  }
  return bound;
}

std::vector<Endpoint> Server::endpoints_of(const Address& address) {
  if (address.transport == TransportKind::kUnix) {
    auto endpoint = Endpoint::unix_path(address.path);
    if (!endpoint) throw StartError("listen on " + address.path + ": " + endpoint.error().message);
    return {*endpoint};
  }
  if (address.host.empty()) return {Endpoint::any_ipv6(address.port)};
  const auto resolved =
      reactor::resolve(address.host, std::to_string(address.port), {.passive = true});
  if (!resolved)
    throw StartError("listen on " + address.to_string() + ": " + resolved.error().message);
  std::vector<Endpoint> endpoints;
  for (const auto& one : *resolved) endpoints.push_back(one.endpoint);
  return endpoints;
}

Address Server::listen_on(const Address& address, const Endpoint& wanted) {
  const bool shared_port = address.transport == TransportKind::kTcp && workers_.size() > 1;
  reactor::Network& network = main_loop().network();
  reactor::ListenOptions options{.reuse_port = shared_port, .dual_stack = address.host.empty()};
  auto first = network.listen(wanted, options);
  if (!first && wanted == Endpoint::any_ipv6(address.port) && lacks_ipv6(first.error())) {
    first = network.listen(Endpoint::any_ipv4(address.port), options);
  }
  if (!first) throw StartError(first.error().message);

  const Endpoint endpoint = (*first)->local_endpoint();
  if (shared_port) {
    options.joins_group = true;
    for (std::size_t i = 1; i < workers_.size(); ++i) {
      auto next = network.listen(endpoint, options);
      if (!next) throw StartError(next.error().message);
      workers_[i]->listen(address.protocol, std::move(*next));
    }
    workers_.front()->listen(address.protocol, std::move(*first));
  } else {
    workers_[next_unix_worker_++ % workers_.size()]->listen(address.protocol, std::move(*first));
  }
  Address bound = address;
  if (address.transport == TransportKind::kTcp) {
    bound.host = endpoint.host();
    bound.port = endpoint.port();
  }
  return bound;
}

void Server::start() {
  if (serve_) return;
  std::string what;
  try {
    start_threads(what);
  } catch (const std::system_error&) {
    const StartError error = thread_start_error(what);  // while the others are still there
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
  if (wants_pool_) pool_->start();
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
