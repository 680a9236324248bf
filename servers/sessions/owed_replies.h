// What a session owes: replies that have to wait, in the order of their requests, after that to
// an action that waits. A session has one only while it owes something.
//
// Invariant: replies leave in the order of add(); the first request without an answer holds up all
// that came after it. The connection's budget knows what is held (set_delegate_bytes()).
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "appd/handlers/handler.h"
#include "appd/reactor/connection/connection.h"
#include "appd/reactor/memory/block_store.h"
#include "appd/servers/calls/call.h"
#include "appd/servers/drain_report.h"
#include "appd/servers/limits.h"
#include "appd/servers/sessions/reply.h"

namespace appd::servers {

class OwedReplies {
 public:
  // Both outlive it.
  OwedReplies(reactor::Connection& connection, const Limits& limits)
      : connection_(connection), limits_(limits) {}
  OwedReplies(const OwedReplies&) = delete;
  OwedReplies& operator=(const OwedReplies&) = delete;
  // Calls that are not answered end; nothing is held any more.
  ~OwedReplies() { connection_.set_delegate_bytes(0); }

  // After all others: the reply to a request of so many bytes, which its call will answer.
  void add(Call::Pointer call, const Asked& asked, std::size_t request_bytes);
  // Likewise, a reply that is known already.
  void add(handlers::Reply&& reply, const Asked& asked);

  // The answer of `call`, one of these, which ends. What is in turn now is for send_due().
  void settle(const Call& call, handlers::Reply&& reply);
  // `reply` is the answer to the first request without one, and the last: what comes after it goes.
  void refuse_rest(handlers::Reply&& reply);

  // send(Asked, handlers::Reply&, bool more) for each reply that is in turn, as long
  // as the connection is open; `more`: others are owed after it.
  template <class Send>
  void send_due(Send send) {
    while (connection_.open() && !owed_.empty() && owed_.front().call == nullptr) {
      Owed& next = owed_.front();
      send(next.asked(), next.reply, owed_.size() > 1);
      held_bytes_ -= next.held_bytes;
      owed_.pop_front();
      if (in_turn_ > 0) --in_turn_;
    }
    account();
  }

  [[nodiscard]] bool empty() const { return owed_.empty(); }
  // Further requests may come: no limit is reached of how many wait and what they hold.
  [[nodiscard]] bool has_room() const {
    return owed_.size() < limits_.max_pending_calls && held_bytes_ < limits_.write_high_watermark;
  }
  // The connection ends with the last of these: no request after it counts.
  [[nodiscard]] bool ends_conversation() const { return !owed_.back().keep_alive; }
  // The next answer does not wait for anything, but is being worked on.
  [[nodiscard]] bool works_on_next() const;
  // All that are not in turn are cut off.
  void report(DrainReport& report) const;

 private:
  struct Owed {
    Owed(const Asked& asked, std::size_t request_bytes)
        : held_bytes(request_bytes),
          extended(asked.extended),
          keep_alive(asked.keep_alive),
          request_id(asked.request_id),
          action(asked.action),
          began(asked.began) {}

    Call::Pointer call = {};     // null: answered
    handlers::Reply reply = {};  // once answered
    std::size_t held_bytes;      // of the request while its call waits, of the reply afterwards

    // Asked, to keep.
    bool extended;
    bool keep_alive;
    std::string request_id;
    std::string action;
    reactor::TimePoint began;

    [[nodiscard]] Asked asked() const {
      return {.extended = extended,
              .keep_alive = keep_alive,
              .request_id = request_id,
              .action = action,
              .began = began};
    }
  };
  using Queue = std::deque<Owed, reactor::BlockAllocator<Owed>>;

  // At the end. Throws std::bad_alloc, and then it is not there.
  [[nodiscard]] Owed& push(const Asked& asked, std::size_t held_bytes);
  void answer(Owed& owed, handlers::Reply&& reply);
  // The budget of all connections learns what is held.
  void account();

  reactor::Connection& connection_;
  const Limits& limits_;
  Queue owed_;
  std::ptrdiff_t in_turn_ = 0;  // so many of the first are answered, at least
  std::size_t held_bytes_ = 0;  // of all
};

}  // namespace appd::servers
