#include "appd/servers/sessions/owed_replies.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::servers {

void OwedReplies::add(Call::Pointer call, const Asked& asked, std::size_t request_bytes) {
  push(asked, request_bytes).call = std::move(call);
}

void OwedReplies::add(handlers::Reply&& reply, const Asked& asked) {
  Owed& owed = push(asked, reply.content().size());
  if (protocol::closes_connection(reply.status())) owed.keep_alive = false;
  owed.reply = std::move(reply);
}

// Where there is no memory for all of it nothing is owed: whoever asked is told so at once, and an
// answer that came later would be taken for the next one's.
OwedReplies::Owed& OwedReplies::push(const Asked& asked, std::size_t held_bytes) {
  Owed& owed = owed_.emplace_back(asked, held_bytes);
  held_bytes_ += held_bytes;
  try {
    account();
  } catch (const std::bad_alloc&) {
    held_bytes_ -= held_bytes;
    owed_.pop_back();
    throw;
  }
  return owed;
}

void OwedReplies::settle(const Call& call, handlers::Reply&& reply) {
  const auto first = owed_.begin() + in_turn_;
  const auto asks = [&call](const Owed& owed) { return owed.call.get() == &call; };
  const auto found = std::find_if(first, owed_.end(), asks);
  APPD_CHECK(found != owed_.end(), call.action_name());
  if (found == first) ++in_turn_;
  found->action = call.action_name();
  answer(*found, std::move(reply));
}

void OwedReplies::answer(Owed& owed, handlers::Reply&& reply) {
  held_bytes_ -= owed.held_bytes;
  owed.held_bytes = reply.content().size();
  held_bytes_ += owed.held_bytes;
  owed.reply = std::move(reply);
  owed.call.reset();
}

void OwedReplies::refuse_rest(handlers::Reply&& reply) {
  const auto first = std::find_if(owed_.begin() + in_turn_, owed_.end(),
                                  [](const Owed& owed) { return owed.call != nullptr; });
  if (first == owed_.end()) return;
  const Queue gone(std::make_move_iterator(first + 1), std::make_move_iterator(owed_.end()));
  owed_.erase(first + 1, owed_.end());
  for (const Owed& owed : gone) held_bytes_ -= owed.held_bytes;
  owed_.back().keep_alive = false;
  answer(owed_.back(), std::move(reply));
}

bool OwedReplies::works_on_next() const {
  const Call* const call = owed_.front().call.get();
  return call != nullptr && call->decoding();
}

void OwedReplies::report(DrainReport& report) const {
  // Those before the first that waits leave at the end of this turn.
  auto owed =
      std::find_if(owed_.begin(), owed_.end(), [](const Owed& one) { return one.call != nullptr; });
  for (; owed != owed_.end(); ++owed) report.add_cut(owed->action);
}

void OwedReplies::account() {
  // What a request that waits holds beside its own bytes: its call, a usual coroutine.
  constexpr std::size_t kFrameBytes = 1024;
  constexpr std::size_t kCallBytes = sizeof(Owed) + sizeof(Call) + sizeof(CallHandle) + kFrameBytes;
  connection_.set_delegate_bytes(held_bytes_ + owed_.size() * kCallBytes);
}

}  // namespace appd::servers
