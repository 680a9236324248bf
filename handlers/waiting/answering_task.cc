#include "appd/handlers/waiting/answering_task.h"

#include <new>

#include "appd/handlers/failure.h"

namespace appd::handlers {

void AnsweringTask::answer(Reply& reply) noexcept {
  try {
    try {
      const Result<void> done = put_(coroutine_, form_, reply);
      if (!done) set_failure(reply, done.error());
    } catch (...) {
      set_thrown(reply);
    }
  } catch (const std::bad_alloc&) {  // for an error reply
    reply.set_unanswered();
  }
  responder_.reply(std::move(reply));
}

}  // namespace appd::handlers
