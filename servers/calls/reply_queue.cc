#include "appd/servers/calls/reply_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::servers {

void ReplyQueue::push(QueuedReply place) {
  place.tag = next_tag_;
  places_.push_back(std::move(place));
  held_bytes_ += places_.back().held_bytes;
  ++next_tag_;
}

void ReplyQueue::answer(std::uint64_t tag, handlers::Reply reply, std::string_view action) {
  const auto found =
      std::find_if(places_.begin(), places_.end(),
                   [tag](const QueuedReply& candidate) { return candidate.tag == tag; });
  APPD_CHECK(found != places_.end(), tag);
  QueuedReply& place = *found;
  if (!action.empty()) place.action = action;
  held_bytes_ -= place.held_bytes;
  place.held_bytes = reply.content().size();
  held_bytes_ += place.held_bytes;
  place.reply = std::move(reply);
  place.answered = true;
  place.call.reset();
}

void ReplyQueue::refuse_rest(handlers::Reply reply) {
  const auto first = std::find_if(places_.begin(), places_.end(),
                                  [](const QueuedReply& place) { return !place.answered; });
  if (first == places_.end()) return;
  std::deque<QueuedReply> gone(std::make_move_iterator(first + 1),
                               std::make_move_iterator(places_.end()));
  places_.erase(first + 1, places_.end());
  for (const QueuedReply& place : gone) held_bytes_ -= place.held_bytes;
  const std::uint64_t tag = places_.back().tag;
  places_.back().keep_alive = false;
  answer(tag, std::move(reply));
}

const QueuedReply* ReplyQueue::next() {
  if (places_.empty()) return nullptr;
  return places_.front().answered ? &places_.front() : nullptr;
}

void ReplyQueue::pop() {
  held_bytes_ -= places_.front().held_bytes;
  places_.pop_front();
}

}  // namespace appd::servers
