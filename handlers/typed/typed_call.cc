#include "appd/handlers/typed/typed_call.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/text/utf8.h"

namespace appd::handlers::detail {

using protocol::fail;

tl::unexpected<protocol::Error> missing_value(const Site& site, std::string_view expected) {
  return fail(Status::kInvalidArgument,
              expected_text(site, expected) +
                  (site.plain_refusals ? "" : " at JSON pointer \"/value\"") +
                  ", but there is no \"value\"");
}

tl::unexpected<protocol::Error> unexpected_binary(const Site& site, std::string_view expected) {
  return fail(Status::kInvalidArgument,
              expected_text(site, expected) + " as text/json, but binary content came");
}

tl::unexpected<protocol::Error> no_context() {
  return fail(Status::kInternal,
              "the handler takes a CallContext, which a call outside of the worker pool has not");
}

tl::unexpected<protocol::Error> no_session() {
  return fail(Status::kInternal,
              "the handler takes what is kept for a connection, and the call comes over none");
}

Result<void> expect_no_value(const Site& site) {
  const Request& request = site.request;
  if (!request.payload.empty()) {
    return unexpected_bytes(Status::kInvalidArgument, site, "no content", request.payload);
  }
  if (!request.value || request.value->kind() == protocol::JsonKind::kNull) return {};
  return unexpected_value(Status::kInvalidArgument, site, "no value", *request.value);
}

Signature with_words(Signature from_types, const Signature& said) {
  for (const auto text : {&Signature::argument_schema, &Signature::result_schema,
                          &Signature::argument_binary, &Signature::result_binary}) {
    if (!(said.*text).empty()) from_types.*text = said.*text;
  }
  return from_types;
}

Result<void> reply_with_text(Request::Form form, std::string_view text, Reply& reply) {
  if (!protocol::is_valid_utf8(text)) {
    return fail(Status::kInternal, "the text of the result is not UTF-8");
  }
  reply.set_text(form, text);
  return {};
}

Result<void> reply_with_integer(Request::Form form, std::uint64_t bits, bool is_signed,
                                Reply& reply) {
  if (form == Request::Form::kJson) {
    std::array<char, 20> digits;  // -9223372036854775808
    char* const last = digits.data() + digits.size();
    const auto end = is_signed ? std::to_chars(digits.data(), last, static_cast<std::int64_t>(bits))
                               : std::to_chars(digits.data(), last, bits);
    reply.set_json({digits.data(), end.ptr});
    return {};
  }
  if (!internal::fits_32_bits(bits, is_signed)) return internal::beyond_32_bits(bits, is_signed);
  std::array<char, kPackedResultPrefix.size() + sizeof(std::uint32_t)> content;
  std::ranges::copy(kPackedResultPrefix, content.begin());
  protocol::store_be32(
      std::as_writable_bytes(std::span(content)).subspan(kPackedResultPrefix.size()),
      static_cast<std::uint32_t>(bits));
  reply.set_binary({content.data(), content.size()});
  return {};
}

void reply_with_nothing(Request::Form form, Reply& reply) {
  if (form == Request::Form::kBinary) {
    reply.set_binary({});
  } else {
    reply.set_json("null");
  }
}

ExampleCall::ExampleCall(const std::string& action, const Example& example)
    : action_(action), example_(example) {
  request_.action = action;
  request_.header = &header_;
  if (const Result<JsonView> result = JsonView::parse(example.result); !result) {
    refuse(result.error());
  }
  if (example.value.empty()) return;
  const Result<JsonView> value = JsonView::parse(example.value);
  if (!value) refuse(value.error());
  request_.value = *value;
}

void ExampleCall::refuse(const protocol::Error& error) const {
  throw std::invalid_argument("action \"" + action_ + "\" has the example " + example_.value +
                              " -> " + example_.result + ", which does not fit: " + error.message);
}

}  // namespace appd::handlers::detail
