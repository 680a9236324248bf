// Inside the layer: from a request to a typed value, and from a typed result to a reply (typed.h).
#pragma once

#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "appd/handlers/handler.h"
#include "appd/handlers/typed/typed_value.h"

namespace appd::handlers::detail {

[[nodiscard]] tl::unexpected<protocol::Error> missing_value(const Site& site,
                                                            std::string_view expected);
[[nodiscard]] tl::unexpected<protocol::Error> unexpected_binary(const Site& site,
                                                                std::string_view expected);
// Where a function takes a CallContext and the call has none.
[[nodiscard]] tl::unexpected<protocol::Error> no_context();
// Where a function takes what is kept for the connection, and the call comes over none.
[[nodiscard]] tl::unexpected<protocol::Error> no_session();
// For a function that takes no value: null and empty content are none.
[[nodiscard]] Result<void> expect_no_value(const Site& site);

// An example as the call that it is. Throws std::invalid_argument where it is not JSON.
class ExampleCall {
 public:
  ExampleCall(const std::string& action, const Example& example);
  [[nodiscard]] const Request& request() const { return request_; }
  // Throws std::invalid_argument: the action does not take it.
  [[noreturn]] void refuse(const protocol::Error& error) const;

 private:
  const std::string& action_;
  const Example& example_;
  protocol::MessageHeader header_;
  Request request_;
};

// `from_types`, and in place of it what `said` says.
[[nodiscard]] Signature with_words(Signature from_types, const Signature& said);

// The request's one value. Errors: those of ValueForm, and invalid_argument where it is missing or
// where binary content came for a type that has no binary form.
template <class T>
Result<T> typed_argument(const Site& site) {
  using Form = ValueForm<T>;
  if (site.request.form == Request::Form::kBinary) {
    if constexpr (Form::kBinary) {
      return Form::from_bytes(site.request.payload, site);
    } else {
      return unexpected_binary(site, Form::one());
    }
  }
  if (site.request.value) return Form::from_json(*site.request.value, site);
  if constexpr (internal::kIsOptional<T>) {
    return T();
  } else {
    return missing_value(site, Form::one());
  }
}

// Results of bytes are binary content, whatever the request was.
template <class T>
inline constexpr bool kIsBytes = std::same_as<T, Bytes> || std::same_as<T, std::vector<std::byte>>;

// In front of an integer in binary content, as the tutorial has it (docs/protocol.md 3).
inline constexpr std::string_view kPackedResultPrefix = "result";

[[nodiscard]] Result<void> reply_with_text(Request::Form form, std::string_view text, Reply& reply);
void reply_with_nothing(Request::Form form, Reply& reply);

// The integer as two's complement.
[[nodiscard]] Result<void> reply_with_integer(Request::Form form, std::uint64_t bits,
                                              bool is_signed, Reply& reply);

template <class T>
Result<void> reply_with_value(Request::Form form, const T& value, Reply& reply) {
  using Form = ValueForm<T>;
  if constexpr (Form::kBinary) {
    if (kIsBytes<T> || form == Request::Form::kBinary) {
      std::string content;
      Result<void> added = Form::append_bytes(content, value);
      if (added) reply.set_binary(content);
      return added;
    }
  }
  if constexpr (kIsBytes<T>) {
    return {};  // not reached
  } else {
    return reply.set_json_by(
        [&value](std::string& content) { return Form::append_json(content, value); });
  }
}

template <class T>
Result<void> reply_with(Request::Form form, T&& result, Reply& reply) {
  using Plain = std::remove_cvref_t<T>;
  if constexpr (std::same_as<Plain, Reply>) {
    reply = std::forward<T>(result);
    return {};
  } else if constexpr (std::is_convertible_v<T, std::string_view>) {
    return reply_with_text(form, result, reply);
  } else if constexpr (IntegerValue<Plain>) {
    return reply_with_integer(form, static_cast<std::uint64_t>(result), std::is_signed_v<Plain>,
                              reply);
  } else {
    static_assert(
        Value<Plain>,
        "an action returns nothing, a value of handlers/typed/typed_value.h, a Reply, or a "
        "Result<> of these");
    return reply_with_value(form, result, reply);
  }
}

template <class T>
Result<void> reply_with(Request::Form form, Result<T>&& result, Reply& reply) {
  if (!result) return tl::unexpected(std::move(result.error()));
  if constexpr (std::is_void_v<T>) {
    reply_with_nothing(form, reply);
    return {};
  } else {
    return reply_with(form, *std::move(result), reply);
  }
}

}  // namespace appd::handlers::detail
