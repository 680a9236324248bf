// What the sources of Connection share; for connection*.cc only.
#pragma once

#include <new>
#include <system_error>

#include "appd/reactor/check.h"
#include "appd/reactor/connection/budget_share.h"
#include "appd/reactor/connection/connection.h"
#include "appd/reactor/connection/inbound.h"
#include "appd/reactor/connection/outbound.h"
#include "appd/reactor/connection/peer_watch.h"

namespace appd::reactor {

// All of a connection that is beside the usual way, while anything of it waits: its parts, and what
// the connection does with them.
//
// Invariant: a connection without one has nothing kept and nothing unsent, is not paused and not
// stopped by the watermark or the budget, and waits for no time but its deadline_. It comes with
// the first that waits and goes at the end of the event that leaves nothing (Connection::settle()).
class Connection::Held {
 public:
  explicit Held(Connection& connection) : connection_(connection) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held();

  Inbound input;
  Outbound output;
  PeerWatch peer;
  BudgetShare share;
  // Until another one is known: there was no memory to note it.
  std::error_code close_reason = std::make_error_code(std::errc::not_enough_memory);

  // Whether the budget lets the connection read. If not, it is stopped, and its delegate told.
  [[nodiscard]] bool may_read();
  // Shows the delegate what is kept, if it may see it now.
  void show_kept();
  // Lets the next turn do so.
  void show_kept_later();

  void append_unsent(std::span<const std::byte> head, std::span<const std::byte> body,
                     std::string* owner);
  // The kernel took less than all of the two.
  void keep_unsent(std::span<const std::byte> head, std::span<const std::byte> body,
                   std::string* owner, const IoResult& result);
  // The transport may take more.
  void flush();

  // When something of this is due; never: TimePoint::max().
  [[nodiscard]] TimePoint next_deadline() const;
  void on_due();

  // At the end of an event.
  void settle();
  [[nodiscard]] bool anything() const;  // that waits
  void check_invariant() const;

 private:
  [[nodiscard]] BufferBudget* budget() const { return options().budget; }
  [[nodiscard]] const ConnectionOptions& options() const { return connection_.context_.options; }
  [[nodiscard]] TimePoint now() const { return connection_.loop().now(); }
  void stop_by_budget();
  void end_turn();
  void stop_above_watermark();
  void read_on_below_watermark();
  [[nodiscard]] bool looks() const;
  void look_at_peer();

  Connection& connection_;
};

template <class Body>
void Connection::event(Body body) {
  APPD_CHECK(!in_event());
  event_ = loop().claim_buffers() ? Event::kCollecting : Event::kDirect;
  try {
    body();
    flush_collected();
    if (state_ != State::kOpen) continue_closing();
  } catch (const std::bad_alloc&) {
    finish_close(std::make_error_code(std::errc::not_enough_memory));
    flush_collected();
  }
  if (event_ == Event::kCollecting) loop().release_buffers();
  end_event();
}

}  // namespace appd::reactor
