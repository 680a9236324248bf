#include "appd/outgoing/client_calls.h"

#include <algorithm>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::outgoing {

using handlers::CallRequest;
using handlers::Result;
using protocol::Address;
using protocol::Status;

ClientCalls::ClientCalls(reactor::EventLoop& loop, servers::JobRunner* pool,
                         const CallLimits& limits)
    : limits_(limits),
      sessions_(std::make_unique<Sessions>(limits.max_reply_bytes)),
      context_{.loop = loop,
               .pool = pool,
               .limits = limits_,
               .sessions = sessions_->context,
               .owner = *this} {}

ClientCalls::~ClientCalls() {
  channels_.clear();
  context_.loop.retire(std::move(sessions_));
}

std::unique_ptr<handlers::Wait> ClientCalls::start(const Address& server, CallRequest request,
                                                   const handlers::CallTerms& terms, Done done) {
  auto call =
      std::make_unique<OutgoingCall>(context_.loop, server, terms, limits_, std::move(done));
  if (auto added = add(*call, server, std::move(request), terms.depth); !added) {
    call->fail_soon(std::move(added.error()));
  }
  return call;
}

Result<void> ClientCalls::add(OutgoingCall& call, const Address& server, CallRequest request,
                              int depth) {
  if (server.protocol != protocol::Protocol::kApp) {
    return protocol::fail(Status::kInvalidArgument,
                          "actions are called at app://..., not at " + server.to_string());
  }
  if (auto prepared = call.prepare(std::move(request)); !prepared) return prepared;
  if (context_.calls >= limits_.max_calls) {
    return protocol::fail(Status::kOverloaded,
                          "too many calls to other servers are under way; try again later");
  }
  ServerChannel* const channel = channel_for(server, depth);
  if (channel == nullptr) {
    return protocol::fail(Status::kOverloaded,
                          "too many connections to other servers are in use; try again later");
  }
  channel->add(call);
  return {};
}

ServerChannel* ClientCalls::channel_for(const Address& server, int depth) {
  ServerChannel* best = nullptr;
  std::size_t count = 0;
  for (const auto& channel : channels_) {
    if (!channel->serves(server, depth)) continue;
    ++count;
    if (best == nullptr || channel->calls() < best->calls()) best = channel.get();
  }
  if (best != nullptr && (best->calls() == 0 || count >= limits_.channels_per_server)) return best;
  if (!make_room()) return best;
  return channels_.emplace_back(std::make_unique<ServerChannel>(context_, server, depth)).get();
}

// Who has rested longest goes.
bool ClientCalls::make_room() {
  if (channels_.size() < limits_.max_channels) return true;
  ServerChannel* oldest = nullptr;
  for (const auto& channel : channels_) {
    const auto since = channel->resting_since();
    if (since && (oldest == nullptr || *since < *oldest->resting_since())) oldest = channel.get();
  }
  if (oldest == nullptr) return false;
  oldest->end({});  // nobody waits who could be told
  return true;
}

std::unique_ptr<ServerChannel> ClientCalls::release(ServerChannel& channel) {
  const auto found = std::find_if(channels_.begin(), channels_.end(),
                                  [&channel](const auto& one) { return one.get() == &channel; });
  APPD_CHECK(found != channels_.end(), channels_.size());
  auto released = std::move(*found);
  channels_.erase(found);
  return released;
}

}  // namespace appd::outgoing
