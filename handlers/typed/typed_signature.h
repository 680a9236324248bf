// Inside the layer: what a function's type says about the action it is to become (typed.h).
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeindex>
#include <vector>

#include "appd/handlers/handler.h"
#include "appd/handlers/typed/value_form.h"
#include "appd/handlers/waiting/call_context.h"
#include "appd/handlers/waiting/owned_request.h"
#include "appd/handlers/waiting/task.h"

namespace appd::handlers::detail {

template <class R, class... A>
struct CallSignature {
  using Returned = R;
  using Parameters = std::tuple<A...>;
};
// A function object with one operator(), which is const, or a pointer to a function.
// Nothing else has one: a generic operator() has many, one that is not const must not be shared.
template <class F>
struct TypedSignature {};
template <class F>
requires requires { &F::operator(); }
struct TypedSignature<F> : TypedSignature<decltype(&F::operator())> {};
template <class R, class... A>
struct TypedSignature<R (*)(A...)> : CallSignature<R, A...> {};
template <class R, class... A>
struct TypedSignature<R (*)(A...) noexcept> : CallSignature<R, A...> {};
template <class C, class R, class... A>
struct TypedSignature<R (C::*)(A...) const> : CallSignature<R, A...> {};
template <class C, class R, class... A>
struct TypedSignature<R (C::*)(A...) const noexcept> : CallSignature<R, A...> {};

template <class F>
concept HasSignature = requires {
  typename TypedSignature<F>::Returned;
};

// The same for an assertion, which would tell a concept's parts.
template <class F>
inline constexpr bool kHasSignature = HasSignature<F>;

// What surrounds the request's value, by type.
template <class T>
concept SurroundingType = std::same_as<T, Request> || std::same_as<T, OwnedRequest> ||
    std::same_as<T, CallContext> || std::same_as<T, Reply> || std::same_as<T, reactor::TimePoint>;

// T& or const T& of what is kept for the connection (session_data.h): a class that no request could
// hold.
template <class A>
concept SessionParameter =
    std::is_lvalue_reference_v<A> && std::is_class_v<std::remove_reference_t<A>> &&
    !SurroundingType<std::remove_cvref_t<A>> &&
    !Value<std::remove_cvref_t<A>>;

// A parameter that is not the request's value, but what surrounds it.
template <class A>
concept Surrounding = std::same_as<std::remove_cvref_t<A>, Request> ||
    std::same_as<std::remove_cvref_t<A>, OwnedRequest> ||
    std::same_as<std::remove_cvref_t<A>, CallContext> ||
    std::same_as<std::remove_cvref_t<A>, reactor::TimePoint> || std::same_as<A, Reply&> ||
    SessionParameter<A>;

// The values of a function that takes several (ActionOptions::parameters). JsonView has no empty
// state to be filled later.
template <class... T>
struct Several {
  template <class Each>
  using Slot = std::conditional_t<std::is_default_constructible_v<Each>, Each, std::optional<Each>>;
  std::tuple<Slot<T>...> slots;
};

template <class... T>
struct Types {};
template <class... T, class... U>
Types<T..., U...> operator+(Types<T...>, Types<U...>);

template <class Values>
struct ValueIn {
  using Type = void;
};
template <class T>
struct ValueIn<Types<T>> {
  using Type = T;
};
template <class First, class Second, class... More>
struct ValueIn<Types<First, Second, More...>> {
  using Type = Several<First, Second, More...>;
};
template <class A>
using ValueTypes = std::conditional_t<Surrounding<A>, Types<>, Types<std::remove_cvref_t<A>>>;
// The type of the value in a parameter list; void: there is none; Several<...>: more than one.
template <class Parameters>
struct ValueOf;
template <class... A>
struct ValueOf<std::tuple<A...>> : ValueIn<decltype((Types<>() + ... + ValueTypes<A>()))> {};

template <class Parameters>
inline constexpr bool kTakesRequest = false;
template <class... A>
inline constexpr bool kTakesRequest<std::tuple<A...>> =
    ((std::same_as<std::remove_cvref_t<A>, Request> ||
      std::same_as<std::remove_cvref_t<A>, OwnedRequest>) ||
     ...);

template <class Parameters>
inline constexpr bool kTakesContext = false;
template <class... A>
inline constexpr bool kTakesContext<std::tuple<A...>> =
    (std::same_as<std::remove_cvref_t<A>, CallContext> || ...);

template <class Parameters>
inline constexpr bool kTakesSession = false;
template <class... A>
inline constexpr bool kTakesSession<std::tuple<A...>> = (SessionParameter<A> || ...);

// The types that it asks for.
template <class... A>
std::vector<std::type_index> session_types(std::type_identity<std::tuple<A...>>) {
  std::vector<std::type_index> types;
  const auto add = [&types]<class One>(std::type_identity<One>) {
    if constexpr (SessionParameter<One>) types.emplace_back(typeid(std::remove_cvref_t<One>));
  };
  (add(std::type_identity<A>()), ...);
  return types;
}

template <class Parameters>
inline constexpr bool kTakesReply = false;
template <class... A>
inline constexpr bool kTakesReply<std::tuple<A...>> = (std::same_as<A, Reply&> || ...);

template <class R>
inline constexpr bool kIsTask = false;
template <class R>
inline constexpr bool kIsTask<Task<R>> = true;

// What comes out in the end: std::string of a Task<Result<std::string>>.
template <class R>
struct ResultOf {
  using Type = std::conditional_t<std::same_as<R, const char*>, std::string_view, R>;
};
template <class R>
struct ResultOf<Result<R>> : ResultOf<R> {};
template <class R>
struct ResultOf<Task<R>> : ResultOf<R> {};

// As the function's, but for what is kept for the connection, which outlives every wait.
template <class A>
using WaitedFor = std::conditional_t<SessionParameter<A>, bool, A>;
template <class R, class Parameters>
struct WaitingIn;
template <class R, class... A>
struct WaitingIn<R, std::tuple<A...>> {
  using Type = R(WaitedFor<A>...);
};
template <class F>
using WaitingSignature = typename WaitingIn<typename TypedSignature<F>::Returned,
                                            typename TypedSignature<F>::Parameters>::Type;

template <class F>
using ParametersOf = typename TypedSignature<F>::Parameters;
template <class F>
using ReturnedOf = typename TypedSignature<F>::Returned;
template <class F>
using ArgumentType = typename ValueOf<ParametersOf<F>>::Type;
template <class F>
using ResultType = typename ResultOf<std::remove_cvref_t<ReturnedOf<F>>>::Type;

template <class T>
inline constexpr bool kIsSeveral = false;
template <class... T>
inline constexpr bool kIsSeveral<Several<T...>> = true;
template <class F>
inline constexpr bool kTakesSeveral = false;
template <HasSignature F>
inline constexpr bool kTakesSeveral<F> = kIsSeveral<ArgumentType<F>>;

}  // namespace appd::handlers::detail
