#include "appd/clients/pool/name_lookup.h"

#include <mutex>
#include <new>
#include <utility>

namespace appd::clients {

using protocol::Address;
using reactor::Endpoint;
using reactor::Result;

std::optional<Result<Endpoints>> known_endpoints(const Address& server) {
  if (server.transport == protocol::TransportKind::kUnix) {
    return Endpoint::unix_path(server.path).map([](const Endpoint& one) { return Endpoints{one}; });
  }
  const auto number = Endpoint::ip(server.host, server.port);
  if (!number) return std::nullopt;
  return Endpoints{number->unmapped()};
}

struct NameLookup::Shared {
  std::mutex mutex;                    // guards loop
  reactor::EventLoop* loop = nullptr;  // null: given up
  Done done;                           // the loop's thread only; empty: given up
};

class NameLookup::LookupJob final : public reactor::Job {
 public:
  LookupJob(std::shared_ptr<Shared> shared, reactor::Network& network, const Address& server)
      : shared_(std::move(shared)), network_(network), host_(server.host), port_(server.port) {}

  void run() noexcept override {
    if (given_up()) return;
    try {
      report(network_.look_up(host_, port_));
    } catch (const std::bad_alloc&) {  // the calls that wait for it end with their time
    }
  }

 private:
  [[nodiscard]] bool given_up() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->loop == nullptr;
  }

  void report(Result<Endpoints> found) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->loop == nullptr) return;
    // The loop's queue can only be full when it stands still; the calls end with their time then.
    (void)shared_->loop->post([shared = shared_, found = std::move(found)]() mutable {
      if (const Done done = std::exchange(shared->done, {})) done(std::move(found));
    });
  }

  const std::shared_ptr<Shared> shared_;
  reactor::Network& network_;
  const std::string host_;
  const std::uint16_t port_;
};

Result<std::unique_ptr<NameLookup>> NameLookup::start(reactor::EventLoop& loop,
                                                      reactor::JobRunner* pool,
                                                      const Address& server, Done done) {
  auto shared = std::make_shared<Shared>();
  shared->loop = &loop;
  shared->done = std::move(done);
  if (pool == nullptr ||
      !pool->submit(std::make_unique<LookupJob>(shared, loop.network(), server))) {
    return protocol::fail(protocol::Status::kOverloaded,
                          "cannot look up " + server.host + ": the worker pool takes no more");
  }
  return std::unique_ptr<NameLookup>(new NameLookup(std::move(shared)));
}

NameLookup::~NameLookup() {
  shared_->done = {};
  const std::lock_guard lock(shared_->mutex);
  shared_->loop = nullptr;
}

}  // namespace appd::clients
