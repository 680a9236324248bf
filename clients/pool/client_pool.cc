#include "appd/clients/pool/client_pool.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include "appd/clients/pool/channel_pool.h"
#include "appd/reactor/check.h"
#include "appd/reactor/threads/joining_thread.h"

namespace appd::clients {

using protocol::Address;
using protocol::Status;

namespace {

// A server has one name: a thread each time that it is looked up, which is once a connection.
class LookupThreads final : public reactor::JobRunner {
 public:
  [[nodiscard]] bool submit(std::unique_ptr<reactor::Job> job) override {
    threads_.remove_if([](const Lookup& lookup) { return lookup.over.load(); });
    try {
      Lookup& lookup = threads_.emplace_back();
      lookup.thread.emplace([&lookup, job = std::move(job)] {
        job->run();
        lookup.over = true;
      });
    } catch (const std::system_error&) {
      threads_.pop_back();
      return false;
    }
    return true;
  }

 private:
  struct Lookup {
    std::atomic<bool> over = false;
    std::optional<reactor::JoiningThread> thread;
  };
  std::list<Lookup> threads_;
};

Address checked(const Address& server) {
  if (server.protocol == protocol::Protocol::kApp) return server;
  throw std::invalid_argument("a pool calls app://..., not " + server.to_string());
}

Address parsed(std::string_view server) {
  auto address = protocol::parse_address(server, kSpokenProtocols);
  if (!address) throw std::invalid_argument(address.error().message);
  return *address;
}

reactor::Backend made(const reactor::BackendFactory& backend) {
  auto one = backend();
  if (!one) throw std::system_error(one.error().code, one.error().message);
  return *std::move(one);
}

CallLimits limits_of(const PoolOptions& options) {
  CallLimits limits;
  limits.max_calls = options.max_calls;
  limits.channels_per_server = std::max<std::size_t>(1, options.connections);
  limits.max_channels = limits.channels_per_server;
  limits.pipeline_depth = std::max<std::size_t>(1, options.pipeline_depth);
  limits.max_reply_bytes = options.max_reply_bytes;
  limits.connect_timeout = options.connect_timeout;
  limits.call_timeout = options.call_timeout;
  limits.idle_time = options.idle_time;
  limits.first_pause = options.first_pause;
  limits.longest_pause = options.longest_pause;
  limits.retry_budget = options.retry_budget;
  return limits;
}

protocol::Error closed() {
  return {make_error_code(Status::kUnavailable), "the pool of connections was closed"};
}

}  // namespace

class ClientPool::Thread {
 public:
  Thread(const Address& server, const PoolOptions& options)
      : server_(checked(server)),
        retries_(options.retries),
        loop_(made(options.backend)),
        pool_(loop_, &lookups_, limits_of(options)) {
    thread_.emplace([this] { loop_.run(); });
  }
  ~Thread() {
    APPD_CHECK(!is_this());
    closing_ = true;
    while (!loop_.post([this] { close(); })) std::this_thread::yield();  // behind a full queue
    thread_.reset();
  }

  [[nodiscard]] bool is_this() const { return std::this_thread::get_id() == thread_->id(); }

  [[nodiscard]] protocol::Result<CallId> start(Request request, const CallOptions& options,
                                               Done done) {
    if (closing_) return tl::unexpected(closed());
    const CallId id = ++last_id_;
    const auto& limits = pool_.limits();
    const CallPolicy policy{
        .deadline = loop_.measured_now() + options.deadline.value_or(limits.call_timeout),
        .retries = options.retries.value_or(retries_),
        .idempotent = options.idempotent,
        .wait_for_ready = options.wait_for_ready};
    const bool posted = loop_.post(
        [this, id, policy, request = std::move(request), done = std::move(done)]() mutable {
          begin(id, std::move(request), policy, std::move(done));
        });
    if (!posted) return protocol::fail(Status::kOverloaded, "too many calls are being started");
    return id;
  }

  void give_up(CallId call) {
    // Where the queue is full the call ends with its time.
    (void)loop_.post([this, call] { calls_.erase(call); });
  }

 private:
  struct Call {
    std::unique_ptr<PooledCall> pooled;
    Done done;
  };

  void begin(CallId id, Request request, const CallPolicy& policy, Done done) {
    auto pooled =
        pool_.start(server_, std::move(request), policy, [this, id](protocol::Result<Reply> reply) {
          const auto call = calls_.extract(id);
          call.mapped().done(std::move(reply));
        });
    calls_.emplace(id, Call{std::move(pooled), std::move(done)});
  }

  // What callbacks start from now on is refused.
  void close() {
    for (auto calls = std::exchange(calls_, {}); auto& [id, call] : calls) {
      call.pooled.reset();
      call.done(tl::unexpected(closed()));
    }
    loop_.stop();
  }

  const Address server_;
  const int retries_;
  std::atomic<bool> closing_ = false;
  std::atomic<CallId> last_id_ = 0;
  reactor::EventLoop loop_;
  LookupThreads lookups_;                   // the loop's thread only
  ChannelPool pool_;                        // likewise
  std::unordered_map<CallId, Call> calls_;  // likewise
  std::optional<reactor::JoiningThread> thread_;
};

ClientPool::ClientPool(const Address& server, PoolOptions options)
    : thread_(std::make_unique<Thread>(server, options)) {}

ClientPool::ClientPool(std::string_view server, PoolOptions options)
    : ClientPool(parsed(server), std::move(options)) {}

ClientPool::~ClientPool() = default;

protocol::Result<ClientPool::CallId> ClientPool::start(Request request, const CallOptions& options,
                                                       Done done) {
  request.keep_alive = request.keep_alive.value_or(true);
  request.other_fields.insert(request.other_fields.end(), options.fields.begin(),
                              options.fields.end());
  return thread_->start(std::move(request), options, std::move(done));
}

void ClientPool::give_up(CallId call) { thread_->give_up(call); }

std::future<protocol::Result<Reply>> ClientPool::submit(Request request,
                                                        const CallOptions& options) {
  const auto promise = std::make_shared<std::promise<protocol::Result<Reply>>>();
  auto started = start(std::move(request), options, [promise](protocol::Result<Reply> reply) {
    promise->set_value(std::move(reply));
  });
  if (!started) promise->set_value(tl::unexpected(std::move(started.error())));
  return promise->get_future();
}

protocol::Result<Reply> ClientPool::call(Request request, const CallOptions& options) {
  if (thread_->is_this()) {
    return protocol::fail(Status::kInternal, "a callback of the pool cannot wait for the pool");
  }
  return submit(std::move(request), options).get();
}

}  // namespace appd::clients
