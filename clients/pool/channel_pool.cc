#include "appd/clients/pool/channel_pool.h"

#include <algorithm>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::clients {

using protocol::Address;
using protocol::Status;

ChannelPool::ChannelPool(reactor::EventLoop& loop, reactor::JobRunner* runner,
                         const CallLimits& limits)
    : limits_(limits),
      sessions_(std::make_unique<Sessions>(limits.max_reply_bytes)),
      context_{.loop = loop,
               .runner = runner,
               .limits = limits_,
               .sessions = sessions_->context,
               .owner = *this},
      budget_(limits.retry_budget),
      random_(static_cast<std::minstd_rand::result_type>(
          loop.measured_now().time_since_epoch().count())) {}

ChannelPool::~ChannelPool() {
  channels_.clear();
  context_.loop.retire(std::move(sessions_));
}

std::unique_ptr<PooledCall> ChannelPool::start(const Address& server, Request request,
                                               const CallPolicy& policy, PooledCall::Done done) {
  auto call = std::make_unique<PooledCall>(context_.loop, static_cast<CallOwner&>(*this), server,
                                           std::move(request), policy, std::move(done));
  call->start();
  return call;
}

protocol::Result<void> ChannelPool::place(PooledCall& call) {
  if (call.server().protocol != protocol::Protocol::kApp) {
    return protocol::fail(Status::kInvalidArgument,
                          "actions are called at app://..., not at " + call.server().to_string());
  }
  if (context_.calls >= limits_.max_calls) {
    return protocol::fail(Status::kOverloaded,
                          "too many calls to other servers are under way; try again later");
  }
  ServerChannel* const channel = channel_for(call.server(), call.depth());
  if (channel == nullptr) {
    return protocol::fail(Status::kOverloaded,
                          "too many connections to other servers are in use; try again later");
  }
  return channel->add(call);
}

// Between half and all of a pause that doubles with each try.
reactor::Duration ChannelPool::pause_before(int tries) {
  reactor::Duration pause = limits_.first_pause;
  for (int i = 1; i < tries && pause < limits_.longest_pause; ++i) pause *= 2;
  pause = std::min(pause, limits_.longest_pause);
  const auto half = pause / 2;
  return half + reactor::Duration(std::uniform_int_distribution<reactor::Duration::rep>(
                    0, half.count())(random_));
}

ServerChannel* ChannelPool::channel_for(const Address& server, int depth) {
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
bool ChannelPool::make_room() {
  if (channels_.size() < limits_.max_channels) return true;
  ServerChannel* oldest = nullptr;
  for (const auto& channel : channels_) {
    const auto since = channel->resting_since();
    if (since && (oldest == nullptr || *since < *oldest->resting_since())) oldest = channel.get();
  }
  if (oldest == nullptr) return false;
  oldest->end({}, 0);  // nobody waits who could be told
  return true;
}

std::unique_ptr<ServerChannel> ChannelPool::release(ServerChannel& channel) {
  const auto found = std::find_if(channels_.begin(), channels_.end(),
                                  [&channel](const auto& one) { return one.get() == &channel; });
  APPD_CHECK(found != channels_.end(), channels_.size());
  auto released = std::move(*found);
  channels_.erase(found);
  return released;
}

}  // namespace appd::clients
