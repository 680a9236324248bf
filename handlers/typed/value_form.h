// The types that a typed handler takes and returns, each with its JSON and its binary form
// (docs/handlers.md 2). ValueForm<T> is the one place that knows a type: decoding, encoding, error
// texts and descriptions all come from it. The types themselves are in typed_number.h, typed_text.h
// and typed_container.h.
#pragma once

#include <cstddef>
#include <forward_list>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "appd/handlers/handler.h"

namespace appd::handlers {

using Bytes = std::span<const std::byte>;

namespace internal {

// One text out of several. Headers put texts together with this alone: GCC 12 takes "text" +
// std::string for overlapping copies where it inlines them into a user's code (GCC bug 105651).
[[nodiscard]] std::string joined(std::initializer_list<std::string_view> texts);

}  // namespace internal

// Where a value stands in a request, for the JSON pointer (RFC 6901) of an error. Sites of nested
// values lie on the stack and cost nothing until something is wrong.
struct Site {
  const Request& request;
  std::forward_list<std::string>& texts;  // unescaped strings, kept until the call is over
  bool plain_refusals = false;            // ActionOptions
  const Site* outer = nullptr;            // nullptr: the argument itself
  std::size_t index = 0;                  // in the array `outer`; of a member, bytes of its name
  const char* name = nullptr;             // of the member of the object `outer`

  [[nodiscard]] Site element(std::size_t at) const {
    return {request, texts, plain_refusals, this, at};
  }
  // `of` outlives what is returned.
  [[nodiscard]] Site member(std::string_view of) const {
    return {request, texts, plain_refusals, this, of.size(), of.data()};
  }
};

// As errors name the place: "/value/ttl_ms". Of a very long name only the beginning.
[[nodiscard]] std::string pointer_to(const Site& site);
// How a refusal begins: "ACTION: expected WHAT", or "ACTION takes WHAT" where it is to be plain.
[[nodiscard]] std::string expected_text(const Site& site, std::string_view expected);
// What came is not what was expected: "ACTION: expected WHAT at JSON pointer "/value/2", but ...".
[[nodiscard]] tl::unexpected<protocol::Error> unexpected_value(Status status, const Site& site,
                                                               std::string_view expected,
                                                               JsonView came);
[[nodiscard]] tl::unexpected<protocol::Error> unexpected_bytes(Status status, const Site& site,
                                                               std::string_view expected,
                                                               Bytes came);

// Members of each ValueForm<T>:
//   one(), many()      what is expected, in words: "an integer", "integers"
//   schema()           JSON Schema of the JSON form
//   kBinary            whether there is a binary form
//   kWidth             its bytes where all values have as many, else 0
//   binary()           the binary form in words
//   from_json, from_bytes    errors: invalid_argument, out_of_range
//   append_json, append_bytes    errors: internal, where the value has no such form (not UTF-8, not
//                      finite); out_of_range, where it does not fit
// binary(), from_bytes and append_bytes are there only with kBinary.
template <class T>
struct ValueForm;

template <class T>
concept Value = requires {
  ValueForm<T>::one();
};

}  // namespace appd::handlers
