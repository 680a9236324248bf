// Which types only point to what they show. Whoever waits must not hold one: what it points to may
// be gone when the wait is over.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>

#include "appd/handlers/handler.h"
#include "appd/protocol/text/json_array.h"

namespace appd::handlers {

// Whether a T is a view, a pointer or a reference, or holds one: std::optional<std::string_view>,
// std::map<std::string, std::vector<Bytes>>. Looks into arrays and into the arguments of templates,
// also of templates that it does not know, and into structs with APPD_FIELDS; what is in another
// class of your own it cannot see, so for one that holds a view say it:
//
//   template <>
//   inline constexpr bool appd::handlers::kBorrows<Query> = true;
template <class T>
inline constexpr bool kBorrows = std::ranges::enable_borrowed_range<T>;

template <class T>
inline constexpr bool kBorrows<T&> = true;
template <class T>
inline constexpr bool kBorrows<T&&> = true;
template <class T>
inline constexpr bool kBorrows<T*> = !std::is_function_v<T>;
template <class T>
inline constexpr bool kBorrows<const T> = kBorrows<T>;
template <class T>
inline constexpr bool kBorrows<volatile T> = kBorrows<T>;
template <class T>
inline constexpr bool kBorrows<const volatile T> = kBorrows<T>;
template <class T>
requires std::is_array_v<T>
inline constexpr bool kBorrows<T> = kBorrows<std::remove_extent_t<T>>;

template <class Char, class Traits>
inline constexpr bool kBorrows<std::basic_string_view<Char, Traits>> = true;
template <class T, std::size_t kExtent>
inline constexpr bool kBorrows<std::span<T, kExtent>> = true;
template <class T>
inline constexpr bool kBorrows<std::reference_wrapper<T>> = true;
template <class T>
inline constexpr bool kBorrows<std::initializer_list<T>> = true;
template <>
inline constexpr bool kBorrows<JsonView> = true;
template <>
inline constexpr bool kBorrows<protocol::JsonArray> = true;
template <>
inline constexpr bool kBorrows<protocol::MessageHeader> = true;
template <>
inline constexpr bool kBorrows<Request> = true;

namespace detail {

// Comparators, allocators and the like hold nothing, whatever they are for.
template <class T, class... Arguments>
inline constexpr bool kHoldsBorrowed = !std::is_empty_v<T> && (kBorrows<Arguments> || ...);

}  // namespace detail

// A template's arguments: types alone, or with a number behind the first or the second, as
// std::array has it.
template <template <class...> class Holder, class... Arguments>
inline constexpr bool kBorrows<Holder<Arguments...>> =
    detail::kHoldsBorrowed<Holder<Arguments...>, Arguments...>;
template <template <class, auto> class Holder, class T, auto kNumber>
inline constexpr bool kBorrows<Holder<T, kNumber>> = detail::kHoldsBorrowed<Holder<T, kNumber>, T>;
template <template <class, auto, class> class Holder, class T, auto kNumber, class Other>
inline constexpr bool kBorrows<Holder<T, kNumber, Other>> =
    detail::kHoldsBorrowed<Holder<T, kNumber, Other>, T, Other>;
template <template <class, class, auto> class Holder, class T, class Other, auto kNumber>
inline constexpr bool kBorrows<Holder<T, Other, kNumber>> =
    detail::kHoldsBorrowed<Holder<T, Other, kNumber>, T, Other>;

}  // namespace appd::handlers
