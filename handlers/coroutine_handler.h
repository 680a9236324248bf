// Coroutines as handlers.
//
//   Action{.name = "slow-echo", ..., .waiting_handler = coroutine_handler(
//       [](OwnedRequest request, CallContext call) -> Task<Result<Reply>> {
//         co_await call.sleep(std::chrono::milliseconds(20));
//         Reply reply;
//         reply.set_json(request->value->text());
//         co_return reply;
//       })}
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include "appd/handlers/borrowed.h"
#include "appd/handlers/call_context.h"
#include "appd/handlers/owned_request.h"
#include "appd/handlers/responder.h"
#include "appd/handlers/task.h"

namespace appd::handlers {

namespace detail {

// One parameter of a coroutine: refused where it would point to what is gone after the first wait.
template <class Parameter>
struct OwnedParameter {
  static constexpr bool kReference = std::is_reference_v<Parameter>;
  static constexpr bool kPointer = std::is_pointer_v<Parameter>;
  static constexpr bool kOk = !kReference && !kPointer && !kBorrows<Parameter>;
  static_assert(!kReference,
                "a coroutine handler takes its parameters by value: a reference would point to "
                "memory that is gone when the coroutine goes on after a wait");
  static_assert(!kPointer,
                "a coroutine handler takes its parameters by value: a pointer would point to "
                "memory that is gone when the coroutine goes on after a wait");
  static_assert(kOk || kReference || kPointer,
                "a coroutine handler takes parameters that own what they hold: a string_view, "
                "span, JsonView or Request, or what holds one, would point to memory that is gone "
                "when the coroutine goes on after a wait; take std::string, std::vector or "
                "OwnedRequest");
};

// What a coroutine returns: refused where it would point to what died with the coroutine.
template <class Returned>
struct OwnedResult {
  static constexpr bool kOk = true;  // no Task, which others refuse
};
template <class T>
struct OwnedResult<Task<T>> {
  static constexpr bool kOk = !kBorrows<T>;
  static_assert(kOk,
                "a coroutine handler returns what owns its memory: a string_view, span, JsonView "
                "or pointer, or what holds one, would point to what the coroutine held, which is "
                "gone when its result is sent; return std::string, std::vector or Json");
};

template <class Signature>
struct OwnedSignature;
template <class Returned, class... Parameters>
struct OwnedSignature<Returned(Parameters...)> {
  static constexpr bool kOk = (OwnedParameter<Parameters>::kOk & ... & OwnedResult<Returned>::kOk);
};

// The signature of a function object, as std::function deduces it; a generic lambda has none.
template <class Signature>
Signature* signature_in(const std::function<Signature>&);
template <class Function>
using SignatureOf =
    std::remove_pointer_t<decltype(signature_in(std::function(std::declval<Function>())))>;

}  // namespace detail

// Compiles only where every parameter of `Function` may outlive a wait, and its result the
// coroutine; the value is for leaving out what would only repeat the error. Whoever makes a handler
// of a coroutine of another form checks it so.
template <class Function>
[[nodiscard]] consteval bool require_owned() {
  return detail::OwnedSignature<detail::SignatureOf<Function>>::kOk;
}

// A WaitingHandler that starts a coroutine for each call. It is a type of its own so that such a
// handler can be told from others: a coroutine goes on on its loop, and cannot run in the pool.
class CoroutineStarter {
 public:
  explicit CoroutineStarter(WaitingHandler start) : start_(std::move(start)) {}
  void operator()(const Request& request, const CallContext& context, Responder responder) const {
    start_(request, context, std::move(responder));
  }

 private:
  WaitingHandler start_;
};
[[nodiscard]] bool is_coroutine(const WaitingHandler& handler);

// Runs `task` as the answer of a call, until it is done or the call is over. Whatever goes wrong in
// it is answered as for a Handler. The loop's thread only.
void answer_by(Task<Result<Reply>> task, const CallContext& context, Responder responder);

// `function`: Task<Result<Reply>>(OwnedRequest, CallContext), callable as const: several loops call
// it at once. What it captures lives as long as the registry, which every call keeps.
template <class Function>
[[nodiscard]] WaitingHandler coroutine_handler(Function function) {
  if constexpr (!require_owned<Function>()) {
    return {};
  } else {
    static_assert(
        std::is_invocable_r_v<Task<Result<Reply>>, const Function&, OwnedRequest, CallContext>,
        "a coroutine handler is a Task<Result<Reply>>(OwnedRequest, CallContext)");
    return CoroutineStarter([function = std::move(function)](const Request& request,
                                                             const CallContext& context,
                                                             Responder responder) {
      answer_by(function(OwnedRequest(request), context), context, std::move(responder));
    });
  }
}

}  // namespace appd::handlers
