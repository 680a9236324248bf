#include "appd/handlers/actions/builtin.h"
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
  if (!request.value) {
    return protocol::fail(Status::kInvalidArgument,
                          "echo takes any JSON value, but there is no \"value\"");
  }
  reply.set_json(request.value->text());
  return {};
}

}  // namespace

Action make_echo(const BuiltinOptions&) {
  const std::string any = ValueForm<Json>::schema();
  return make_action(
      "echo", give_back,
      {.summary = "the same JSON, or the same bytes",
       .examples = {{R"([1, {"a": "b"}])", R"([1, {"a": "b"}])"}},
       .signature = {.argument_schema = any,
                     .result_schema = any,
                     .argument_binary = "any bytes",
                     .result_binary = "the same bytes, with their content type and encoding"}});
}

}  // namespace appd::handlers
