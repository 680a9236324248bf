// A stream between two hosts, with what matters of TCP: bounded buffers, bytes that are on the way
// for a time and arrive in pieces, an end behind the data, a reset that destroys what its receiver
// has not read. A close with unread input sends a reset, and so do bytes that reach a closed end.
//
// Half of a direction's buffer is its receiver's: what arrived there is acknowledged, read or not.
// The other half is its sender's, which may be written to only when a third of all is free: so a
// slow reader is seen to read long before it makes the stream writable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <system_error>

#include "appd/reactor/memory/buffer.h"
#include "appd/reactor/sim/host.h"
#include "appd/reactor/transport.h"

namespace appd::reactor::sim {

class Wire final : public std::enable_shared_from_this<Wire> {
 public:
  enum Side : std::uint8_t { kClient = 0, kServer = 1 };
  [[nodiscard]] static Side other(Side side) { return side == kClient ? kServer : kClient; }

  struct End {
    Host* host = nullptr;
    Endpoint address;
    bool closed = false;       // the transport is gone
    bool write_shut = false;   // our end was sent
    bool end_arrived = false;  // the peer's end was
    std::error_code error;     // the stream is broken here
    Buffer on_the_way;         // sent by the peer, not arrived
    Buffer received;           // arrived, not read
    TimePoint last_arrival{};  // of what is on the way: nothing overtakes
    // Counted for invariants.
    std::uint64_t arrived_bytes = 0;
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
    TimePoint last_progress{};  // of a read or write that moved bytes
  };

  Wire(World& world, std::uint64_t serial, std::size_t buffer_bytes);

  [[nodiscard]] std::uint64_t serial() const { return serial_; }
  [[nodiscard]] End& end(Side side) { return ends_[side]; }
  [[nodiscard]] const End& end(Side side) const { return ends_[side]; }
  [[nodiscard]] World& world() { return world_; }

  [[nodiscard]] IoResult read(Side side, std::span<std::byte> into);
  [[nodiscard]] IoResult write(Side side, std::span<const std::byte> head,
                               std::span<const std::byte> body);
  [[nodiscard]] IoResult shutdown_write(Side side);
  void close(Side side);
  [[nodiscard]] bool readable(Side side) const;
  [[nodiscard]] bool writable(Side side) const;
  // Of what was written on this side.
  [[nodiscard]] std::size_t unacknowledged_bytes(Side side) const;

  // Breaks both directions at once: the world's doing.
  void strike();
  // The client's end will fail so; nobody was there.
  void refuse(std::error_code reason) { ends_[kClient].error = reason; }
  void establish() { established_ = true; }
  [[nodiscard]] bool established() const { return established_; }
  // The world has harmed this connection: it need not end well.
  [[nodiscard]] bool struck() const { return struck_; }
  void mark_struck();
  // The server's program finds no memory for its next read: a misfortune that somebody asked for.
  void refuse_memory() { memory_refused_ = true; }
  [[nodiscard]] bool memory_refused() const { return memory_refused_; }
  // The next buffer that the server's program lets grow for it finds no memory.
  void refuse_growth() { refuse_growth_ = true; }
  [[nodiscard]] bool take_refused_growth();
  // There was no memory for it once: what was served then may have been answered `internal`.
  void miss_memory();
  [[nodiscard]] bool missed_memory() const { return missed_memory_; }

  TimePoint accepted_at{};  // by the server's program

 private:
  // How long something from `to`'s peer takes to it, behind all that is on the way.
  [[nodiscard]] TimePoint arrival_time(Side to);
  [[nodiscard]] std::size_t room(Side side) const;
  void send(Side from, std::span<const std::byte> bytes);
  void deliver(Side to, std::size_t bytes);
  void send_end(Side from);
  void send_reset(Side from);

  World& world_;
  const std::uint64_t serial_;
  const std::size_t buffer_bytes_;
  std::array<End, 2> ends_;
  bool established_ = false;
  bool struck_ = false;
  bool memory_refused_ = false;
  bool refuse_growth_ = false;
  bool missed_memory_ = false;
};

// One end of a wire, with a descriptor of its host.
class SimTransport final : public Transport, private Source {
 public:
  // The side's host has a descriptor left.
  SimTransport(std::shared_ptr<Wire> wire, Wire::Side side);
  ~SimTransport() override;

  [[nodiscard]] Descriptor descriptor() const override { return fd_; }
  [[nodiscard]] IoResult read(std::span<std::byte> into) override;
  [[nodiscard]] IoResult write(std::span<const std::byte> head,
                               std::span<const std::byte> body) override;
  [[nodiscard]] IoResult shutdown_write() override { return wire_->shutdown_write(side_); }
  [[nodiscard]] bool peer_ended() const override { return end().end_arrived || end().error; }
  [[nodiscard]] bool input_waiting() const override { return !end().received.empty(); }
  [[nodiscard]] std::size_t unacknowledged_bytes() const override {
    return wire_->unacknowledged_bytes(side_);
  }
  [[nodiscard]] std::error_code connect_result() override;
  [[nodiscard]] Endpoint local_endpoint() const override { return end().address; }
  [[nodiscard]] Endpoint peer_endpoint() const override {
    return wire_->end(Wire::other(side_)).address;
  }

  [[nodiscard]] const std::shared_ptr<Wire>& wire() const { return wire_; }
  [[nodiscard]] std::uint64_t source_serial() const { return serial; }
  // The peer gets ECONNRESET, whatever was on the way.
  void reset();

 private:
  [[nodiscard]] bool readable() const override { return wire_->readable(side_); }
  [[nodiscard]] bool writable() const override { return wire_->writable(side_); }
  [[nodiscard]] const Wire::End& end() const { return wire_->end(side_); }
  [[nodiscard]] Host& host() const { return *wire_->end(side_).host; }

  std::shared_ptr<Wire> wire_;
  const Wire::Side side_;
  const Descriptor fd_;
};

struct WirePair {
  std::unique_ptr<SimTransport> client;
  std::unique_ptr<SimTransport> server;
};

// An established stream without a listener; the hosts, which may be one, have descriptors left.
[[nodiscard]] WirePair make_wire_pair(Host& client, Host& server, std::size_t buffer_bytes);

}  // namespace appd::reactor::sim
