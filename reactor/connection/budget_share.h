// What one connection holds of the budget of all (reactor/memory/buffer_budget.h), and its turn to
// go beyond it, the overdraft.
//
// Invariant: at the end of every event the budget knows what is held, to the byte; the overdraft is
// held only by a connection that reads; a stopped connection counts as one until it reads on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "appd/reactor/clock.h"
#include "appd/reactor/connection/read_stops.h"
#include "appd/reactor/memory/buffer_budget.h"

namespace appd::reactor {

class BudgetShare {
 public:
  // Bytes that the delegate keeps on the connection's behalf.
  void set_delegate_bytes(std::size_t bytes) { delegate_bytes_ = bytes; }
  // Whether it may read on: within the budget or, from now on, beyond it. `kept` bytes of a message
  // are there, `missing` are still to come.
  [[nodiscard]] bool may_read(BufferBudget& budget, std::size_t kept, std::size_t missing,
                              TimePoint now);
  // It may not, until next_try(). Whether it was reading before.
  bool stop(BufferBudget& budget, TimePoint now);
  [[nodiscard]] TimePoint next_try() const { return next_try_; }

  // The overdraft is given back at this time, if reading has not ended before.
  [[nodiscard]] bool in_turn() const { return in_turn_; }
  [[nodiscard]] TimePoint turn_ends() const { return turn_ends_; }
  [[nodiscard]] bool turn_over(TimePoint now) const { return in_turn_ && now >= turn_ends_; }
  // It still holds more than its share: others come first.
  void end_turn(BufferBudget& budget, std::size_t kept);

  // At the end of an event, with so many bytes in the connection's buffers.
  void settle(BufferBudget& budget, std::size_t buffered, bool open, bool reads);
  // The connection goes.
  void give_back(BufferBudget& budget);
  // Something has to be remembered.
  [[nodiscard]] bool any() const {
    return accounted_ > 0 || delegate_bytes_ > 0 || stopped_ || in_turn_;
  }
  void check_invariant(ReadStops stops, bool open) const;

 private:
  [[nodiscard]] bool begin_turn(BufferBudget& budget, std::size_t kept, std::size_t missing,
                                TimePoint now);
  void go_on(BufferBudget& budget);
  void end_overdraft(BufferBudget& budget);

  std::size_t accounted_ = 0;  // bytes that the budget knows of
  std::size_t delegate_bytes_ = 0;
  TimePoint next_try_{};
  TimePoint turn_ends_{};
  std::size_t turn_began_bytes_ = 0;  // what was kept then
  std::uint32_t wasted_turns_ = 0;
  bool in_turn_ = false;  // holds the overdraft
  bool stopped_ = false;  // counted as such by the budget
};

}  // namespace appd::reactor
