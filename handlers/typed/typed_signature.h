// Inside the layer: what a function's type says about the action it is to become (typed.h).
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "appd/handlers/handler.h"
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
template <class F>
struct TypedSignature : TypedSignature<decltype(&F::operator())> {};
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

// A parameter that is not the request's value, but what surrounds it.
template <class A>
concept Surrounding = std::same_as<std::remove_cvref_t<A>, Request> ||
    std::same_as<std::remove_cvref_t<A>, OwnedRequest> ||
    std::same_as<std::remove_cvref_t<A>, CallContext> || std::same_as<A, Reply&>;

template <class T>
struct ValueIs {
  using Type = T;
};
// The type of the value in a parameter list, which is at most one; void: there is none.
template <class Parameters>
struct ValueOf;
template <>
struct ValueOf<std::tuple<>> {
  using Type = void;
};
template <class A, class... Rest>
struct ValueOf<std::tuple<A, Rest...>> {
  static_assert(Surrounding<A> || (Surrounding<Rest> && ...),
                "an action takes one value; take several in a std::vector, or a JsonView");
  using Type = typename std::conditional_t<Surrounding<A>, ValueOf<std::tuple<Rest...>>,
                                           ValueIs<std::remove_cvref_t<A>>>::Type;
};

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

template <class F>
using ParametersOf = typename TypedSignature<F>::Parameters;
template <class F>
using ReturnedOf = typename TypedSignature<F>::Returned;
template <class F>
using ArgumentType = typename ValueOf<ParametersOf<F>>::Type;
template <class F>
using ResultType = typename ResultOf<std::remove_cvref_t<ReturnedOf<F>>>::Type;

}  // namespace appd::handlers::detail
