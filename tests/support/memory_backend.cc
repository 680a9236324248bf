#include "tests/support/memory_backend.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "reactor/check.h"

namespace appd::testing {

using reactor::AcceptOutcome;
using reactor::AcceptResult;
using reactor::Descriptor;
using reactor::Duration;
using reactor::Endpoint;
using reactor::includes;
using reactor::Interest;
using reactor::ListeningSocket;
using reactor::ListenOptions;
using reactor::ReadyEvent;
using reactor::Result;
using reactor::system_failure;
using reactor::Token;
using reactor::Transport;

Result<void> MemoryPoller::add(Descriptor fd, Interest interest, Token token) {
  APPD_CHECK(interest != Interest::kNone, fd);
  if (descriptors_.find(fd) == nullptr) return system_failure(EBADF, "add");
  if (!watches_.emplace(fd, Watch{interest, token}).second) return system_failure(EEXIST, "add");
  return {};
}

Result<void> MemoryPoller::modify(Descriptor fd, Interest from, Interest to, Token token) {
  APPD_CHECK(to != Interest::kNone, fd);
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return system_failure(ENOENT, "modify");
  APPD_CHECK(found->second.interest == from, fd);
  found->second = {to, token};
  return {};
}

void MemoryPoller::remove(Descriptor fd, Interest interest) {
  const auto found = watches_.find(fd);
  APPD_CHECK(found != watches_.end() && found->second.interest == interest, fd);
  APPD_CHECK(descriptors_.find(fd) != nullptr, fd);
  watches_.erase(found);
}

Result<std::size_t> MemoryPoller::wait(std::optional<Duration> timeout,
                                       std::span<ReadyEvent> events) {
  const std::size_t count = collect(events);
  const bool woken = woken_.exchange(false);
  if (count > 0 || woken) return count;
  if (!timeout) throw std::logic_error("a wait without end: nothing is ready, nothing is to come");
  clock_.advance(std::max(*timeout, Duration::zero()));
  return 0;
}

std::size_t MemoryPoller::collect(std::span<ReadyEvent> events) {
  std::size_t count = 0;
  auto at = watches_.upper_bound(last_reported_);
  for (std::size_t looked = 0; looked < watches_.size() && count < events.size(); ++looked) {
    if (at == watches_.end()) at = watches_.begin();
    const auto& [fd, watch] = *at++;
    const MemorySource* source = descriptors_.find(fd);
    APPD_CHECK(source != nullptr, fd);  // closed before it was removed
    const ReadyEvent event{watch.token,
                           includes(watch.interest, Interest::kRead) && source->readable(),
                           includes(watch.interest, Interest::kWrite) && source->writable()};
    if (!event.readable && !event.writable) continue;
    events[count++] = event;
    last_reported_ = fd;
  }
  return count;
}

class MemoryListeningSocket final : public ListeningSocket, private MemorySource {
 public:
  MemoryListeningSocket(MemoryNetwork& network, Endpoint endpoint, const ListenOptions& options)
      : network_(network),
        endpoint_(endpoint),
        options_(options),
        descriptor_(network.descriptors_.add(*this)) {}
  ~MemoryListeningSocket() override {
    network_.forget(*this);
    network_.descriptors_.remove(descriptor_);
    for (const auto& transport : waiting_) transport->reset();
  }

  Descriptor descriptor() const override { return descriptor_; }
  Endpoint local_endpoint() const override { return endpoint_; }
  const ListenOptions& options() const { return options_; }

  AcceptResult accept() override {
    if (waiting_.empty()) return {};
    auto& failures = network_.accept_failures_;
    if (!failures.empty()) {
      AcceptResult failure = std::move(failures.front());
      failures.pop_front();
      return failure;
    }
    AcceptResult accepted{AcceptOutcome::kAccepted, std::move(waiting_.front()), {}};
    waiting_.pop_front();
    return accepted;
  }

  // false: the backlog is full.
  bool enqueue(std::unique_ptr<MemoryTransport>& transport) {
    if (waiting_.size() >= static_cast<std::size_t>(std::max(1, options_.backlog))) return false;
    waiting_.push_back(std::move(transport));
    return true;
  }

 private:
  bool readable() const override { return !waiting_.empty(); }
  bool writable() const override { return false; }

  MemoryNetwork& network_;
  Endpoint endpoint_;
  ListenOptions options_;
  Descriptor descriptor_;
  std::deque<std::unique_ptr<MemoryTransport>> waiting_;
};

Result<std::unique_ptr<ListeningSocket>> MemoryNetwork::listen(const Endpoint& endpoint,
                                                               const ListenOptions& options) {
  Endpoint bound = endpoint;
  if (bound.family() != AF_UNIX && bound.port() == 0) bound.set_port(take_port());
  auto& same_address = listeners_[bound.to_string()];
  const bool shared =
      options.reuse_port && options.joins_group &&
      std::all_of(same_address.begin(), same_address.end(),
                  [](const MemoryListeningSocket* other) { return other->options().reuse_port; });
  if (!same_address.empty() && !shared) {
    return system_failure(EADDRINUSE, "listen on " + bound.to_string());
  }
  auto listener = std::make_unique<MemoryListeningSocket>(*this, bound, options);
  same_address.push_back(listener.get());
  return listener;
}

Result<std::unique_ptr<Transport>> MemoryNetwork::connect(const Endpoint& endpoint) {
  const bool is_unix = endpoint.family() == AF_UNIX;
  MemoryListeningSocket* listener = find_listener(endpoint);
  if (listener == nullptr && is_unix) {
    return system_failure(ENOENT, "connect to " + endpoint.to_string());
  }
  if (listener != nullptr) {
    const Endpoint client = client_endpoint(endpoint);
    auto [near, far] = make_memory_pair(pipe_capacity_bytes_, {&descriptors_, client, endpoint},
                                        {&descriptors_, endpoint, client});
    if (listener->enqueue(far)) return std::move(near);
    if (is_unix) return system_failure(EAGAIN, "connect to " + endpoint.to_string());
  }
  const std::error_code refused(ECONNREFUSED, std::system_category());
  return std::make_unique<MemoryTransport>(refused,
                                           MemoryAddress{&descriptors_, Endpoint(), endpoint});
}

MemoryListeningSocket* MemoryNetwork::find_listener(const Endpoint& endpoint) {
  if (auto* exact = find_listener_at(endpoint)) return exact;
  if (endpoint.family() == AF_UNIX) return nullptr;
  const bool is_ipv4 = endpoint.family() == AF_INET;
  if (is_ipv4) {
    if (auto* any = find_listener_at(Endpoint::any_ipv4(endpoint.port()))) return any;
  }
  auto* any = find_listener_at(Endpoint::any_ipv6(endpoint.port()));
  return any != nullptr && is_ipv4 && !any->options().dual_stack ? nullptr : any;
}

MemoryListeningSocket* MemoryNetwork::find_listener_at(const Endpoint& endpoint) {
  const auto found = listeners_.find(endpoint.to_string());
  if (found == listeners_.end() || found->second.empty()) return nullptr;
  auto& queue = found->second;
  std::rotate(queue.begin(), queue.begin() + 1, queue.end());
  return queue.back();
}

std::uint16_t MemoryNetwork::take_port() {
  const std::uint16_t port = next_port_;
  next_port_ = port == UINT16_MAX ? std::uint16_t{49152} : static_cast<std::uint16_t>(port + 1);
  return port;
}

Endpoint MemoryNetwork::client_endpoint(const Endpoint& server) {
  if (server.family() == AF_UNIX) {
    const sockaddr nameless{.sa_family = AF_UNIX, .sa_data = {}};
    return {&nameless, sizeof nameless.sa_family};
  }
  Endpoint client = server;
  client.set_port(take_port());
  return client;
}

void MemoryNetwork::forget(const MemoryListeningSocket& listener) {
  const auto found = listeners_.find(listener.local_endpoint().to_string());
  std::erase(found->second, &listener);
  if (found->second.empty()) listeners_.erase(found);
}

}  // namespace appd::testing
