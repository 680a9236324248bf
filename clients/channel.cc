#include "appd/clients/channel.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <new>
#include <utility>

#include "appd/reactor/check.h"
#include "appd/reactor/resolver.h"

namespace appd::clients {
namespace {

std::string seconds_text(reactor::Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", std::chrono::duration<double>(duration).count());
  return text;
}

}  // namespace

// What the loop calls by itself: where memory is refused in it the channel fails, and nothing else.
template <class Body>
void Channel::guarded(Body body) {
  try {
    body();
  } catch (const std::bad_alloc&) {
    give_up({ClientError::kCannotConnect, "no memory"});  // a text that needs none
  }
}

Channel::Channel(reactor::EventLoop& loop, SessionContext& context,
                 std::vector<reactor::Endpoint> endpoints, ChannelOptions options,
                 ChannelDelegate& delegate)
    : loop_(loop),
      context_(context),
      endpoints_(std::move(endpoints)),
      options_(std::move(options)),
      delegate_(delegate),
      deadline_(reactor::Timer::calling<&Channel::on_deadline>(loop.timers(), *this)) {
  APPD_CHECK(!endpoints_.empty());
}

Channel::~Channel() = default;

void Channel::open() {
  APPD_CHECK(!session_ && !connector_);
  opening_ = true;
  deadline_.arm(loop_.now() + options_.reply_timeout);
  connect();
}

void Channel::submit(SharedRequest request) {
  waiting_.push_back(std::move(request));
  if (unanswered_++ == 0) deadline_.arm(loop_.now() + options_.reply_timeout);
  loop_.turn_end().add(*this);
}

void Channel::on_turn_end() noexcept {
  guarded([this] { proceed(); });
}

bool Channel::withdraw(const SharedRequest& request) {
  const auto found = std::find(waiting_.begin(), waiting_.end(), request);
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  if (--unanswered_ == 0 && !opening_) deadline_.cancel();
  return true;
}

void Channel::close() {
  deadline_.cancel();
  connector_.reset();
  drop_session();
  waiting_.clear();
  unanswered_ = 0;
  opening_ = false;
}

void Channel::proceed() {
  if (waiting_.empty()) return;
  if (session_) {
    session_->together([this] { send_waiting(); });
  } else {
    connect();
  }
}

void Channel::send_waiting() {
  while (!waiting_.empty() && session_ && session_->may_send()) {
    SharedRequest request = std::move(waiting_.front());
    waiting_.pop_front();
    delegate_.on_sending(*request);
    session_->send(std::move(request));
  }
}

void Channel::connect() {
  if (connector_) return;
  delegate_.on_connecting();
  connector_ =
      std::make_unique<reactor::Connector>(loop_, static_cast<reactor::ConnectorDelegate&>(*this));
  const auto share = options_.reply_timeout / static_cast<long>(endpoints_.size());
  connector_->start(endpoints_, std::min(options_.connect_timeout, share));
}

void Channel::on_connected(reactor::AnyTransport transport) {
  connector_.reset();
  guarded([&] {
    session_ =
        std::make_unique<ClientSession>(loop_, context_, options_.session, std::move(transport),
                                        static_cast<ClientSessionDelegate&>(*this));
    if (std::exchange(opening_, false)) {
      if (unanswered_ == 0) deadline_.cancel();
      delegate_.on_opened();
    }
    if (session_) proceed();
  });
}

void Channel::on_connect_failed(Error error) {
  const bool timed_out = error.code == std::errc::timed_out;
  give_up({timed_out ? ClientError::kTimeout : ClientError::kCannotConnect,
           "cannot connect to " + options_.server + ": " + error.message});
}

void Channel::on_reply(Reply reply) {
  if (--unanswered_ == 0) {
    deadline_.cancel();
  } else {
    deadline_.arm(loop_.now() + options_.reply_timeout);
  }
  delegate_.on_reply(std::move(reply));
  if (session_) proceed();
}

void Channel::on_ended(Result<void> how) {
  auto unanswered = session_->take_unanswered();
  drop_session();
  if (!how) {
    give_up(std::move(how.error()));
    return;
  }
  waiting_.insert(waiting_.begin(), unanswered.begin(), unanswered.end());
  proceed();
}

void Channel::on_deadline() {
  const std::string what = connector_ ? "cannot connect to " : "no reply from ";
  give_up({ClientError::kTimeout,
           what + options_.server + " within " + seconds_text(options_.reply_timeout)});
}

void Channel::drop_session() {
  if (!session_) return;
  delegate_.on_closing();
  session_->leave();
  loop_.retire(std::move(session_));
}

void Channel::give_up(Error error) {
  const std::size_t with_server = sent();
  close();
  delegate_.on_failed(std::move(error), with_server);
}

Result<std::vector<reactor::Endpoint>> resolve_server(const protocol::Address& address) {
  const auto refuse = [&](const std::string& reason) {
    return fail(ClientError::kCannotConnect,
                "cannot connect to " + address.to_string() + ": " + reason);
  };
  if (address.transport == protocol::TransportKind::kUnix) {
    auto endpoint = reactor::Endpoint::unix_path(address.path);
    if (!endpoint) return refuse(endpoint.error().message);
    return std::vector{*endpoint};
  }
  auto found = reactor::resolve_endpoints(address.host, address.port);
  if (!found) return refuse(found.error().message);
  return *std::move(found);
}

}  // namespace appd::clients
