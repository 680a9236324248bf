#include "appd/handlers/layers/layer.h"

#include <memory>
#include <new>
#include <utility>

#include "appd/handlers/failure.h"
#include "appd/handlers/waiting/call_context.h"
#include "appd/handlers/waiting/coroutine_handler.h"
#include "appd/handlers/waiting/responder.h"
#include "appd/reactor/check.h"

namespace appd::handlers {

namespace {

using Observers = std::vector<ReplyObserver>;

// An observer that finds no memory has seen nothing; the answer goes on.
void tell(const Observers& observers, const Reply& reply) {
  for (const ReplyObserver& observer : observers) {
    try {
      observer(reply);
    } catch (const std::bad_alloc&) {
    }
  }
}

// Hands an answer on, and shows it to the observers on the way.
class ObservedSink final : public ReplySink {
 public:
  ObservedSink(Responder responder, Observers observers)
      : responder_(std::move(responder)), observers_(std::move(observers)) {}
  void complete(Reply&& reply) noexcept override {
    try {
      if (!reply.filled()) set_internal(reply, "the action filled no reply");
    } catch (const std::bad_alloc&) {
      reply.set_unanswered();
    }
    tell(observers_, reply);
    responder_.reply(std::move(reply));
  }
  // Whoever the answer is for learns that it was dropped, not that it came.
  void drop() noexcept override {
    tell(observers_, dropped_reply());
    const Responder dropped = std::move(responder_);
  }

 private:
  Responder responder_;
  Observers observers_;
};

// Calls the layer and says why it gave no answer by next(): nullopt, it did.
// The reply is filled where it did not.
template <class Called>
void call_layer(const Layer& layer, const Request& request, Next& next, Called called,
                Reply& reply) {
  try {
    const Result<void> done = layer(request, next);
    if (called()) return;
    if (!done) {
      set_failure(reply, done.error());
    } else {
      set_internal(reply, "a layer neither called the action nor answered");
    }
  } catch (...) {
    if (!called()) set_thrown(reply);
  }
}

}  // namespace

Result<void> Next::operator()() {
  APPD_CHECK(!called_, "next() is called once");
  called_ = true;
  call_(observers_);
  return {};
}

Action with_layer(Action action, const Layer& layer) {
  if (action.handler) {
    action.handler = [layer, inner = std::move(action.handler)](const Request& request,
                                                                Reply& reply) -> Result<void> {
      const Next::Call call = [&](Observers& observers) {
        call_handler(inner, request, reply);
        tell(observers, reply);
      };
      Next next(call);
      call_layer(
          layer, request, next, [&next] { return next.called_; }, reply);
      if (!next.called_) tell(next.observers_, reply);
      return {};
    };
    return action;
  }
  const bool coroutine = is_coroutine(action.waiting_handler);
  WaitingHandler layered = [layer, inner = std::move(action.waiting_handler)](
                               const Request& request, const CallContext& context,
                               Responder responder) {
    const Next::Call call = [&](Observers& observers) {
      Responder outer = std::move(responder);
      if (!observers.empty()) {
        outer = Responder(
            std::make_shared<ObservedSink>(std::move(outer), std::exchange(observers, {})));
      }
      // What it throws is answered here: the layer would not know whose it is.
      call_waiting_handler(inner, request, context, std::move(outer));
    };
    Next next(call);
    Reply reply;
    call_layer(
        layer, request, next, [&next] { return next.called_; }, reply);
    if (next.called_) return;
    tell(next.observers_, reply);
    responder.reply(std::move(reply));
  };
  if (coroutine) {
    action.waiting_handler = CoroutineStarter(std::move(layered));
  } else {
    action.waiting_handler = std::move(layered);
  }
  return action;
}

}  // namespace appd::handlers
