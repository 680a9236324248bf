// Replies of one session that have to wait, in the order of their requests: an action that waits
// holds up the answers behind it. Sessions have one only while an answer is owed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "appd/handlers/handler.h"
#include "appd/servers/calls/pending_call.h"

namespace appd::servers {

// One request's place.
struct QueuedReply {
  std::uint64_t tag = 0;                   // given by push()
  std::unique_ptr<PendingCall> call = {};  // null: answered
  handlers::Reply reply = {};              // once answered
  bool answered = false;
  std::size_t held_bytes = 0;  // of the request while its call waits, of the reply afterwards

  // What the request expects (send_reply()).
  bool extended = false;
  bool keep_alive = false;
  std::string request_id = {};
  std::string action = {};        // for logs and the drain's report
  reactor::TimePoint began = {};  // when the request was there
};

class ReplyQueue {
 public:
  [[nodiscard]] bool empty() const { return places_.empty(); }
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  // Of requests and replies that wait.
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }
  // What push() will give.
  [[nodiscard]] std::uint64_t next_tag() const { return next_tag_; }

  // Behind all others.
  void push(QueuedReply place);
  // The place becomes an answered one, and its call ends. `action`: its name, where that was found
  // out since push(); else empty.
  void answer(std::uint64_t tag, handlers::Reply reply, std::string_view action = {});

  // `reply` is the answer to the first request without one, and the last: what is behind it goes.
  void refuse_rest(handlers::Reply reply);

  // The next reply that may be sent; null: the first request is not answered yet.
  [[nodiscard]] const QueuedReply* next();
  void pop();

  [[nodiscard]] const std::deque<QueuedReply>& places() const { return places_; }

 private:
  std::deque<QueuedReply> places_;
  std::uint64_t next_tag_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace appd::servers
