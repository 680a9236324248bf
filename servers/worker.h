// One loop of a server, with its listeners and its sessions. Several workers share nothing on the
// usual path but the limits of the whole server.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appd/handlers/dispatch.h"
#include "appd/handlers/registry.h"
#include "appd/reactor/event_loop.h"
#include "appd/reactor/listener.h"
#include "appd/servers/connection_limits.h"
#include "appd/servers/outgoing_calls.h"
#include "appd/servers/program_calls.h"
#include "appd/servers/served_protocols.h"
#include "appd/servers/sessions/session.h"

namespace appd::servers {

class Worker;

// What the workers of a server share. Outlives them.
struct ServerShared {
  ServerShared(const Limits& the_limits, logging::Log& the_log);

  const Limits limits;
  logging::Log& log;
  const protocol::DecodeLimits decode_limits;
  // Shared with jobs that may outlive the server.
  const std::shared_ptr<reactor::BufferBudget> budget_owner;
  reactor::BufferBudget& budget;
  const reactor::ConnectionOptions connection_options;
  ConnectionLimit connections;
  PeerLimit peers;
  CallLimit calls;
  // What is spoken. Never null; set before the workers are made.
  std::shared_ptr<const ServedProtocols> protocols = built_in_protocols();
  // Where handlers that block run; null: nowhere. Set before the workers are made.
  reactor::JobRunner* pool = nullptr;
  // The worker's calls to other servers, made with its loop; absent: such calls fail.
  OutgoingCallsFactory make_outgoing;
  ProgramFunctions functions;  // set before a loop runs
  // Held by who destroys a registry, or reads in another thread what a loop runs. Shared with jobs
  // that may outlive the server.
  const std::shared_ptr<std::mutex> registry_mutex = std::make_shared<std::mutex>();
  // Called by any worker when a connection ended and another may have been refused before.
  std::function<void()> on_connection_freed;
  // Called once by each worker when it is drained; absent: the worker stops its loop.
  std::function<void(Worker& worker)> on_drained;
};

class Worker final : private SessionOwner {
 public:
  // Which of how many workers; from 0.
  struct Ordinal {
    std::size_t index = 0;
    std::size_t count = 1;
  };

  Worker(ServerShared& shared, Ordinal ordinal, reactor::Backend backend,
         std::shared_ptr<const handlers::Registry> registry);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // `protocol`: the name of one of ServerShared::protocols. Before run(), or on the loop's thread.
  void listen(std::string_view protocol, std::unique_ptr<reactor::ListeningSocket> socket);

  // On the loop's thread (post()):
  // Takes what waits in the backlog, closes the listeners, answers what has arrived, and is drained
  // when the last session has ended, at the drain time-out at the latest.
  void drain();
  // Ends all sessions at once.
  void stop();
  void resume_accepting();
  // Before run(): a line in the log for each answer of `app`.
  void log_access() { context_.log.each_answer = true; }
  // Before run(), or on the loop's thread.
  void call_every(ProgramFunctions::Periodic what);
  // From the next request on.
  void set_registry(std::shared_ptr<const handlers::Registry> registry);

  [[nodiscard]] reactor::EventLoop& loop() { return loop_; }
  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  // Which action the loop is in. Any thread.
  [[nodiscard]] const handlers::RunningCall& running() { return dispatcher_.running(); }
  // Once drained.
  [[nodiscard]] const DrainReport& drain_report() const { return context_.drain.report; }
  [[nodiscard]] std::size_t session_count() const { return session_count_; }

 private:
  // A listening socket and what is spoken on it.
  class Door final : public reactor::ListenerDelegate {
   public:
    Door(Worker& worker, const ServedProtocol& protocol,
         std::unique_ptr<reactor::ListeningSocket> socket);
    reactor::Listener& listener() { return listener_; }

   private:
    bool may_accept() override;
    void on_not_accepted() override;
    void on_accept(reactor::AnyTransport transport) override;
    void on_accept_exhausted(std::error_code error) override;

    Worker& worker_;
    const ServedProtocol& protocol_;
    reactor::Listener listener_;
  };

  // The same registry, destroyed under registry_mutex.
  [[nodiscard]] std::shared_ptr<const handlers::Registry> guarded(
      std::shared_ptr<const handlers::Registry> registry) const;
  // Counts in shared_.connections, until the session is closed.
  [[nodiscard]] bool may_accept();
  void connection_freed();
  void accept(const ServedProtocol& protocol, reactor::AnyTransport transport);
  [[nodiscard]] Session& seat(const ServedProtocol& protocol, reactor::AnyTransport transport);
  void admit(Session& session, const std::optional<handlers::Peer>& peer);
  [[nodiscard]] bool may_come(Session& session, const std::string& peer);
  void accept_exhausted(std::error_code error);
  void on_session_closed(Session& session, std::error_code reason) override;
  void free_seat(Seat seat) noexcept override;
  std::string_view protocol_of(Seat seat) const override;
  void on_drain_deadline();
  void finish_if_drained();
  template <class Action>
  void for_each_session(Action action);

  ServerShared& shared_;
  std::deque<reactor::Slab> seats_;  // one a protocol; outlive the loop, which destroys sessions
  reactor::EventLoop loop_;
  Metrics metrics_;
  protocol::DecodeContext decode_;
  std::shared_ptr<const handlers::Registry> registry_;
  handlers::Dispatcher dispatcher_;
  CallEnvironment calls_;
  logging::LimitedLines limited_lines_;
  SessionContext context_;
  std::vector<std::unique_ptr<Door>> doors_;
  ConnectionEvents events_;
  std::vector<std::unique_ptr<PeriodicCall>> periodic_calls_;
  std::map<Seat, std::string> counted_peers_;  // of shared_.peers, where that is enabled
  std::size_t session_count_ = 0;              // those that are retired are not in it
  reactor::Timer drain_timer_;
  bool drained_ = false;
  bool saying_farewell_ = false;  // the drain time-out has come
};

}  // namespace appd::servers
