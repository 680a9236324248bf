#include "appd/servers/worker.h"

#include <new>
#include <utility>

#include "appd/reactor/check.h"
#include "appd/servers/sessions/peer_of.h"

namespace appd::servers {
namespace {

// From the drain time-out to the end: for the last error replies to arrive.
constexpr auto kFarewell = std::chrono::milliseconds(100);

using reactor::AnyTransport;

// A seat is a protocol's index and a cell of its slab.
constexpr unsigned kCellBits = 26;
constexpr Seat kCellMask = (Seat{1} << kCellBits) - 1;
static_assert(ServedProtocols::kMost <= std::size_t{1} << (32 - kCellBits));

}  // namespace

ServerShared::ServerShared(const Limits& the_limits, logging::Log& the_log)
    : limits(the_limits),
      log(the_log),
      decode_limits{.max_content = limits.max_content},
      budget_owner(
          std::make_shared<reactor::BufferBudget>(limits.max_buffered, limits.max_content)),
      budget(*budget_owner),
      connection_options{.write_high_watermark = limits.write_high_watermark,
                         .write_timeout = limits.write_timeout,
                         .budget = &budget},
      connections(limits.max_connections),
      peers(limits.max_connections_per_peer),
      calls(limits.max_calls) {}

// Doors ------------------------------------------------------------------------------------------

Worker::Door::Door(Worker& worker, const ServedProtocol& protocol,
                   std::unique_ptr<reactor::ListeningSocket> socket)
    : worker_(worker), protocol_(protocol), listener_(worker.loop_, std::move(socket), *this) {}

bool Worker::Door::may_accept() { return worker_.may_accept(); }

void Worker::Door::on_not_accepted() { worker_.connection_freed(); }

void Worker::Door::on_accept(AnyTransport transport) {
  worker_.accept(protocol_, std::move(transport));
}

void Worker::Door::on_accept_exhausted(std::error_code error) { worker_.accept_exhausted(error); }

// Worker -----------------------------------------------------------------------------------------

Worker::Worker(ServerShared& shared, Ordinal ordinal, reactor::Backend backend,
               std::shared_ptr<const handlers::Registry> registry)
    : shared_(shared),
      loop_(std::move(backend)),
      decode_(shared.limits.max_nesting),
      registry_(guarded(std::move(registry))),
      dispatcher_(*registry_, decode_.reader),
      calls_({.loop = loop_,
              .metrics = metrics_,
              .running = dispatcher_.running(),
              .registry = registry_,
              .outgoing = shared.make_outgoing ? shared.make_outgoing(loop_, shared.pool) : nullptr,
              .pool = shared.pool,
              .limit = shared.calls,
              .budget = shared.budget_owner,
              .max_nesting = shared.limits.max_nesting}),
      limited_lines_(shared.log, loop_),
      context_{{.loop = loop_, .options = shared.connection_options},
               {.limits = shared.limits,
                .metrics = metrics_,
                .owner = *this,
                .messages = {.limits = shared.decode_limits,
                             .decode = decode_,
                             .dispatcher = dispatcher_,
                             .calls = calls_},
                .log = {.log = shared.log, .limited_lines = limited_lines_},
                .numbers = {.next = ordinal.index + 1, .step = ordinal.count}}},
      events_(shared.functions, shared.log),
      drain_timer_(reactor::Timer::calling<&Worker::on_drain_deadline>(loop_.timers(), *this)) {
  for (const ServedProtocol& one : shared.protocols->all()) seats_.emplace_back(one.sessions.bytes);
}

// Sessions go before what they use, those that the loop was to destroy included.
Worker::~Worker() {
  loop_.destroy_retired();
  for_each_session([](Session& session) { session.dispose(); });
}

void Worker::listen(std::string_view protocol, std::unique_ptr<reactor::ListeningSocket> socket) {
  const ServedProtocol* const served = shared_.protocols->find(protocol);
  APPD_CHECK(served != nullptr);
  auto door = std::make_unique<Door>(*this, *served, std::move(socket));
  if (auto started = door->listener().start(); !started) {
    throw std::system_error(started.error().code, started.error().message);
  }
  doors_.push_back(std::move(door));
}

bool Worker::may_accept() {
  if (shared_.connections.try_acquire()) return true;
  metrics_.add(Counter::kConnectionLimit);
  limited_lines_.write(logging::Level::kWarn,
                       "connection limit reached; not accepting until one ends", {},
                       {{"max_connections", shared_.connections.limit()}});
  for (auto& door : doors_) door->listener().pause();
  return false;
}

void Worker::connection_freed() {
  if (shared_.connections.release() && shared_.on_connection_freed) shared_.on_connection_freed();
}

void Worker::resume_accepting() {
  for (auto& door : doors_) door->listener().resume();
}

void Worker::accept_exhausted(std::error_code error) {
  metrics_.add(Counter::kAcceptExhausted);
  const std::string reason = error.message();
  limited_lines_.write(logging::Level::kWarn, "cannot accept for now", reason,
                       {{"reason", reason}});
}

void Worker::accept(const ServedProtocol& protocol, AnyTransport transport) {
  std::optional<handlers::Peer> peer;  // system calls, for who asks
  if (shared_.peers.enabled() || events_.wanted()) peer = peer_of(transport);
  Session& session = seat(protocol, std::move(transport));
  ++session_count_;
  metrics_.add(Counter::kAccepted);
  try {
    admit(session, peer);
  } catch (const std::bad_alloc&) {
    session.cut();
  }
}

Session& Worker::seat(const ServedProtocol& protocol, AnyTransport transport) {
  reactor::Slab& seats = seats_[protocol.index];
  const Seat cell = seats.take();
  try {
    if (cell > kCellMask) throw std::bad_alloc();
    const Seat seat = static_cast<Seat>(protocol.index << kCellBits) | cell;
    Session* const session =
        protocol.sessions.make(seats.at(cell), {context_, seat, std::move(transport)});
    APPD_CHECK(session == seats.at(cell));  // for_each_session() relies on it
    return *session;
  } catch (...) {
    seats.give_back(cell);
    throw;
  }
}

std::string_view Worker::protocol_of(Seat seat) const {
  return shared_.protocols->all()[seat >> kCellBits].name;
}

void Worker::free_seat(Seat seat) noexcept {
  seats_[seat >> kCellBits].give_back(seat & kCellMask);
}

void Worker::admit(Session& session, const std::optional<handlers::Peer>& peer) {
  if (peer && shared_.peers.enabled() && !may_come(session, peer->host)) return;
  if (peer && events_.wanted()) events_.connected(session, *peer);
  session.start();
}

bool Worker::may_come(Session& session, const std::string& peer) {
  const auto counted = counted_peers_.emplace(session.seat(), peer).first;
  if (shared_.peers.try_acquire(peer)) return true;
  counted_peers_.erase(counted);
  metrics_.add(Counter::kPeerLimit);
  session.refuse(protocol::Status::kOverloaded,
                 "too many connections from " + peer + "; close one first");
  return false;
}

void Worker::call_every(ProgramFunctions::Periodic what) {
  periodic_calls_.push_back(
      std::make_unique<PeriodicCall>(loop_, dispatcher_.running(), shared_.log, std::move(what)));
}

void Worker::on_session_closed(Session& session, std::error_code reason) {
  // First, because it may find no memory: then nothing was done (ConnectionDelegate::on_closed()).
  loop_.retire(std::unique_ptr<reactor::Retirable, reactor::Retirable::Disposer>(&session));
  if (const auto counted = counted_peers_.find(session.seat()); counted != counted_peers_.end()) {
    shared_.peers.release(counted->second);
    counted_peers_.erase(counted);
  }
  --session_count_;
  metrics_.add(Counter::kClosed);
  events_.disconnected(session);
  if (context_.drain.under_way)
    metrics_.add(reason || saying_farewell_ ? Counter::kCut : Counter::kDrained);
  connection_freed();
  if (context_.drain.under_way) finish_if_drained();
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
  for (const reactor::Slab& seats : seats_) {
    seats.for_each([&](void* seat) { action(*static_cast<Session*>(seat)); });
  }
}

void Worker::drain() {
  if (context_.drain.under_way) return;
  context_.drain.under_way = true;
  context_.drain.began = loop_.now();
  for (auto& door : doors_) {
    door->listener().resume();
    door->listener().accept_backlog(shared_.limits.backlog + 1);  // Linux keeps one more
  }
  doors_.clear();
  drain_timer_.arm(loop_.now() + shared_.limits.drain_timeout);
  for_each_session([](Session& session) { session.drain(); });
  finish_if_drained();
}

void Worker::finish_if_drained() {
  if (session_count_ > 0 || std::exchange(drained_, true)) return;
  drain_timer_.cancel();
  calls_.end_outgoing();
  limited_lines_.flush();
  if (shared_.on_drained) {
    shared_.on_drained(*this);
  } else {
    loop_.stop();
  }
}

// What is left gets an error if its protocol has one, and a moment to receive it. Then it is
// closed, whether it still reads or not; what the kernel holds is delivered all the same.
void Worker::on_drain_deadline() {
  if (std::exchange(saying_farewell_, true)) {
    stop();
    return;
  }
  for_each_session([this](Session& session) { session.end_drain(context_.drain.report); });
  drain_timer_.arm(loop_.now() + kFarewell);
}

void Worker::stop() {
  context_.drain.under_way = true;
  doors_.clear();
  for_each_session([](Session& session) { session.leave(); });
  finish_if_drained();
}

}  // namespace appd::servers
