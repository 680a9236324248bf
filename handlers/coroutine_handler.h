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
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "handlers/call_context.h"
#include "handlers/owned_request.h"
#include "handlers/responder.h"
#include "handlers/task.h"

namespace appd::handlers {

namespace detail {

template <class T>
inline constexpr bool kIsView = false;
template <class Char, class Traits>
inline constexpr bool kIsView<std::basic_string_view<Char, Traits>> = true;
template <class T, std::size_t kExtent>
inline constexpr bool kIsView<std::span<T, kExtent>> = true;
template <>
inline constexpr bool kIsView<JsonView> = true;
template <>
inline constexpr bool kIsView<Request> = true;

// One parameter of a coroutine: refused where it would point to what is gone after the first wait.
template <class Parameter>
struct OwnedParameter {
  static_assert(!std::is_reference_v<Parameter>,
                "a coroutine handler takes its parameters by value: a reference would point to "
                "memory that is gone when the coroutine goes on after a wait");
  static_assert(!std::is_pointer_v<Parameter>,
                "a coroutine handler takes its parameters by value: a pointer would point to "
                "memory that is gone when the coroutine goes on after a wait");
  static_assert(!kIsView<std::remove_cvref_t<Parameter>>,
                "a coroutine handler takes parameters that own what they hold: a string_view, "
                "span, JsonView or Request would point to memory that is gone when the coroutine "
                "goes on after a wait; take std::string, std::vector or OwnedRequest");
  static constexpr bool kOk = true;
};

template <class Signature>
struct OwnedParameters;
template <class Returned, class... Parameters>
struct OwnedParameters<Returned(Parameters...)> {
  static constexpr bool kOk = (OwnedParameter<Parameters>::kOk && ...);
};

// The signature of a function object, as std::function deduces it; a generic lambda has none.
template <class Signature>
Signature* signature_in(const std::function<Signature>&);
template <class Function>
using SignatureOf =
    std::remove_pointer_t<decltype(signature_in(std::function(std::declval<Function>())))>;

}  // namespace detail

// Compiles only where every parameter of `Function` may outlive a wait. Whoever makes a handler of
// a coroutine of another form checks it so.
template <class Function>
constexpr void require_owned_parameters() {
  static_assert(detail::OwnedParameters<detail::SignatureOf<Function>>::kOk);
}

// Runs `task` as the answer of a call, until it is done or the call is over. Whatever goes wrong in
// it is answered as for a Handler. The loop's thread only.
void answer_by(Task<Result<Reply>> task, const CallContext& context, Responder responder);

// `function`: Task<Result<Reply>>(OwnedRequest, CallContext), callable as const: several loops call
// it at once. What it captures lives as long as the registry, which every call keeps.
template <class Function>
[[nodiscard]] WaitingHandler coroutine_handler(Function function) {
  require_owned_parameters<Function>();
  static_assert(
      std::is_invocable_r_v<Task<Result<Reply>>, const Function&, OwnedRequest, CallContext>,
      "a coroutine handler is a Task<Result<Reply>>(OwnedRequest, CallContext)");
  return [function = std::move(function)](const Request& request, const CallContext& context,
                                          Responder responder) {
    answer_by(function(OwnedRequest(request), context), context, std::move(responder));
  };
}

}  // namespace appd::handlers
