#include "appd/handlers/typed/typed_call.h"

#include "appd/protocol/text/utf8.h"

namespace appd::handlers::detail {

using protocol::fail;

namespace {

std::string expected_text(const Site& site, std::string_view expected) {
  return std::string(site.request.action) + ": expected " + std::string(expected);
}

}  // namespace

tl::unexpected<protocol::Error> missing_value(const Site& site, std::string_view expected) {
  return fail(Status::kInvalidArgument, expected_text(site, expected) +
                                            " at JSON pointer \"/value\", but there is no "
                                            "\"value\"");
}

tl::unexpected<protocol::Error> unexpected_binary(const Site& site, std::string_view expected) {
  return fail(Status::kInvalidArgument,
              expected_text(site, expected) + " as text/json, but binary content came");
}

tl::unexpected<protocol::Error> no_context() {
  return fail(Status::kInternal,
              "the handler takes a CallContext, which a call outside of the worker pool has not");
}

Result<void> expect_no_value(const Site& site) {
  const Request& request = site.request;
  if (!request.payload.empty()) {
    return unexpected_bytes(Status::kInvalidArgument, site, "no content", request.payload);
  }
  if (!request.value || request.value->kind() == protocol::JsonKind::kNull) return {};
  return unexpected_value(Status::kInvalidArgument, site, "no value", *request.value);
}

Result<void> reply_with_text(Request::Form form, std::string_view text, Reply& reply) {
  if (!protocol::is_valid_utf8(text)) {
    return fail(Status::kInternal, "the text of the result is not UTF-8");
  }
  if (form == Request::Form::kBinary) {
    reply.set_binary(text);
  } else {
    reply.set_string(text);
  }
  return {};
}

void reply_with_nothing(Request::Form form, Reply& reply) {
  if (form == Request::Form::kBinary) {
    reply.set_binary({});
  } else {
    reply.set_json("null");
  }
}

}  // namespace appd::handlers::detail
