// Inside the layer: from a request to the call of a typed function to its reply (typed.h).
#pragma once

#include <concepts>
#include <forward_list>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "appd/handlers/handler.h"
#include "appd/handlers/typed/typed_call.h"
#include "appd/handlers/typed/typed_signature.h"
#include "appd/handlers/waiting/coroutine_handler.h"

namespace appd::handlers::detail {

// What stands for the value where a function takes none.
struct NoValue {};

// What a function may be called with, its value aside.
template <class Context>  // CallContext, const where it is not given away
struct Surroundings {
  const Request& request;
  Context* context;  // null where no parameter is one
  Reply* reply;      // likewise
};

// The argument for a parameter of type A.
template <class A, class T, class Context>
decltype(auto) argument_for([[maybe_unused]] T& value,
                            [[maybe_unused]] const Surroundings<Context>& call) {
  using Plain = std::remove_cvref_t<A>;
  if constexpr (std::same_as<Plain, Request>) {
    return call.request;
  } else if constexpr (std::same_as<Plain, OwnedRequest>) {
    return OwnedRequest(call.request);
  } else if constexpr (std::same_as<Plain, CallContext>) {
    return CallContext(std::move(*call.context));
  } else if constexpr (std::same_as<A, Reply&>) {
    return *call.reply;
  } else {
    return std::move(value);
  }
}

template <class F, class T, class Context, class... A>
decltype(auto) call_function(const F& function, [[maybe_unused]] T& value,
                             [[maybe_unused]] const Surroundings<Context>& call,
                             std::type_identity<std::tuple<A...>>) {
  return function(argument_for<A>(value, call)...);
}

// The value for `F`, NoValue where it takes none.
template <class F>
auto value_for(const Site& site) {
  using T = ArgumentType<F>;
  if constexpr (!std::is_void_v<T>) {
    static_assert(Value<T>, "an action takes a value of handlers/typed/typed_value.h");
    return typed_argument<T>(site);
  } else if constexpr (kTakesRequest<ParametersOf<F>>) {
    return Result<NoValue>();
  } else {
    return expect_no_value(site).map([] { return NoValue(); });
  }
}

template <class F>
Result<void> call_typed(const F& function, bool plain_refusals, const Request& request,
                        Reply& reply) {
  const Surroundings<const CallContext> call{request, request.context, &reply};
  if (kTakesContext<ParametersOf<F>> && call.context == nullptr) return no_context();
  std::forward_list<std::string> texts;
  auto value = value_for<F>(Site{request, texts, plain_refusals});
  if (!value) return tl::unexpected(std::move(value.error()));
  const std::type_identity<ParametersOf<F>> parameters;
  if constexpr (std::is_void_v<ReturnedOf<F>>) {
    call_function(function, *value, call, parameters);
    if constexpr (!kTakesReply<ParametersOf<F>>) reply_with_nothing(request.form, reply);
    return {};
  } else if constexpr (kTakesReply<ParametersOf<F>>) {
    static_assert(std::same_as<ReturnedOf<F>, Result<void>>,
                  "an action that fills a Reply& returns nothing, or a Result<void>");
    return call_function(function, *value, call, parameters);
  } else {
    return reply_with(request.form, call_function(function, *value, call, parameters), reply);
  }
}

// From what a coroutine returned to the reply.
struct PutResult {
  template <class R>
  Result<void> operator()(Request::Form form, R&& result, Reply& reply) const {
    return reply_with(form, std::forward<R>(result), reply);
  }
  Result<void> operator()(Request::Form form, Reply& reply) const {
    reply_with_nothing(form, reply);
    return {};
  }
};

template <class F>
void start_typed(const F& function, bool plain_refusals, const Request& request,
                 CallContext context, Responder responder) {
  CallServices& services = context.services();  // the call's, which is there
  std::forward_list<std::string> texts;
  auto value = value_for<F>(Site{request, texts, plain_refusals});
  if (!value) return responder.fail(value.error());
  auto task = call_function(function, *value, Surroundings<CallContext>{request, &context, nullptr},
                            std::type_identity<ParametersOf<F>>());
  services.run(AnsweringTask(std::move(task), request.form, PutResult(), std::move(responder)));
}

}  // namespace appd::handlers::detail
