// A client of a waiting world: one connection with a few calls, pipelined, some of them later. It
// knows which replies it is owed, and when it may be left without.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "appd/reactor/sim/host.h"
#include "appd/reactor/sim/wire.h"
#include "tests/sim/waiting/waiting_probe.h"

namespace appd::testing {

class WaitingCaller final : private reactor::sim::Actor {
 public:
  // `max_pending`: of the server, of one session.
  WaitingCaller(reactor::sim::World& world, WaitingPlans& plans, WaitingProbe& probe,
                std::uint64_t number, const reactor::Endpoint& server, std::size_t max_pending);
  ~WaitingCaller();

  [[nodiscard]] bool done() const { return state_ == State::kDone; }
  [[nodiscard]] std::uint64_t replies() const { return replies_; }
  [[nodiscard]] bool sent(std::uint64_t number) const;
  // What the client itself does; of a cut that is not the client's, nothing.
  void strike(Cut cut);

 private:
  enum class State : std::uint8_t { kWaiting, kTalking, kDone };
  struct Call {
    std::uint64_t number = 0;
    std::string bytes;
    reactor::TimePoint send_at{};
    std::optional<reactor::TimePoint> sent_at = {};  // its first byte
    std::uint64_t end = 0;                           // of its bytes in the connection's
  };
  struct Received {
    std::string_view id;  // request-id
    std::string_view status;
    std::string_view content;
    std::size_t bytes = 0;  // of the whole reply
  };

  bool due() const override;
  std::optional<reactor::TimePoint> wakes_at() const override;
  void turn() override;

  void add_call(reactor::TimePoint send_at);
  void connect();
  void send_some();
  void stop_sending();
  void receive();
  [[nodiscard]] std::optional<Received> next_reply() const;
  void take_reply(const Received& reply);
  [[nodiscard]] bool may_fail_with(std::string_view status, const Call& call,
                                   const WatchedCall& watched) const;
  [[nodiscard]] bool ends_message(const Received& reply) const;
  void end_queued(WatchedCall& call);
  void watch_queue(std::uint64_t number, std::uint64_t end, int looks);
  void check_end();
  void finish();
  void violate(const std::string& what);

  reactor::sim::World& world_;
  WaitingPlans& plans_;
  WaitingProbe& probe_;
  reactor::sim::Host host_;
  const std::uint64_t number_;
  const reactor::Endpoint server_;
  const std::size_t max_pending_;
  State state_ = State::kWaiting;
  reactor::TimePoint begin_{};
  std::unique_ptr<reactor::Transport> transport_;
  PeerState peer_;
  std::deque<Call> unsent_;  // the first one perhaps in part
  std::size_t sent_of_first_ = 0;
  std::deque<Call> unanswered_;
  std::string received_;
  std::uint64_t written_ = 0;
  std::uint64_t replies_ = 0;
};

}  // namespace appd::testing
