#include "handlers/argument.h"
#include "handlers/builtin.h"

namespace appd::handlers {

namespace {

Result<void> give_back(const Request& request, Reply& reply) {
  if (request.form == Request::Form::kBinary) {
    reply.set_binary(
        {reinterpret_cast<const char*>(request.payload.data()), request.payload.size()},
        request.header->content_type, request.header->content_encoding);
    return {};
  }
  const Result<JsonView> value = value_argument(request);
  if (!value) return tl::unexpected(value.error());
  reply.set_json(value->text());
  return {};
}

}  // namespace

Action make_echo(const BuiltinOptions&) {
  return {"echo", "the same JSON, or the same bytes", give_back, false};
}

}  // namespace appd::handlers
