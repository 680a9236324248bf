// What a coroutine awaits to call through a pool, whatever its type of coroutine is.
#pragma once

#include <atomic>
#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "appd/clients/pool/client_pool.h"

namespace appd::clients {

// Starts the call when it is awaited. The coroutine goes on where CallOptions::resume_on runs it;
// destroyed there while it waits, it gives the call up.
class PoolAwaiter {
 public:
  // `pool` outlives it. A request that is an error is what the coroutine gets.
  PoolAwaiter(ClientPool& pool, protocol::Result<Request> request, CallOptions options)
      : pool_(pool), request_(std::move(request)), options_(std::move(options)) {}
  PoolAwaiter(const PoolAwaiter&) = delete;
  PoolAwaiter& operator=(const PoolAwaiter&) = delete;
  ~PoolAwaiter() {
    waiting_->coroutine = {};
    if (!waiting_->reply) pool_.give_up(waiting_->call);
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  // False: refused, and the coroutine goes on at once.
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> coroutine) {
    // The coroutine may have gone on, and this be gone, before start() returns.
    const std::shared_ptr<Waiting> waiting = waiting_;
    waiting->coroutine = coroutine;
    auto started = request_.and_then([&](Request& request) {
      return pool_.start(std::move(request), options_, waiting->resuming(options_.resume_on));
    });
    if (started) {
      waiting->call = *started;
    } else {
      waiting->reply = tl::unexpected(std::move(started.error()));
    }
    return started.has_value();
  }
  [[nodiscard]] protocol::Result<Reply> await_resume() { return *std::move(waiting_->reply); }

 private:
  // Touched where the coroutine runs only, but for `call`.
  struct Waiting : std::enable_shared_from_this<Waiting> {
    [[nodiscard]] ClientPool::Done resuming(const Executor& resume_on) {
      return [self = shared_from_this(), resume_on](protocol::Result<Reply> given) {
        if (!resume_on) return self->resume(std::move(given));
        resume_on([self, given = std::move(given)] { self->resume(given); });
      };
    }
    void resume(protocol::Result<Reply> given) {
      if (!coroutine) return;
      reply.emplace(std::move(given));
      coroutine.resume();
    }

    std::coroutine_handle<> coroutine;
    std::optional<protocol::Result<Reply>> reply;
    std::atomic<ClientPool::CallId> call = 0;
  };

  ClientPool& pool_;
  protocol::Result<Request> request_;
  CallOptions options_;
  const std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
};

}  // namespace appd::clients
