#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/typed/argument.h"
#include "appd/handlers/typed/typed.h"

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
  Action action{
      .name = "echo", .summary = "the same JSON, or the same bytes", .handler = give_back};
  action.signature = signature_of<Json (*)(Json)>();
  action.signature.argument_binary = "any bytes";
  action.signature.result_binary = "the same bytes, with their content type and encoding";
  action.examples = {{R"([1, {"a": "b"}])", R"([1, {"a": "b"}])"}};
  return action;
}

}  // namespace appd::handlers
