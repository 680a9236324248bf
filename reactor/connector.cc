#include "appd/reactor/connector.h"

#include "appd/reactor/check.h"

namespace appd::reactor {
namespace {

// Nothing was asked of the network: this machine has no such family, address or way.
bool says_nothing(const Error& error) {
  return error.code == std::errc::address_family_not_supported ||
         error.code == std::errc::address_not_available ||
         error.code == std::errc::network_unreachable;
}

}  // namespace

Connector::Connector(EventLoop& loop, ConnectorDelegate& delegate)
    : loop_(loop),
      delegate_(delegate),
      timer_(Timer::calling<&Connector::on_timer>(loop.timers(), *this)) {}

void Connector::start(std::vector<Endpoint> endpoints, Duration attempt_timeout) {
  APPD_CHECK(!endpoints.empty());
  registration_.reset();
  transport_ = nullptr;
  endpoints_ = std::move(endpoints);
  attempt_timeout_ = attempt_timeout;
  next_ = 0;
  last_error_ = {};
  try_next();
}

// An attempt that fails at once goes on from the timer, so that no callback comes out of start().
void Connector::try_next() {
  auto transport = loop_.network().connect(endpoints_[next_++]);
  if (!transport) {
    note_failure(std::move(transport.error()));
    timer_.arm(loop_.now());
    return;
  }
  transport_ = std::move(*transport);
  registration_ = loop_.watch(transport_.descriptor(), *this);
  if (auto done = registration_.set_interest(Interest::kWrite); !done) {
    attempt_failed(std::move(done.error()));
    return;
  }
  timer_.arm(loop_.now() + attempt_timeout_);
}

void Connector::on_ready(Ready /*ready*/) {
  const std::error_code error = transport_.connect_result();
  if (error == std::errc::operation_in_progress) return;  // readiness is only a hint
  if (error) {
    attempt_failed(
        {error, "connect to " + endpoints_[next_ - 1].to_string() + ": " + error.message()});
    return;
  }
  registration_.reset();
  timer_.cancel();
  delegate_.on_connected(std::move(transport_));
}

void Connector::on_timer() {
  if (transport_) {
    const auto error = std::make_error_code(std::errc::timed_out);
    note_failure(
        {error, "connect to " + endpoints_[next_ - 1].to_string() + ": no answer in time"});
    registration_.reset();
    transport_ = nullptr;
  }
  if (next_ < endpoints_.size()) {
    try_next();
  } else {
    delegate_.on_connect_failed(std::move(last_error_));
  }
}

void Connector::attempt_failed(Error error) {
  note_failure(std::move(error));
  registration_.reset();
  transport_ = nullptr;
  timer_.arm(loop_.now());
}

void Connector::note_failure(Error error) {
  if (last_error_.code && says_nothing(error)) return;
  last_error_ = std::move(error);
}

}  // namespace appd::reactor
