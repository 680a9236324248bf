// What an action is: a name, a function from a request's values to a reply's values, and what it
// says about itself. No sockets, no loop.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <typeindex>
#include <vector>

#include "appd/handlers/description.h"
#include "appd/handlers/reply.h"
#include "appd/handlers/request.h"

namespace appd::handlers {

class Responder;  // responder.h

// Fills `reply`, or fails with invalid_argument, out_of_range or another status: the error's
// message (UTF-8) is the reply's text. Answered `internal`, with the reason in Reply::detail alone:
// an exception, an error that is no protocol::Status or is `internal`, a reply that was not filled.
// Called on a loop's thread, on several loops at once, and for large contents on threads of the
// worker pool: what it captures must be immutable or guarded.
using Handler = std::function<Result<void>(const Request& request, Reply& reply)>;

// A handler that waits: answers through `responder`, now or later, and does not block meanwhile.
// `request` is borrowed for the call; what outlives it is an OwnedRequest. Coroutines become one by
// coroutine_handler(). Called on a loop's thread as a Handler is; one that throws answers
// `internal`, if its responder was not moved away.
using WaitingHandler =
    std::function<void(const Request& request, CallContext context, Responder responder)>;

struct Action {
  std::string name;
  std::string summary;  // one line, for people
  Handler handler;
  // Also called by binary content that is exactly the name (kPackedNameBytes) and a payload of
  // kPackedPayloadBytes.
  bool packed_call = false;
  // Instead of `handler`; exactly one of the two is there.
  WaitingHandler waiting_handler = {};
  // The handler blocks: it is called in the worker pool, not on a loop's thread. Not for
  // coroutines, which go on on the loop. Of its context a waiting handler may then only ask the
  // deadline and the stop token.
  bool runs_in_pool = false;
  // `handler` asks for Request::context, which only a call in the pool has.
  bool takes_context = false;
  // It asks for what the program keeps for the connection: it is called on its loop, however large
  // the request.
  bool on_loop_only = false;
  std::vector<std::type_index> session_data = {};  // the types that it asks for
  // From the arrival of the request to the answer; 0: none. Whoever waits longer is answered
  // deadline_exceeded. Only for handlers that wait or run in the pool: one that computes on the
  // loop's thread cannot be interrupted.
  std::chrono::milliseconds time_limit{0};
  // What it says about itself; a typed handler's types fill the signature (typed.h).
  Signature signature = {};
  std::vector<Example> examples = {};

  // Calls need a place to wait: the answer may come after the call.
  [[nodiscard]] bool waits() const { return runs_in_pool || static_cast<bool>(waiting_handler); }
};

}  // namespace appd::handlers
