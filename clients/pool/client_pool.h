// Calls of one server from any number of threads, over a few connections that they share. The pool
// has a thread of its own, on which its loop turns and callbacks run.
//
// Requests of one connection are answered in their order. A call that was not carried out is tried
// again (pooled_call.h), a connection that broke or was closed is replaced, one that nobody uses is
// closed; a call's deadline travels with it. The typed calls of <appd/client_pool.h> are made of
// these.
//
// Any thread, but the constructor and the destructor. A process that forks makes its pools behind
// that: threads do not survive it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appd/clients/reply.h"
#include "appd/clients/request.h"
#include "appd/protocol/status.h"
#include "appd/reactor/backend.h"

namespace appd::clients {

// CallLimits (call_limits.h) says what each limit is about.
struct PoolOptions {
  std::size_t connections = 4;  // at most; then calls are pipelined
  std::size_t pipeline_depth = 64;
  std::size_t max_calls = 65'536;
  std::uint64_t max_reply_bytes = 64 * 1024 * 1024;
  reactor::Duration connect_timeout = std::chrono::seconds(5);
  reactor::Duration call_timeout = std::chrono::seconds(30);
  reactor::Duration idle_time = std::chrono::seconds(15);
  int retries = 2;  // further tries of a call, unless it says otherwise
  std::size_t retry_budget = 20;
  reactor::Duration first_pause = std::chrono::milliseconds(20);
  reactor::Duration longest_pause = std::chrono::seconds(2);
  reactor::BackendFactory backend = reactor::system_backend;
};

// Runs a function, once, somewhere else.
using Executor = std::function<void(std::function<void()>)>;

struct CallOptions {
  // From the call's start, tries and pauses included; the server is told how much is left, in
  // milliseconds. Without it PoolOptions::call_timeout.
  std::optional<reactor::Duration> deadline = {};
  std::optional<int> retries = {};
  bool idempotent = false;      // may be tried again where the server may have carried it out
  bool wait_for_ready = false;  // a server that cannot be reached is tried until the deadline
  std::vector<std::pair<std::string, std::string>> fields = {};  // of the header; values are JSON
  Executor resume_on = {};  // where a coroutine goes on; empty: on the pool's thread
};

class ClientPool {
 public:
  using Done = std::function<void(protocol::Result<Reply>)>;
  // Names a call, never 0.
  using CallId = std::uint64_t;

  // Connects with the first call. Throws std::invalid_argument for an address that is not of app,
  // std::system_error where the system has no thread or descriptor.
  explicit ClientPool(const protocol::Address& server, PoolOptions options = {});
  explicit ClientPool(std::string_view server, PoolOptions options = {});
  // Calls under way are told `unavailable` before it returns; waits for callbacks, and for a name
  // that is being looked up. Not on the pool's thread (checked).
  ~ClientPool();
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  // `done` is called once, on the pool's thread, never from within; it must not block or throw.
  // What it gets is the server's reply, whatever that says, or an error: invalid_argument (it
  // cannot be sent), unavailable (no connection, or a broken one), deadline_exceeded, overloaded (a
  // limit of the pool). Errors, and then `done` is not called: unavailable, the pool is being
  // destroyed; overloaded, EventLoop::kMaxPosted calls wait for its thread.
  [[nodiscard]] protocol::Result<CallId> start(Request request, const CallOptions& options,
                                               Done done);
  // Nobody waits for it any more: it is not sent, or its reply dropped. `done` is not called,
  // unless that has begun.
  void give_up(CallId call);

  // The same as a future, and waiting for it, which is refused on the pool's thread: `internal`.
  [[nodiscard]] std::future<protocol::Result<Reply>> submit(Request request,
                                                            const CallOptions& options = {});
  [[nodiscard]] protocol::Result<Reply> call(Request request, const CallOptions& options = {});

 private:
  class Thread;
  const std::unique_ptr<Thread> thread_;
};

}  // namespace appd::clients
