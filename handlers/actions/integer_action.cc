#include "appd/handlers/actions/integer_action.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "appd/handlers/typed/argument.h"
#include "appd/handlers/typed/typed.h"
#include "appd/protocol/byte_order.h"

namespace appd::handlers {

namespace {

constexpr std::string_view kResultPrefix = "result";

void set_packed_result(std::int32_t value, Reply& reply) {
  std::array<char, kResultPrefix.size() + sizeof(value)> content;
  std::copy(kResultPrefix.begin(), kResultPrefix.end(), content.begin());
  protocol::store_be32(std::as_writable_bytes(std::span(content)).subspan(kResultPrefix.size()),
                       static_cast<std::uint32_t>(value));
  reply.set_binary({content.data(), content.size()});
}

bool fits_32_bits(std::int64_t value) {
  using Packed = std::numeric_limits<std::int32_t>;
  return value >= Packed::min() && value <= Packed::max();
}

Result<void> answer(const Request& request, IntegerFunction function, Reply& reply) {
  const Result<std::int64_t> argument = integer_argument(request);
  if (!argument) return tl::unexpected(argument.error());
  const bool packed = request.form == Request::Form::kBinary;
  const std::optional<std::int64_t> value = function(*argument);
  if (!value || (packed && !fits_32_bits(*value))) {
    return protocol::fail(Status::kOutOfRange,
                          std::string(request.action) + " of " + std::to_string(*argument) +
                              " does not fit an integer of " + (packed ? "32" : "64") + " bits");
  }
  if (packed) {
    set_packed_result(static_cast<std::int32_t>(*value), reply);
  } else {
    reply.set_integer(*value);
  }
  return {};
}

}  // namespace

Action make_integer_action(std::string name, std::string summary, IntegerFunction function,
                           std::vector<Example> examples) {
  Action action;
  action.name = std::move(name);
  action.summary = std::move(summary);
  action.packed_call = true;
  action.handler = [function](const Request& request, Reply& reply) {
    return answer(request, function, reply);
  };
  action.signature = signature_of<std::int64_t (*)(std::int64_t)>();
  action.examples = std::move(examples);
  return action;
}

}  // namespace appd::handlers
