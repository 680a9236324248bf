// An action from a plain function: its types say what it takes and gives (docs/handlers.md 2).
//
//   registry.add(make_action("upper", [](std::string text) { return to_upper(std::move(text)); }));
//
// The function is called by several loops at once: what it captures is immutable or guarded, and
// its operator() is const. It takes a value of typed_value.h, or several that have names
// (ActionOptions::parameters), and, if it likes, `const Request&`, which has everything else.
// Borrowed values (string_view, Bytes, JsonView) are valid during the call. It returns nothing, a
// value, a Reply, or a Result<> of these; an error's status and message reach the caller as
// handler.h says. One that takes a `Reply&`, too, fills it itself: an answer of several forms, or
// one that is written without a copy.
//
// A function that returns a Task<> of such a type is a coroutine: it may wait (task.h). It takes
// values and, if it likes, an OwnedRequest and a CallContext, all by value; nothing that it
// takes or returns is borrowed (borrowed.h).
//
// A T& or const T& of a class that is no value is what the program keeps for the connection
// (App::session_data()): one object a connection, made by T(), on the connection's loop. A
// reactor::TimePoint is the time (Request::now()).
//
// A function that blocks (ActionOptions) may take a CallContext, too, for its deadline and its stop
// token. What it borrows is valid during the call, as everywhere: the request is kept for it.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "appd/handlers/description.h"
#include "appd/handlers/handler.h"
#include "appd/handlers/typed/typed_call.h"
#include "appd/handlers/typed/typed_function.h"
#include "appd/handlers/typed/typed_signature.h"
#include "appd/handlers/waiting/coroutine_handler.h"

namespace appd::handlers {

namespace detail {

// It waits, but would hold or return what it does not own.
template <class F>
inline constexpr bool kWaitsBorrowed = false;
template <HasSignature F>
inline constexpr bool kWaitsBorrowed<F> = kIsTask<ReturnedOf<F>> && !kOwned<WaitingSignature<F>>;

// It asks for a CallContext and is no coroutine.
template <class F>
inline constexpr bool kOnlyBlocks = false;
template <HasSignature F>
inline constexpr bool kOnlyBlocks<F> = kTakesContext<ParametersOf<F>> && !kIsTask<ReturnedOf<F>>;

template <class F>
void set_handler(Action& action, F function, NamesOf<F> names, bool plain) {
  if constexpr (kIsTask<ReturnedOf<F>>) {
    action.waiting_handler =
        CoroutineStarter([function = std::move(function), names = std::move(names), plain](
                             const Request& request, CallContext context, Responder responder) {
          start_typed(function, names, plain, request, std::move(context), std::move(responder));
        });
  } else {
    action.takes_context = kOnlyBlocks<F>;
    action.handler = [function = std::move(function), names = std::move(names), plain](
                         const Request& request, Reply& reply) {
      return call_typed(function, names, plain, request, reply);
    };
  }
}

}  // namespace detail

// What follows from the types of `F`.
template <class F>
[[nodiscard]] Signature signature_of() {
  using T = detail::ArgumentType<F>;
  using R = detail::ResultType<F>;
  constexpr std::string_view kNull = R"({"type": "null"})";
  Signature signature;
  if constexpr (detail::kTakesSeveral<F>) {
    // It follows from the names, too.
  } else if constexpr (!std::is_void_v<T>) {
    signature.argument_schema = ValueForm<T>::schema();
    if constexpr (ValueForm<T>::kBinary) signature.argument_binary = ValueForm<T>::binary();
  } else if constexpr (!detail::kTakesRequest<detail::ParametersOf<F>>) {
    signature.argument_schema = kNull;
  }
  if constexpr (detail::kTakesReply<detail::ParametersOf<F>>) {
    return signature;
  } else if constexpr (std::is_void_v<R>) {
    signature.result_schema = kNull;
  } else if constexpr (!std::same_as<R, Reply>) {
    if constexpr (!detail::kIsBytes<R>) signature.result_schema = ValueForm<R>::schema();
    if constexpr (ValueForm<R>::kBinary) signature.result_binary = ValueForm<R>::binary();
    if constexpr (IntegerValue<R>) {
      signature.result_binary =
          internal::joined({"`", detail::kPackedResultPrefix, "` and ", signature.result_binary});
    }
  }
  return signature;
}

// Throws std::invalid_argument: parameters without names or with too many, an example that the
// function does not take. Registry::add() says what is wrong with a name, and which options
// `function` cannot have. An action with a name of kPackedNameBytes that takes an integer may also
// be called packed.
template <class F>
[[nodiscard]] Action make_action(std::string name, F function, ActionOptions options) {
  static_assert(detail::kHasSignature<F>,
                "an action is a function, or a function object with one const operator(), because "
                "several threads share it: leave out `mutable`, and write types instead of `auto`");
  Action action;
  if constexpr (!detail::HasSignature<F>) {
    return action;
  } else if constexpr (detail::kWaitsBorrowed<F>) {
    static_assert(sizeof(detail::OwnedSignature<detail::WaitingSignature<F>>) > 0);
  } else if constexpr (!std::is_void_v<detail::RefusedOf<F>>) {
    static_assert(sizeof(detail::RefusedType<detail::RefusedOf<F>>) > 0);
  } else if constexpr (detail::kChangesArguments<detail::ParametersOf<F>>) {
    static_assert(!detail::kChangesArguments<detail::ParametersOf<F>>,
                  "an action takes its values by value or const reference: nobody would see what "
                  "it changes in them");
  } else {
    action.name = std::move(name);
    action.summary = std::move(options.summary);
    action.time_limit = options.time_limit;
    action.runs_in_pool = options.blocks;
    action.on_loop_only = detail::kTakesSession<detail::ParametersOf<F>>;
    if constexpr (detail::kTakesSession<detail::ParametersOf<F>>) {
      action.session_data = detail::session_types(std::type_identity<detail::ParametersOf<F>>());
    }
    action.packed_call =
        IntegerValue<detail::ArgumentType<F>> && action.name.size() == kPackedNameBytes;
    Signature signature = signature_of<F>();
    detail::NamesOf<F> names{};
    if constexpr (detail::kTakesSeveral<F>) {
      names = detail::named(std::type_identity<detail::ArgumentType<F>>(), action.name,
                            std::move(options.parameters));
      names->describe(signature);
    } else {
      detail::expect_no_names(action.name, options.parameters);
    }
    detail::check_examples<F>(action.name, options.examples, names);
    action.signature = detail::with_words(std::move(signature), options.signature);
    action.examples = std::move(options.examples);
    detail::set_handler(action, std::move(function), std::move(names), options.plain_refusals);
  }
  return action;
}

template <class F>
[[nodiscard]] Action make_action(std::string name, F function) {
  static_assert(!detail::kOnlyBlocks<F>,
                "a handler that takes a CallContext returns a Task<>, or blocks: give the options "
                "{.blocks = true}");
  static_assert(!detail::kTakesSeveral<F>,
                "an action that takes several values names them: give the options "
                "{.parameters = {\"first\", \"second\"}}, or take one struct with APPD_FIELDS");
  if constexpr (detail::kOnlyBlocks<F> || detail::kTakesSeveral<F>) {
    return {};
  } else if constexpr (detail::kWaitsBorrowed<F>) {
    // Here as well, so that the error stands near the line that is wrong.
    static_assert(sizeof(detail::OwnedSignature<detail::WaitingSignature<F>>) > 0);
    return {};
  } else if constexpr (!std::is_void_v<detail::RefusedOf<F>>) {
    static_assert(sizeof(detail::RefusedType<detail::RefusedOf<F>>) > 0);
    return {};
  } else {
    return make_action(std::move(name), std::move(function), ActionOptions());
  }
}

}  // namespace appd::handlers
