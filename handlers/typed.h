// An action from a plain function: its types say what it takes and gives (docs/handlers.md 2).
//
//   registry.add(make_action("upper", [](std::string text) { return to_upper(std::move(text)); }));
//
// The function is called by several loops at once: what it captures is immutable or guarded, and
// its operator() is const. It takes at most one value of typed_value.h and, if it likes, `const
// Request&`, which has everything else. Borrowed values (string_view, Bytes, JsonView) are valid
// during the call. It returns nothing, a value, a Reply, or a Result<> of these; an error's status
// and message reach the caller as handler.h says.
//
// A function that returns a Task<> of such a type is a coroutine: it may wait (task.h). It takes at
// most one value and, if it likes, an OwnedRequest and a CallContext, all by value, nothing
// borrowed.
#pragma once

#include <concepts>
#include <forward_list>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "handlers/coroutine_handler.h"
#include "handlers/description.h"
#include "handlers/handler.h"
#include "handlers/typed_call.h"
#include "handlers/typed_signature.h"

namespace appd::handlers {

namespace detail {

// What stands for the value where a function takes none.
struct NoValue {};

// The argument for a parameter of type A. `context` is there for coroutines only.
template <class A, class T>
decltype(auto) argument_for([[maybe_unused]] T& value, [[maybe_unused]] const Request& request,
                            [[maybe_unused]] const CallContext* context) {
  using Plain = std::remove_cvref_t<A>;
  if constexpr (std::same_as<Plain, Request>) {
    return request;
  } else if constexpr (std::same_as<Plain, OwnedRequest>) {
    return OwnedRequest(request);
  } else if constexpr (std::same_as<Plain, CallContext>) {
    return CallContext(*context);
  } else {
    return std::move(value);
  }
}

template <class F, class T, class... A>
decltype(auto) call_function(const F& function, [[maybe_unused]] T& value,
                             [[maybe_unused]] const Request& request,
                             [[maybe_unused]] const CallContext* context,
                             std::type_identity<std::tuple<A...>>) {
  return function(argument_for<A>(value, request, context)...);
}

// The value for `F`, NoValue where it takes none.
template <class F>
auto value_for(const Site& site) {
  using T = ArgumentType<F>;
  if constexpr (!std::is_void_v<T>) {
    static_assert(Value<T>, "an action takes a value of handlers/typed_value.h");
    return typed_argument<T>(site);
  } else if constexpr (kTakesRequest<ParametersOf<F>>) {
    return Result<NoValue>();
  } else {
    return expect_no_value(site).map([] { return NoValue(); });
  }
}

template <class F>
Result<void> call_typed(const F& function, const Request& request, Reply& reply) {
  std::forward_list<std::string> texts;
  auto value = value_for<F>(Site{request, texts});
  if (!value) return tl::unexpected(std::move(value.error()));
  const std::type_identity<ParametersOf<F>> parameters;
  if constexpr (std::is_void_v<ReturnedOf<F>>) {
    call_function(function, *value, request, nullptr, parameters);
    reply_with_nothing(request.form, reply);
    return {};
  } else {
    return reply_with(request.form, call_function(function, *value, request, nullptr, parameters),
                      reply);
  }
}

template <class R>
Task<Result<Reply>> reply_of(Task<R> task, Request::Form form) {
  Reply reply;
  Result<void> replied;
  if constexpr (std::is_void_v<R>) {
    co_await std::move(task);
    reply_with_nothing(form, reply);
  } else {
    replied = reply_with(form, co_await std::move(task), reply);
  }
  if (!replied) co_return tl::unexpected(std::move(replied.error()));
  co_return reply;
}

template <class F>
void start_typed(const F& function, const Request& request, const CallContext& context,
                 Responder responder) {
  std::forward_list<std::string> texts;
  auto value = value_for<F>(Site{request, texts});
  if (!value) return responder.fail(value.error());
  auto task =
      call_function(function, *value, request, &context, std::type_identity<ParametersOf<F>>());
  answer_by(reply_of(std::move(task), request.form), context, std::move(responder));
}

}  // namespace detail

// What follows from the types of `F`.
template <class F>
[[nodiscard]] Signature signature_of() {
  using T = detail::ArgumentType<F>;
  using R = detail::ResultType<F>;
  constexpr std::string_view kNull = R"({"type": "null"})";
  Signature signature;
  if constexpr (!std::is_void_v<T>) {
    signature.argument_schema = ValueForm<T>::schema();
    if constexpr (ValueForm<T>::kBinary) signature.argument_binary = ValueForm<T>::binary();
  } else if constexpr (!detail::kTakesRequest<detail::ParametersOf<F>>) {
    signature.argument_schema = kNull;
  }
  if constexpr (std::is_void_v<R>) {
    signature.result_schema = kNull;
  } else if constexpr (!std::same_as<R, Reply>) {
    if constexpr (!detail::kIsBytes<R>) signature.result_schema = ValueForm<R>::schema();
    if constexpr (ValueForm<R>::kBinary) signature.result_binary = ValueForm<R>::binary();
    if constexpr (IntegerValue<R>) {
      signature.result_binary =
          "`" + std::string(detail::kPackedResultPrefix) + "` and " + signature.result_binary;
    }
  }
  return signature;
}

// Throws nothing of its own; Registry::add() says what is wrong with a name. An action with a name
// of kPackedNameBytes that takes an integer may also be called packed.
template <class F>
[[nodiscard]] Action make_action(std::string name, F function, ActionOptions options = {}) {
  static_assert(detail::HasSignature<F>,
                "an action is a function, or a function object with one const operator()");
  Action action;
  action.name = std::move(name);
  action.summary = std::move(options.summary);
  action.time_limit = options.time_limit;
  action.runs_in_pool = options.blocks;
  action.packed_call =
      IntegerValue<detail::ArgumentType<F>> && action.name.size() == kPackedNameBytes;
  action.signature = signature_of<F>();
  action.examples = std::move(options.examples);
  if constexpr (detail::kIsTask<detail::ReturnedOf<F>>) {
    require_owned_parameters<F>();
    action.waiting_handler = [function = std::move(function)](const Request& request,
                                                              const CallContext& context,
                                                              Responder responder) {
      detail::start_typed(function, request, context, std::move(responder));
    };
  } else {
    action.handler = [function = std::move(function)](const Request& request, Reply& reply) {
      return detail::call_typed(function, request, reply);
    };
  }
  return action;
}

}  // namespace appd::handlers
