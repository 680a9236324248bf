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

#include "appd/handlers/typed/borrowed.h"
#include "appd/handlers/waiting/call_context.h"
#include "appd/handlers/waiting/owned_request.h"
#include "appd/handlers/waiting/responder.h"
#include "appd/handlers/waiting/task.h"

namespace appd::handlers {

namespace detail {

// Whether every parameter and what comes out of the Task<> own what they hold. Nothing fails here:
// a constant behind a failed assertion is an error of its own.
template <class Signature>
inline constexpr bool kOwned = false;
template <class Returned, class... Parameters>
inline constexpr bool kOwned<Returned(Parameters...)> = (!kBorrows<Parameters> && ...);
template <class T, class... Parameters>
inline constexpr bool kOwned<Task<T>(Parameters...)> =
    !kBorrows<T> && (!kBorrows<Parameters> && ...);

// One parameter of a coroutine: refused where it would point to what is gone after the first wait.
template <class Parameter>
struct OwnedParameter {
  static constexpr bool kOk = !kBorrows<Parameter>;
  static constexpr bool kReference = std::is_reference_v<Parameter>;
  static constexpr bool kPointer = std::is_pointer_v<Parameter>;
  static_assert(kOk || !kReference,
                "a coroutine handler takes its parameters by value: a reference would point to "
                "memory that is gone when the coroutine goes on after a wait");
  static_assert(kOk || !kPointer,
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
struct OwnedResult {};
template <class T>
struct OwnedResult<Task<T>> {
  static_assert(!kBorrows<T>,
                "a coroutine handler returns what owns its memory: a string_view, span, JsonView "
                "or pointer, or what holds one, would point to what the coroutine held, which is "
                "gone when its result is sent; return std::string, std::vector or Json");
};

template <class Signature>
struct OwnedSignature;
template <class Returned, class... Parameters>
struct OwnedSignature<Returned(Parameters...)> {
  static_assert((sizeof(OwnedResult<Returned>) + ... + sizeof(OwnedParameter<Parameters>)) > 0);
};

// The signature of a function object, as std::function deduces it; a generic lambda has none.
template <class Signature>
Signature* signature_in(const std::function<Signature>&);
template <class Function>
using SignatureOf =
    std::remove_pointer_t<decltype(signature_in(std::function(std::declval<Function>())))>;

}  // namespace detail

// Whether every parameter of `Function` may outlive a wait, and its result the coroutine.
template <class Function>
inline constexpr bool kOwns = detail::kOwned<detail::SignatureOf<Function>>;
// Compiles only where kOwns. Whoever makes a handler of a coroutine of another form checks it so.
template <class Function>
constexpr void require_owned() {
  static_assert(sizeof(detail::OwnedSignature<detail::SignatureOf<Function>>) > 0);
}

// A WaitingHandler that starts a coroutine for each call. It is a type of its own so that such a
// handler can be told from others: a coroutine goes on on its loop, and cannot run in the pool.
class CoroutineStarter {
 public:
  explicit CoroutineStarter(WaitingHandler start) : start_(std::move(start)) {}
  void operator()(const Request& request, CallContext context, Responder responder) const {
    start_(request, std::move(context), std::move(responder));
  }

 private:
  WaitingHandler start_;
};
[[nodiscard]] bool is_coroutine(const WaitingHandler& handler);

// `function`: Task<Result<Reply>>(OwnedRequest, CallContext), callable as const: several loops call
// it at once. What it captures lives as long as the registry, which every call keeps.
template <class Function>
[[nodiscard]] WaitingHandler coroutine_handler(Function function) {
  if constexpr (!kOwns<Function>) {
    require_owned<Function>();
    return {};
  } else {
    static_assert(
        std::is_invocable_r_v<Task<Result<Reply>>, const Function&, OwnedRequest, CallContext>,
        "a coroutine handler is a Task<Result<Reply>>(OwnedRequest, CallContext)");
    return CoroutineStarter([function = std::move(function)](
                                const Request& request, CallContext context, Responder responder) {
      CallServices& services = context.services();  // the call's, which is there
      const auto put = [](Request::Form /*form*/, Result<Reply> result, Reply& reply) {
        return std::move(result).map([&reply](Reply&& given) { reply = std::move(given); });
      };
      services.run(AnsweringTask(function(OwnedRequest(request), std::move(context)), request.form,
                                 put, std::move(responder)));
    });
  }
}

}  // namespace appd::handlers
