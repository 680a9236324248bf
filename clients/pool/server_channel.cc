#include "appd/clients/pool/server_channel.h"

#include <algorithm>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::clients {

using protocol::Error;
using protocol::Status;
using reactor::Result;

ServerChannel::ServerChannel(ChannelContext& context, protocol::Address server, int depth)
    : context_(context),
      server_(std::move(server)),
      depth_(depth),
      name_(server_.to_string()),
      timer_(reactor::Timer::calling<&ServerChannel::on_timer>(context.loop.timers(), *this)) {}

std::optional<reactor::TimePoint> ServerChannel::resting_since() const {
  if (wanted_ > 0) return std::nullopt;
  return resting_since_;
}

Error ServerChannel::unavailable(std::string text) const {
  return {make_error_code(Status::kUnavailable), std::move(text)};
}

// Calls ------------------------------------------------------------------------------------------

Result<void> ServerChannel::add(PooledCall& call) {
  entries_.push_back({&call, nullptr, call.deadline()});
  call.wait_in(*this);
  ++wanted_;
  ++context_.calls;
  Result<void> added;
  if (ready_) {
    added = submit(entries_.back());
  } else if (!lookup_ && !channel_) {
    added = connect();
  }
  if (!added) remove(entries_.end() - 1);
  watch();
  return added;
}

// The last entry, or one that waited for the connection.
Result<void> ServerChannel::submit(Entry& entry) {
  auto encoded = entry.call->encode();
  if (!encoded) return tl::unexpected(std::move(encoded.error()));
  channel_->submit(*encoded);
  entry.request = *std::move(encoded);  // from here on a reply is owed
  return {};
}

void ServerChannel::cancel(PooledCall& call) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&call](const Entry& one) { return one.call == &call; });
  APPD_CHECK(entry != entries_.end(), name_);
  if (!entry->request || channel_->withdraw(entry->request)) {
    remove(entry);
  } else {
    entry->call = nullptr;
    if (--wanted_ == 0) resting_since_ = context_.loop.now();
  }
  watch();
}

void ServerChannel::remove(std::deque<Entry>::iterator entry) {
  const bool wanted = entry->call != nullptr;
  entries_.erase(entry);
  --context_.calls;
  if (wanted && --wanted_ == 0) resting_since_ = context_.loop.now();
}

void ServerChannel::on_reply(Reply reply) {
  PooledCall* const call = entries_.front().call;
  remove(entries_.begin());
  watch();
  if (call != nullptr) call->answer(std::move(reply));
}

// The connection
// -----------------------------------------------------------------------------------

Result<void> ServerChannel::connect() {
  const auto known = known_endpoints(server_);
  if (known && !*known) return tl::unexpected(cannot_connect(known->error()));
  if (known) {
    open(**known);
    return {};
  }
  auto started = NameLookup::start(context_.loop, context_.runner, server_,
                                   [this](const Result<Endpoints>& found) { on_looked_up(found); });
  if (!started) return tl::unexpected(std::move(started.error()));
  lookup_ = std::move(*started);
  return {};
}

void ServerChannel::on_looked_up(const Result<Endpoints>& found) {
  lookup_.reset();
  if (entries_.empty()) return;
  if (found) {
    open(*found);
  } else {
    end(cannot_connect(found.error()), 0);
  }
}

Error ServerChannel::cannot_connect(const Error& reason) const {
  return unavailable("cannot connect to " + name_ + ": " + reason.message);
}

void ServerChannel::open(const Endpoints& endpoints) {
  const CallLimits& limits = context_.limits;
  channel_.emplace(
      context_.loop, context_.sessions, endpoints,
      ChannelOptions{.session = {.pipeline_depth = limits.pipeline_depth},
                     .server = name_,
                     .connect_timeout = limits.connect_timeout,
                     // Each call has a deadline of its own, and so has the channel: watch().
                     .reply_timeout = std::chrono::hours(24)},
      static_cast<ChannelDelegate&>(*this));
  channel_->open();
}

// Sending may bring a reply at once, whose call may make others: those have to keep the order, too,
// and so the channel is not ready before all are sent.
void ServerChannel::on_opened() {
  const auto is_unsent = [](const Entry& entry) { return entry.request == nullptr; };
  while (true) {
    const auto next = std::find_if(entries_.begin(), entries_.end(), is_unsent);
    if (next == entries_.end()) break;
    PooledCall& call = *next->call;
    if (auto submitted = submit(*next); !submitted) {
      cancel(call);
      call.lose(std::move(submitted.error()), false);
    }
  }
  ready_ = true;
  // A connection that has asked nothing is not read from; the first call would do that from within.
  if (entries_.empty()) channel_->close();
}

// Where it could not be reached the error says whom.
void ServerChannel::on_failed(Error error, std::size_t sent) {
  const bool says_whom = client_error_of(error) != ClientError::kProtocolBroken;
  end(unavailable(says_whom ? std::move(error.message) : name_ + ": " + error.message), sent);
}

// What ends the channel: a reply that is overdue while others wait behind it, or rest.
void ServerChannel::watch() {
  if (wanted_ == 0) {
    timer_.arm(resting_since_ + context_.limits.idle_time);
  } else {
    timer_.arm(entries_.front().deadline + context_.limits.reply_grace);
  }
}

void ServerChannel::on_timer() {
  const reactor::TimePoint now = context_.loop.now();
  const reactor::Duration grace = context_.limits.reply_grace;
  if (wanted_ > 0 && channel_ && channel_->progressed_since(now - grace)) {
    timer_.arm(now + grace);
  } else {
    end(unavailable("no reply from " + name_), channel_ ? channel_->sent() : 0);
  }
}

void ServerChannel::end(const Error& error, std::size_t sent) {
  // From here on no call is added: one that is made by what follows gets another channel.
  std::unique_ptr<ServerChannel> self = context_.owner.release(*this);
  timer_.cancel();
  lookup_.reset();
  if (channel_) channel_->close();
  for (; !entries_.empty(); sent -= std::min<std::size_t>(sent, 1)) {
    Entry& entry = entries_.front();
    PooledCall* const call = entry.call;
    entry.request.reset();
    remove(entries_.begin());
    if (call != nullptr) call->lose(error, sent > 0);
  }
  timer_.cancel();
  context_.loop.retire(std::move(self));
}

}  // namespace appd::clients
