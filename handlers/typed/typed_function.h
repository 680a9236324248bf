// Inside the layer: from a request to the call of a typed function to its reply (typed.h).
#pragma once

#include <concepts>
#include <forward_list>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "appd/handlers/handler.h"
#include "appd/handlers/session_data.h"
#include "appd/handlers/typed/typed_call.h"
#include "appd/handlers/typed/typed_named.h"
#include "appd/handlers/typed/typed_signature.h"
#include "appd/handlers/waiting/coroutine_handler.h"

namespace appd::handlers::detail {

// A type that has to be a Value; what need not be is a Value for that, too: bool.
template <class A>
using ValueParameter = std::conditional_t<Surrounding<A>, bool, std::remove_cvref_t<A>>;
template <class R>
using ValueResult = std::conditional_t<std::is_void_v<R> || std::same_as<R, Reply> ||
                                           std::is_convertible_v<R, std::string_view>,
                                       bool, R>;
template <class R, class Parameters>
struct FirstRefusedIn;
template <class R, class... A>
struct FirstRefusedIn<R, std::tuple<A...>> : FirstRefused<ValueParameter<A>..., ValueResult<R>> {};
template <class F>
struct FirstRefusedOf : FirstRefused<> {};
template <HasSignature F>
struct FirstRefusedOf<F> : FirstRefusedIn<ResultType<F>, ParametersOf<F>> {};
// Which type of `F` is none that an action takes or gives; void: all are, or it has none.
template <class F>
using RefusedOf = typename FirstRefusedOf<F>::Type;

template <class A>
inline constexpr bool kChangesArgument = !Surrounding<A> && std::is_lvalue_reference_v<A> &&
                                         !std::is_const_v<std::remove_reference_t<A>>;
template <class Parameters>
inline constexpr bool kChangesArguments = false;
template <class... A>
inline constexpr bool kChangesArguments<std::tuple<A...>> = (kChangesArgument<A> || ...);

// What stands for the value where a function takes none.
struct NoValue {};

// What a function may be called with, its value aside.
template <class Context>  // CallContext, const where it is not given away
struct Surroundings {
  const Request& request;
  Context* context;  // null where no parameter is one
  Reply* reply;      // likewise
};

// Which of the values the parameter at `place` is.
template <class... A>
constexpr std::size_t value_place(std::size_t place) {
  constexpr bool kSurrounding[] = {Surrounding<A>...};
  std::size_t values = 0;
  for (std::size_t at = 0; at < place; ++at) values += kSurrounding[at] ? 0 : 1;
  return values;
}

template <std::size_t kPlace, class... T>
auto&& value_at(Several<T...>& values) {
  using Member = std::tuple_element_t<kPlace, std::tuple<T...>>;
  auto& slot = std::get<kPlace>(values.slots);
  if constexpr (std::is_default_constructible_v<Member>) {
    return std::move(slot);
  } else {
    return *std::move(slot);
  }
}

// The argument for a parameter of type A.
template <class A, std::size_t kPlace, class T, class Context>
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
  } else if constexpr (std::same_as<Plain, reactor::TimePoint>) {
    return call.request.now();
  } else if constexpr (SessionParameter<A>) {
    return call.request.session_data()->template get<Plain>();
  } else if constexpr (kIsSeveral<T>) {
    return value_at<kPlace>(value);
  } else {
    return std::move(value);
  }
}

template <class F, class T, class Context, class... A, std::size_t... kAt>
decltype(auto) call_in_order(const F& function, [[maybe_unused]] T& value,
                             [[maybe_unused]] const Surroundings<Context>& call,
                             std::type_identity<std::tuple<A...>>, std::index_sequence<kAt...>) {
  return function(argument_for<A, value_place<A...>(kAt)>(value, call)...);
}
template <class F, class T, class Context, class... A>
decltype(auto) call_function(const F& function, T& value, const Surroundings<Context>& call,
                             std::type_identity<std::tuple<A...>> parameters) {
  return call_in_order(function, value, call, parameters, std::index_sequence_for<A...>());
}

// The value for `F`, NoValue where it takes none.
template <class F>
auto value_for(const Site& site, [[maybe_unused]] const NamesOf<F>& names) {
  using T = ArgumentType<F>;
  if constexpr (kTakesSeveral<F>) {
    Result<T> values;
    if (Result<void> read = names->read(&*values, site); !read) {
      values = tl::unexpected(std::move(read.error()));
    }
    return values;
  } else if constexpr (!std::is_void_v<T>) {
    return typed_argument<T>(site);
  } else if constexpr (kTakesRequest<ParametersOf<F>>) {
    return Result<NoValue>();
  } else {
    return expect_no_value(site).map([] { return NoValue(); });
  }
}

template <class F>
Result<void> call_typed(const F& function, const NamesOf<F>& names, bool plain_refusals,
                        const Request& request, Reply& reply) {
  const Surroundings<const CallContext> call{request, request.context, &reply};
  if (kTakesContext<ParametersOf<F>> && call.context == nullptr) return no_context();
  if (kTakesSession<ParametersOf<F>> && request.session_data() == nullptr) return no_session();
  std::forward_list<std::string> texts;
  auto value = value_for<F>(Site{request, texts, plain_refusals}, names);
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
void start_typed(const F& function, const NamesOf<F>& names, bool plain_refusals,
                 const Request& request, CallContext context, Responder responder) {
  CallServices& services = context.services();  // the call's, which is there
  if (kTakesSession<ParametersOf<F>> && request.session_data() == nullptr) {
    return responder.fail(no_session().value());
  }
  std::forward_list<std::string> texts;
  auto value = value_for<F>(Site{request, texts, plain_refusals}, names);
  if (!value) return responder.fail(value.error());
  auto task = call_function(function, *value, Surroundings<CallContext>{request, &context, nullptr},
                            std::type_identity<ParametersOf<F>>());
  services.run(AnsweringTask(std::move(task), request.form, PutResult(), std::move(responder)));
}

// Throws std::invalid_argument where the function would not take the value of an example.
template <class F>
void check_examples(const std::string& action, const std::vector<Example>& examples,
                    const NamesOf<F>& names) {
  for (const Example& example : examples) {
    const ExampleCall call(action, example);
    std::forward_list<std::string> texts;
    const auto value = value_for<F>(Site{call.request(), texts}, names);
    if (!value) call.refuse(value.error());
  }
}

}  // namespace appd::handlers::detail
