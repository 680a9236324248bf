#include "appd/handlers/waiting/coroutine_handler.h"

#include "appd/handlers/failure.h"

namespace appd::handlers {

namespace {

Task<void> drive(Task<Result<Reply>> task, Responder responder) {
  Reply reply;
  try {
    Result<Reply> result = co_await std::move(task);
    if (result) {
      reply = std::move(*result);
    } else {
      set_failure(reply, result.error());
    }
  } catch (...) {
    set_thrown(reply);
  }
  responder.reply(std::move(reply));
}

}  // namespace

bool is_coroutine(const WaitingHandler& handler) {
  return handler.target<CoroutineStarter>() != nullptr;
}

void answer_by(Task<Result<Reply>> task, const CallContext& context, Responder responder) {
  context.services().run(drive(std::move(task), std::move(responder)));
}

}  // namespace appd::handlers
