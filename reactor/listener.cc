#include "appd/reactor/listener.h"

#include <new>
#include <utility>

namespace appd::reactor {

Listener::Listener(EventLoop& loop, std::unique_ptr<ListeningSocket> socket,
                   ListenerDelegate& delegate)
    : loop_(loop),
      socket_(std::move(socket)),
      delegate_(delegate),
      registration_(loop.watch(socket_->descriptor(), *this)),
      exhausted_timer_(Timer::calling<&Listener::update_interest>(loop.timers(), *this)) {}

Result<void> Listener::start() {
  started_ = true;
  return registration_.set_interest(paused_ ? Interest::kNone : Interest::kRead);
}

void Listener::pause() {
  paused_ = true;
  update_interest();
}

void Listener::resume() {
  paused_ = false;
  update_interest();
}

void Listener::on_ready(Ready /*ready*/) { accept_one(); }

void Listener::accept_backlog(std::size_t limit) {
  for (std::size_t i = 0; i < limit && accept_one(); ++i) {
  }
}

bool Listener::accept_one() {
  if (!delegate_.may_accept()) {
    pause();
    return false;
  }
  try {
    return accept_or_throw();
  } catch (const std::bad_alloc&) {
    delegate_.on_not_accepted();
    rest(std::make_error_code(std::errc::not_enough_memory));
    return false;
  }
}

bool Listener::accept_or_throw() {
  AcceptResult accepted = socket_->accept();
  if (accepted.outcome == AcceptOutcome::kAccepted) {
    delegate_.on_accept(std::move(accepted.transport));
    return true;
  }
  delegate_.on_not_accepted();
  switch (accepted.outcome) {
    case AcceptOutcome::kAccepted:
    case AcceptOutcome::kRetry:
      return true;
    case AcceptOutcome::kWouldBlock:
      return false;
    case AcceptOutcome::kExhausted:
      rest(accepted.error);
      return false;
  }
  return false;
}

void Listener::rest(std::error_code error) {
  exhausted_timer_.arm(loop_.now() + kExhaustedPause);
  update_interest();
  try {
    delegate_.on_accept_exhausted(error);
  } catch (const std::bad_alloc&) {  // it is told of the next time
  }
}

void Listener::update_interest() {
  if (!started_) return;
  const bool accepts = !paused_ && !exhausted_timer_.armed();
  const auto done = registration_.set_interest(accepts ? Interest::kRead : Interest::kNone);
  // Memory for one more watch may be lacking, too: try again later rather than stop accepting.
  if (!done) exhausted_timer_.arm(loop_.now() + kExhaustedPause);
}

}  // namespace appd::reactor
