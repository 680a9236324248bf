#include "appd/reactor/connection/budget_share.h"

#include <utility>

#include "appd/reactor/check.h"

namespace appd::reactor {

bool BudgetShare::may_read(BufferBudget& budget, std::size_t kept, std::size_t missing,
                           TimePoint now) {
  const bool may = in_turn_ || budget.allows(accounted_) || begin_turn(budget, kept, missing, now);
  if (may) go_on(budget);
  return may;
}

bool BudgetShare::begin_turn(BufferBudget& budget, std::size_t kept, std::size_t missing,
                             TimePoint now) {
  // With the reserve used up, only for a message that gives memory back when it is complete.
  if (kept == 0 && budget.exhausted()) return false;
  in_turn_ = budget.begin_overdraft({wasted_turns_, missing}, now);
  if (in_turn_) {
    turn_ends_ = now + BufferBudget::kTurn;
    turn_began_bytes_ = kept;
  }
  return in_turn_;
}

void BudgetShare::end_turn(BufferBudget& budget, std::size_t kept) {
  end_overdraft(budget);
  if (kept < turn_began_bytes_ + BufferBudget::kTurnBytes) ++wasted_turns_;
}

void BudgetShare::end_overdraft(BufferBudget& budget) {
  in_turn_ = false;
  budget.end_overdraft();
}

bool BudgetShare::stop(BufferBudget& budget, TimePoint now) {
  const bool read_before = !std::exchange(stopped_, true);
  if (read_before) budget.count_stopped();
  next_try_ = now + budget.retry();
  return read_before;
}

void BudgetShare::go_on(BufferBudget& budget) {
  if (std::exchange(stopped_, false)) budget.count_resumed();
}

void BudgetShare::settle(BufferBudget& budget, std::size_t buffered, bool open, bool reads) {
  if (!open) go_on(budget);
  const std::size_t held = buffered + delegate_bytes_;
  if (held != accounted_) budget.change(accounted_, held);
  accounted_ = held;
  if (in_turn_ && (!reads || budget.allows(held))) end_overdraft(budget);
}

void BudgetShare::give_back(BufferBudget& budget) {
  delegate_bytes_ = 0;
  settle(budget, 0, false, false);
}

void BudgetShare::check_invariant(ReadStops stops, bool open) const {
  APPD_CHECK(stopped_ || !stops.has(ReadStop::kBudget), stops);
  APPD_CHECK(open || (!in_turn_ && !stopped_), stops);
  APPD_CHECK(!in_turn_ || !stops.has(ReadStop::kPaused), stops);
}

}  // namespace appd::reactor
