#include "appd/handlers/typed/argument.h"

#include "appd/protocol/byte_order.h"
#include "appd/protocol/text/utf8.h"

namespace appd::handlers {

using protocol::fail;
using protocol::JsonKind;

namespace {

std::string takes(const Request& request, std::string_view what) {
  std::string text(request.action);
  text += " takes ";
  text += what;
  return text;
}

bool has_kind(const Request& request, JsonKind kind) {
  return request.value && request.value->kind() == kind;
}

// Of a value that is not of the kind wanted, `what` in words, or not there.
tl::unexpected<protocol::Error> wrong_kind(const Request& request, std::string_view what) {
  if (!request.value) {
    return fail(Status::kInvalidArgument, takes(request, what) + ", but there is no \"value\"");
  }
  std::string text = takes(request, what) + ", not ";
  // Its name, "a number", would not tell an integer from 5.0 or 1e3.
  text += request.value->kind() == JsonKind::kFraction ? "a number with a fraction or an exponent"
                                                       : json_kind_name(request.value->kind());
  return fail(Status::kInvalidArgument, std::move(text));
}

}  // namespace

Result<JsonView> value_argument(const Request& request) {
  if (request.value) return *request.value;
  return fail(Status::kInvalidArgument,
              takes(request, "any JSON value") + ", but there is no \"value\"");
}

Result<std::string_view> string_argument(const Request& request, std::string& scratch) {
  if (request.form == Request::Form::kJson) {
    if (!has_kind(request, JsonKind::kString)) return wrong_kind(request, "a string");
    return request.value->string(scratch);
  }
  const std::string_view text(reinterpret_cast<const char*>(request.payload.data()),
                              request.payload.size());
  if (protocol::is_valid_utf8(text)) return text;
  return fail(Status::kInvalidArgument,
              takes(request, "UTF-8 text, but the content is not valid UTF-8"));
}

Result<std::int64_t> integer_argument(const Request& request) {
  if (request.form == Request::Form::kJson) {
    if (!has_kind(request, JsonKind::kInteger)) return wrong_kind(request, "an integer");
    const Result<std::int64_t> number = request.value->integer();
    if (number) return *number;
    // The number itself may be millions of digits long and is not repeated.
    return fail(Status::kOutOfRange,
                takes(request, "an integer from -9223372036854775808 to 9223372036854775807"));
  }
  if (request.payload.size() != sizeof(std::int32_t)) {
    return fail(Status::kInvalidArgument,
                takes(request, "exactly 4 bytes, a 32-bit integer in network order, not ") +
                    std::to_string(request.payload.size()));
  }
  return static_cast<std::int32_t>(protocol::load_be32(request.payload));
}

}  // namespace appd::handlers
