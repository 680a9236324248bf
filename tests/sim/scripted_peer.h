// A peer that holds one conversation and checks every byte that comes back: in order, exact, and
// ended as it should be. It is no user of the reactor: it takes turns of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "appd/reactor/sim/host.h"
#include "appd/reactor/sim/wire.h"
#include "tests/sim/conversation.h"

namespace appd::testing {

class ScriptedPeer final : public reactor::sim::Actor {
 public:
  // Connects from `address` to `server` at `begin`.
  ScriptedPeer(reactor::sim::World& world, const std::string& address, std::uint64_t number,
               reactor::Endpoint server, Conversation talk, reactor::TimePoint begin);
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  [[nodiscard]] bool due() const override;
  [[nodiscard]] std::optional<reactor::TimePoint> wakes_at() const override;
  void turn() override;

  // The server may refuse any of its requests, and end the connection.
  void may_be_overloaded() { may_be_overloaded_ = true; }
  [[nodiscard]] bool done() const { return state_ == State::kDone; }
  [[nodiscard]] const Conversation& talk() const { return talk_; }
  [[nodiscard]] std::size_t replies() const { return matched_; }
  [[nodiscard]] const std::string& last_status() const { return last_status_; }
  [[nodiscard]] bool ended_in_order() const { return ended_in_order_; }
  [[nodiscard]] const std::shared_ptr<reactor::sim::Wire>& wire() const { return wire_; }

  // The server was told to drain now: what has arrived is owed a reply, what has not is not.
  // `deadline`: when it may break off.
  void note_drain(reactor::TimePoint deadline);
  // All of its loops know by now; what they read in the turn in which they heard it they answered
  // as before.
  void note_draining();
  // Lets go of a connection that nothing else would end.
  void give_up();
  // Violates the world if the server still holds the connection beyond what the conversation says.
  void check_lifetime() const;

 private:
  enum class State : std::uint8_t { kWaiting, kConnecting, kTalking, kDone };

  void connect();
  void talk_on();
  [[nodiscard]] bool may_send() const;
  [[nodiscard]] bool may_read() const;
  void send_some();
  void end_sending();
  void read_some();
  void match();
  [[nodiscard]] bool match_exact(const std::string& kept);
  [[nodiscard]] bool match_error(const std::string& status);
  void note_reply(std::size_t bytes);
  void differs();
  void finish(bool in_order);
  [[nodiscard]] bool excused() const;
  [[nodiscard]] bool crossed() const;
  [[nodiscard]] bool is_told_the_end() const;
  [[nodiscard]] bool has_unread_request() const;
  [[nodiscard]] std::optional<std::uint64_t> written_if_settled() const;
  [[nodiscard]] bool last_is_from_draining() const;
  [[nodiscard]] std::size_t owed() const;
  void violate(const std::string& what);

  reactor::sim::World& world_;
  reactor::sim::Host host_;
  const std::uint64_t number_;
  const reactor::Endpoint server_;
  const Conversation talk_;
  const reactor::TimePoint begin_;
  State state_ = State::kWaiting;
  std::unique_ptr<reactor::Transport> transport_;
  std::shared_ptr<reactor::sim::Wire> wire_;
  std::size_t sent_ = 0;
  bool sending_ended_ = false;
  bool paused_ = false;  // the pause is behind us
  reactor::TimePoint next_send_{};
  reactor::TimePoint next_read_{};
  std::string received_;  // not matched yet
  std::size_t matched_ = 0;
  std::string last_status_;
  bool ended_in_order_ = false;
  bool may_be_overloaded_ = false;
  bool cut_off_ = false;  // the server said that it ends: no more replies are owed
  reactor::Duration jumped_before_{};
  std::optional<std::uint64_t> arrived_at_drain_;
  bool must_be_told_ =
      false;  // a reply comes behind the drain's begin, and is to say that it is last
  // What the server had written when it began to drain, if that was all that it had been asked for:
  // what follows is from a draining server, and the last of it is to say so.
  std::optional<std::uint64_t> written_at_draining_;
  bool told_last_ = false;  // the last reply said so
  reactor::TimePoint drain_began_{};
  reactor::TimePoint drain_deadline_{};
};

}  // namespace appd::testing
