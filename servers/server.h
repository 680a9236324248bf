// A server: workers, a thread each, and the addresses they serve.
//
// Built, told to listen, started and destroyed by one thread; run() blocks that thread. What may be
// called from others says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "appd/handlers/registry.h"
#include "appd/logging/log.h"
#include "appd/protocol/address.h"
#include "appd/reactor/backend.h"
#include "appd/servers/limits.h"
#include "appd/servers/loop_watchdog.h"
#include "appd/servers/metrics.h"
#include "appd/servers/worker.h"
#include "appd/servers/worker_pool.h"

namespace appd::servers {

// What a server may be given to work with.
struct ServerParts {
  reactor::BackendFactory backend = reactor::system_backend;  // poller, network and clock of a loop
  // What is spoken; null: the built-in protocols.
  std::shared_ptr<const ServedProtocols> protocols = {};
  OutgoingCallsFactory make_outgoing =
      {};  // for handlers that call other servers; absent: none can
  reactor::JobRunner* pool =
      nullptr;  // for handlers that block; outlives it. Null: threads of its own
};

class Server {
 public:
  // `limits.max_connections` is a number here, not 0. `log` outlives the server.
  // Throws StartError: a loop cannot be made (no descriptors left).
  Server(const Limits& limits, std::size_t threads, logging::Log& log,
         std::shared_ptr<const handlers::Registry> registry, ServerParts parts = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens on every endpoint that `address` resolves to; TCP on each worker (SO_REUSEPORT), a Unix
  // socket on one. Returns the real addresses, the port included that the system chose for 0.
  // A name may have addresses that this machine cannot serve (IPv6 that is switched off): they are
  // left out, with a warning in the log, as long as another one works. All of a name get the same
  // port, also for port 0. `socket_mode`: the permissions of a Unix socket.
  // Throws StartError, one clear line, where no address works, or one is in use; then none is
  // listened on.
  std::vector<protocol::Address> listen(const protocol::Address& address,
                                        unsigned socket_mode = reactor::ListenOptions().mode);

  // Before start(): what the program does beside answering requests.
  void use(ProgramFunctions functions);
  // Before run(): a line in the log for each answer of `app`, level info.
  void log_access();
  // Makes every thread that serving takes: those of the loops, which wait for run(), the
  // watchdog's and its own pool's. Whoever announces the server starts it first. Throws StartError,
  // which names the limit: there can be no further thread; those that were made have ended then,
  // and the server can only be destroyed.
  void start();
  // Serves until drained or stopped; the first worker runs on the calling thread. Starts, unless
  // start() did, and then throws what start() throws.
  void run();

  // Any thread, any time after the constructor; later calls change nothing.
  // Stops accepting, answers what has arrived, and lets run() return.
  void drain();
  // Ends at once.
  void stop();
  // Actions for requests from now on.
  void set_registry(std::shared_ptr<const handlers::Registry> registry);
  // Over all workers, when run() has returned.
  [[nodiscard]] DrainReport drain_report() const;
  // Over all workers.
  [[nodiscard]] std::uint64_t count(Counter counter) const;
  // Memory that the buffers of all connections hold now: what --max-buffered limits. Any thread.
  [[nodiscard]] std::size_t buffered_bytes() const { return shared_.budget.used(); }

  // Of the first worker: for signals and timers of the program.
  [[nodiscard]] reactor::EventLoop& main_loop() { return workers_.front()->loop(); }
  [[nodiscard]] Worker& worker(std::size_t index) { return *workers_[index]; }

 private:
  struct Bound;
  struct Listening;
  [[nodiscard]] std::vector<reactor::Endpoint> endpoints_of(const protocol::Address& address);
  [[nodiscard]] reactor::Result<Bound> bind(const reactor::Endpoint& endpoint,
                                            reactor::ListenOptions options);
  [[nodiscard]] Listening bind_all(const std::vector<reactor::Endpoint>& endpoints,
                                   const reactor::ListenOptions& options);
  void serve(std::string_view protocol, Bound bound);
  void start_threads(std::string& what);
  void watch_loops();
  void join_loops();
  void end_threads();
  void on_worker_drained(Worker& worker);
  void on_each_worker(const std::function<void(Worker&)>& call);

  ServerShared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<WorkerPool> pool_;        // ends before the workers; null: another's
  std::unique_ptr<LoopWatchdog> watchdog_;  // likewise; null: nobody wants to know
  std::atomic<std::size_t> undrained_workers_;
  // Of all workers but the first. They wait until they are told whether to serve.
  std::vector<std::thread> threads_;
  std::optional<std::promise<bool>> serve_;
  std::size_t next_worker_ = 0;
};

}  // namespace appd::servers
