// What other threads have to say to the calls of a loop: answers, and the ends of what the pool
// did. Calls are named, never pointed to: by then they may be gone, and so may the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "appd/handlers/handler.h"
#include "appd/handlers/waiting/owned_request.h"
#include "appd/reactor/event_loop.h"

namespace appd::servers {

class CallEnvironment;

// Names a call of a loop, in the table of its CallEnvironment.
struct CallId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  bool operator==(const CallId&) const = default;
};

// What a large request turned out to be: the call of an action that waits.
struct DecodedCall {
  DecodedCall(const handlers::Action& the_action, handlers::OwnedRequest the_request)
      : action(the_action), request(std::move(the_request)) {}
  const handlers::Action& action;
  const handlers::OwnedRequest request;
};

struct CallEvent {
  enum class Kind : std::uint8_t {
    kDecoded,     // `decoded`
    kAnswer,      // `reply`
    kNoAnswer,    // likewise: who had to answer is gone
    kWorkDone,    // of the wait with the number `wait`
    kWorkDropped  // nobody wanted it any more when its turn came
  };
  CallId call = {};  // given by CallHandle::put()
  Kind kind = Kind::kAnswer;
  std::uint32_t wait = 0;
  handlers::Reply reply = {};
  std::unique_ptr<DecodedCall> decoded = {};
  // Of a large request, once known: its action's name in the registry of the call.
  std::string_view action = {};
};

// Shared by a loop and all who may have something for it.
class CallMailbox : public std::enable_shared_from_this<CallMailbox> {
 public:
  // Both outlive the mailbox, or close() is called before.
  CallMailbox(reactor::EventLoop& loop, CallEnvironment& environment)
      : loop_(&loop), environment_(&environment) {}

  // Delivers `event` to CallEnvironment::on_event(), on the loop's thread, in the order of these
  // calls. Any thread. After close(): nothing happens. Without memory the event is lost: its call
  // ends with its deadline or its connection.
  void put(CallEvent event) noexcept;
  // The loop's thread: what was put and not delivered is dropped.
  void close();

 private:
  void deliver();

  std::mutex mutex_;              // guards what follows
  reactor::EventLoop* loop_;      // null: closed
  CallEnvironment* environment_;  // likewise
  std::vector<CallEvent> events_;
  bool announced_ = false;  // deliver() is posted
};

}  // namespace appd::servers
