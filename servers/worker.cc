#include "servers/worker.h"

#include <new>
#include <utility>

#include "reactor/check.h"
#include "reactor/planted.h"
#include "servers/app_session.h"
#include "servers/framed_echo_session.h"
#include "servers/message_echo_session.h"
#include "servers/raw_echo_session.h"

namespace appd::servers {
namespace {

// Connections taken from the backlog when the drain begins, a listener: the kernel's own limit
// (net.core.somaxconn) is 4096.
constexpr std::size_t kDrainAccepts = 4096;

// From the drain time-out to the end: for the last error replies to arrive.
constexpr auto kFarewell = std::chrono::milliseconds(100);

using protocol::Protocol;
using reactor::Transport;

std::unique_ptr<Session> make_session(Protocol protocol, SessionContext& context, SessionId id,
                                      std::unique_ptr<Transport> transport) {
  switch (protocol) {
    case Protocol::kApp:
      return std::make_unique<AppSession>(context, id, std::move(transport));
    case Protocol::kMessageEcho:
      return std::make_unique<MessageEchoSession>(context, id, std::move(transport));
    case Protocol::kFramedEcho:
      return std::make_unique<FramedEchoSession>(context, id, std::move(transport));
    case Protocol::kRawEcho:
      return std::make_unique<RawEchoSession>(context, id, std::move(transport));
  }
  APPD_CHECK(false, static_cast<int>(protocol));
  return nullptr;
}

}  // namespace

ServerShared::ServerShared(const Limits& the_limits, Log& the_log)
    : limits(the_limits),
      log(the_log),
      decode_limits{.max_content = limits.max_content},
      budget(limits.max_buffered),
      connection_options{.write_high_watermark = limits.write_high_watermark,
                         .write_timeout = limits.write_timeout,
                         .budget = &budget},
      connections(limits.max_connections),
      peers(limits.max_connections_per_peer) {}

// Doors ------------------------------------------------------------------------------------------

Worker::Door::Door(Worker& worker, Protocol protocol,
                   std::unique_ptr<reactor::ListeningSocket> socket)
    : worker_(worker), protocol_(protocol), listener_(worker.loop_, std::move(socket), *this) {}

bool Worker::Door::may_accept() { return worker_.may_accept(); }

void Worker::Door::on_accept(std::unique_ptr<Transport> transport) {
  worker_.accept(protocol_, std::move(transport));
}

void Worker::Door::on_accept_exhausted(std::error_code error) { worker_.accept_exhausted(error); }

// Worker -----------------------------------------------------------------------------------------

Worker::Worker(ServerShared& shared, Place place, reactor::Backend backend,
               std::shared_ptr<const handlers::Registry> registry)
    : shared_(shared),
      loop_(std::move(backend)),
      registry_(guarded(std::move(registry))),
      dispatcher_(*registry_, decode_.reader),
      calls_(loop_, metrics_, dispatcher_.running(), shared.pool,
             shared.make_outgoing ? shared.make_outgoing(loop_, shared.pool) : nullptr),
      context_{.loop = loop_,
               .limits = shared.limits,
               .connection_options = shared.connection_options,
               .decode_limits = shared.decode_limits,
               .decode = decode_,
               .dispatcher = dispatcher_,
               .log = shared.log,
               .metrics = metrics_,
               .calls = calls_,
               .owner = *this,
               .next_number = place.index + 1,
               .number_step = place.count,
               .drain_report = {},
               .internal_error_lines = {},
               .reply_header = {},
               .error_reply = {}},
      drain_timer_(reactor::Timer::calling<&Worker::on_drain_deadline>(loop_.timers(), *this)) {
  calls_.set_registry(registry_);
}

Worker::~Worker() = default;

void Worker::listen(Protocol protocol, std::unique_ptr<reactor::ListeningSocket> socket) {
  auto door = std::make_unique<Door>(*this, protocol, std::move(socket));
  if (auto started = door->listener().start(); !started) {
    throw std::system_error(started.error().code, started.error().message);
  }
  doors_.push_back(std::move(door));
}

bool Worker::may_accept() {
  if (!shared_.connections.full()) return true;
  metrics_.add(Counter::kConnectionLimit);
  if (const auto suppressed = limit_lines_.admit(loop_.now())) {
    shared_.log.write(
        Level::kWarn, "connection limit reached; not accepting until one ends",
        {{"max_connections", shared_.connections.limit()}, {"suppressed", *suppressed}});
  }
  for (auto& door : doors_) door->listener().pause();
  return false;
}

void Worker::resume_accepting() {
  for (auto& door : doors_) door->listener().resume();
}

void Worker::accept_exhausted(std::error_code error) {
  metrics_.add(Counter::kAcceptExhausted);
  if (const auto suppressed = exhausted_lines_.admit(loop_.now())) {
    shared_.log.write(Level::kWarn, "cannot accept for now",
                      {{"reason", error.message()}, {"suppressed", *suppressed}});
  }
}

void Worker::accept(Protocol protocol, std::unique_ptr<Transport> transport) {
  if (free_seats_.empty()) {
    // First room for all, so that neither the lines below nor giving one back can fail half-way.
    if (free_seats_.capacity() <= seats_.size()) free_seats_.reserve(2 * seats_.size() + 1);
    seats_.emplace_back();
    free_seats_.push_back(static_cast<std::uint32_t>(seats_.size() - 1));
  }
  const std::uint32_t index = free_seats_.back();
  Seat& seat = seats_[index];
  std::string peer;
  if (shared_.peers.enabled()) peer = transport->peer_endpoint().host();
  seat.session = make_session(protocol, context_, {index, seat.generation}, std::move(transport));
  free_seats_.pop_back();
  ++session_count_;
  shared_.connections.acquire();
  metrics_.add(Counter::kAccepted);
  try {
    admit(seat, std::move(peer));
  } catch (const std::bad_alloc&) {
    seat.session->cut();
  }
}

void Worker::admit(Seat& seat, std::string peer) {
  if (peer.empty() || shared_.peers.try_acquire(peer)) {
    seat.peer = std::move(peer);
    seat.session->start();
  } else {
    metrics_.add(Counter::kPeerLimit);
    seat.session->refuse(protocol::Status::kOverloaded,
                         "too many connections from " + peer + "; close one first");
  }
}

void Worker::on_session_closed(Session& session, std::error_code reason) {
  const SessionId id = session.id();
  Seat& seat = seats_[id.index];
  APPD_CHECK(seat.session.get() == &session && seat.generation == id.generation, id.index);
  if (!seat.peer.empty()) shared_.peers.release(std::exchange(seat.peer, {}));
  if (reactor::planted(reactor::PlantedBug::kFreedInCallback)) seat.session.reset();
  loop_.retire(std::move(seat.session));
  ++seat.generation;
  free_seats_.push_back(id.index);
  --session_count_;
  metrics_.add(Counter::kClosed);
  if (context_.draining)
    metrics_.add(reason || saying_farewell_ ? Counter::kCut : Counter::kDrained);
  if (shared_.connections.release() && shared_.on_connection_freed) shared_.on_connection_freed();
  if (context_.draining) finish_if_drained();
}

void Worker::set_registry(std::shared_ptr<const handlers::Registry> registry) {
  auto next = guarded(std::move(registry));
  dispatcher_.set_registry(*next);
  calls_.set_registry(next);
  registry_ = std::move(next);
}

std::shared_ptr<const handlers::Registry> Worker::guarded(
    std::shared_ptr<const handlers::Registry> registry) const {
  const handlers::Registry* const bare = registry.get();
  return {bare, [kept = std::move(registry),
                 mutex = shared_.registry_mutex](const handlers::Registry*) mutable {
            const std::lock_guard lock(*mutex);
            kept.reset();
          }};
}

// A callback may end the session it is given, and others.
template <class Action>
void Worker::for_each_session(Action action) {
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    if (seats_[i].session) action(*seats_[i].session);
  }
}

void Worker::drain() {
  if (context_.draining) return;
  for (auto& door : doors_) {
    door->listener().resume();
    door->listener().accept_backlog(kDrainAccepts);
  }
  doors_.clear();
  context_.draining = true;
  drain_timer_.arm(loop_.now() + shared_.limits.drain_timeout);
  for_each_session([](Session& session) { session.drain(); });
  finish_if_drained();
}

void Worker::finish_if_drained() {
  if (session_count_ > 0 || std::exchange(drained_, true)) return;
  drain_timer_.cancel();
  calls_.end_outgoing();
  if (shared_.on_drained) {
    shared_.on_drained(*this);
  } else {
    loop_.stop();
  }
}

// What is left gets an error if its protocol has one, and a moment to receive it.
void Worker::on_drain_deadline() {
  if (std::exchange(saying_farewell_, true)) {
    stop();
    return;
  }
  for_each_session([this](Session& session) {
    session.report_unanswered(context_.drain_report);
    session.refuse(protocol::Status::kShuttingDown, "the server is shutting down");
  });
  drain_timer_.arm(loop_.now() + kFarewell);
}

void Worker::stop() {
  context_.draining = true;
  doors_.clear();
  for_each_session([](Session& session) { session.cut(); });
  finish_if_drained();
}

}  // namespace appd::servers
