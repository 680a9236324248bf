#include "appd/reactor/sim/wire.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace appd::reactor::sim {
namespace {

IoResult moved(std::size_t bytes) { return {IoOutcome::kBytes, Interest::kNone, bytes, {}}; }

IoResult would_block(Interest wants) { return {IoOutcome::kWouldBlock, wants, 0, {}}; }

IoResult broken(std::error_code error) { return {IoOutcome::kError, Interest::kNone, 0, error}; }

std::error_code system_error(int error) { return {error, std::system_category()}; }

}  // namespace

Wire::Wire(World& world, std::uint64_t serial, std::size_t buffer_bytes)
    : world_(world), serial_(serial), buffer_bytes_(buffer_bytes) {}

std::size_t Wire::room(Side side) const {
  const End& peer = ends_[other(side)];
  const std::size_t used = peer.on_the_way.size() + peer.received.size();
  return used < buffer_bytes_ ? buffer_bytes_ - used : 0;
}

bool Wire::readable(Side side) const {
  const End& end = ends_[side];
  return end.error || end.end_arrived || !end.received.empty();
}

bool Wire::writable(Side side) const {
  const End& end = ends_[side];
  return end.error || end.write_shut ||
         (established_ && room(side) > 0 && 3 * room(side) >= buffer_bytes_);
}

std::size_t Wire::unacknowledged_bytes(Side side) const {
  const End& peer = ends_[other(side)];
  const std::size_t acknowledged = std::min(peer.received.size(), buffer_bytes_ / 2);
  return peer.on_the_way.size() + peer.received.size() - acknowledged;
}

IoResult Wire::read(Side side, std::span<std::byte> into) {
  End& end = ends_[side];
  if (end.error) return broken(end.error);
  if (into.empty()) return moved(0);
  const auto waiting = end.received.bytes();
  const std::size_t count = std::min(waiting.size(), into.size());
  if (count == 0) {
    if (!end.end_arrived) return would_block(Interest::kRead);
    return {IoOutcome::kEnd, Interest::kNone, 0, {}};
  }
  std::copy_n(waiting.begin(), count, into.begin());
  end.received.consume(count);
  end.read_bytes += count;
  end.last_progress = world_.now();
  world_.note(side == kServer ? "server-read" : "client-read", serial_, count);
  return moved(count);
}

IoResult Wire::write(Side side, std::span<const std::byte> head, std::span<const std::byte> body) {
  End& end = ends_[side];
  if (end.error)
    return broken(end.error == std::errc::connection_reset ? system_error(EPIPE) : end.error);
  if (end.write_shut) return broken(system_error(EPIPE));
  if (head.empty() && body.empty()) return moved(0);
  if (!established_ || room(side) == 0) return would_block(Interest::kWrite);
  const auto of_head = head.first(std::min(head.size(), room(side)));
  send(side, of_head);
  const auto of_body = body.first(std::min(body.size(), room(side)));
  if (of_head.size() == head.size()) send(side, of_body);
  const std::size_t count = of_head.size() + (of_head.size() == head.size() ? of_body.size() : 0);
  end.written_bytes += count;
  end.last_progress = world_.now();
  world_.note(side == kServer ? "server-write" : "client-write", serial_, count);
  return moved(count);
}

TimePoint Wire::arrival_time(Side to) {
  const Ways& ways = world_.ways;
  std::chrono::microseconds way = world_.random_time(ways.shortest, ways.longest);
  if (world_.random().chance(world_.faults.delayed_delivery)) {
    const auto most = static_cast<std::uint64_t>(ways.delay.count());
    way += std::chrono::microseconds(world_.random().below(most));
  }
  End& end = ends_[to];
  end.last_arrival = std::max(end.last_arrival, world_.now() + way);
  return end.last_arrival;
}

void Wire::send(Side from, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const Side to = other(from);
  const bool refused = std::exchange(refuse_growth_, false);  // to the program, not to us
  ends_[to].on_the_way.append(bytes);
  refuse_growth_ = refused;
  world_.trace().note_bytes(bytes);
  const std::size_t first =
      world_.ways.cuts ? 1 + world_.random().below(bytes.size()) : bytes.size();
  for (const std::size_t piece : {first, bytes.size() - first}) {
    if (piece == 0) continue;
    world_.at(arrival_time(to),
              [self = shared_from_this(), to, piece] { self->deliver(to, piece); });
  }
}

void Wire::deliver(Side to, std::size_t bytes) {
  End& end = ends_[to];
  if (end.error) return;  // a reset has cleared the way
  if (end.closed) {
    end.on_the_way.consume(bytes);
    send_reset(to);
    return;
  }
  if (world_.random().chance(world_.faults.reset)) {
    strike();
    return;
  }
  if (end.received.empty() && bytes == end.on_the_way.size()) {
    end.received = std::move(end.on_the_way);
  } else {
    end.received.append(end.on_the_way.bytes().first(bytes));
    end.on_the_way.consume(bytes);
  }
  end.arrived_bytes += bytes;
  world_.note(to == kServer ? "to-server" : "to-client", serial_, bytes);
}

IoResult Wire::shutdown_write(Side side) {
  End& end = ends_[side];
  if (end.error) return broken(end.error);
  if (!end.write_shut) send_end(side);
  return moved(0);
}

void Wire::send_end(Side from) {
  const Side to = other(from);
  ends_[from].write_shut = true;
  world_.note("end", serial_, from);
  world_.at(arrival_time(to), [self = shared_from_this(), to] {
    self->ends_[to].end_arrived = true;
    self->world_.note("end-arrives", self->serial_, to);
  });
}

// Behind what is on the way; at its arrival everything unread is gone.
void Wire::send_reset(Side from) {
  const Side to = other(from);
  world_.note("reset", serial_, from);
  world_.at(arrival_time(to), [self = shared_from_this(), to] {
    End& end = self->ends_[to];
    if (end.closed) return;
    self->world_.note("reset-arrives", self->serial_, to);
    end.received.release();
    end.on_the_way.release();
    end.error = system_error(ECONNRESET);
  });
}

void Wire::close(Side side) {
  End& end = ends_[side];
  if (end.closed) return;
  world_.note("close", serial_, side);
  if (side == kServer && world_.refused_growth_lately()) mark_struck();
  const bool unread = !end.received.empty();
  end.closed = true;
  end.received.release();
  if (end.error) return;
  if (unread || !established_) {
    send_reset(side);
  } else if (!end.write_shut) {
    send_end(side);
  }
}

void Wire::strike() {
  world_.note("strike", serial_);
  mark_struck();
  for (End& end : ends_) {
    end.received.release();
    end.on_the_way.release();
    if (!end.error) end.error = system_error(ECONNRESET);
  }
}

bool Wire::take_refused_growth() {
  if (!std::exchange(refuse_growth_, false)) return false;
  world_.note("no-growth", serial_);
  miss_memory();
  return true;
}

void Wire::miss_memory() {
  missed_memory_ = true;
  mark_struck();
}

void Wire::mark_struck() {
  struck_ = true;
  for (const End& end : ends_) {
    if (end.host != nullptr) end.host->count_misfortune();
  }
}

// SimTransport -----------------------------------------------------------------------------------

SimTransport::SimTransport(std::shared_ptr<Wire> wire, Wire::Side side)
    : wire_(std::move(wire)), side_(side), fd_(host().open(*this)) {}

SimTransport::~SimTransport() {
  wire_->close(side_);
  host().close(fd_);
}

IoResult SimTransport::read(std::span<std::byte> into) {
  World& world = wire_->world();
  if (host().options().suffers && !into.empty()) {
    if (side_ == Wire::kServer) world.serve(wire_);
    Random& random = world.random();
    if (random.chance(world.faults.would_block)) return would_block(Interest::kRead);
    const bool asked_for = side_ == Wire::kServer && wire_->memory_refused();
    if (asked_for || (side_ == Wire::kServer && random.chance(world.faults.allocation_refused))) {
      if (asked_for || random.below(2) == 0) {
        wire_->mark_struck();
        world.note("no-memory", wire_->serial());
        throw std::bad_alloc();
      }
      wire_->refuse_growth();
    }
    if (into.size() > 1 && random.chance(world.faults.short_read)) {
      into = into.first(1 + random.below(std::min<std::size_t>(into.size(), 300)));
    }
  }
  const IoResult result = wire_->read(side_, into);
  if (result.outcome != IoOutcome::kWouldBlock && !into.empty()) host().count_progress();
  return result;
}

IoResult SimTransport::write(std::span<const std::byte> head, std::span<const std::byte> body) {
  World& world = wire_->world();
  const std::size_t total = head.size() + body.size();
  if (host().options().suffers && total > 0) {
    if (side_ == Wire::kServer) world.serve(wire_);
    Random& random = world.random();
    if (random.chance(world.faults.would_block)) return would_block(Interest::kWrite);
    if (random.chance(world.faults.short_write)) {
      const std::size_t most = 1 + random.below(total);
      head = head.first(std::min(head.size(), most));
      body = body.first(std::min(body.size(), most - head.size()));
    }
  }
  const IoResult result = wire_->write(side_, head, body);
  if (result.outcome != IoOutcome::kWouldBlock) host().count_progress();
  return result;
}

std::error_code SimTransport::connect_result() {
  if (end().error) return end().error;
  return wire_->established() ? std::error_code()
                              : std::make_error_code(std::errc::operation_in_progress);
}

void SimTransport::reset() {
  Wire::End& peer = wire_->end(Wire::other(side_));
  wire_->end(side_).error = system_error(ECONNRESET);
  peer.received.release();
  peer.on_the_way.release();
  peer.error = system_error(ECONNRESET);
}

WirePair make_wire_pair(Host& client, Host& server, std::size_t buffer_bytes) {
  World& world = client.world();
  auto wire = std::make_shared<Wire>(world, world.next_serial(), buffer_bytes);
  wire->end(Wire::kClient).host = &client;
  wire->end(Wire::kServer).host = &server;
  wire->establish();
  WirePair pair;
  pair.client = std::make_unique<SimTransport>(wire, Wire::kClient);
  pair.server = std::make_unique<SimTransport>(wire, Wire::kServer);
  return pair;
}

}  // namespace appd::reactor::sim
