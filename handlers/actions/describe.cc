#include "appd/handlers/actions/describe.h"

#include <map>
#include <memory>
#include <optional>

#include "appd/handlers/dispatch.h"
#include "appd/handlers/typed/typed.h"

namespace appd::handlers {

namespace {

constexpr std::string_view kName = "describe";
constexpr std::string_view kAnySchema = "{}";

// One that looks at the request itself says nothing of its argument, and may take both.
bool takes_json(const Action& action) {
  return !action.signature.argument_schema.empty() || action.signature.argument_binary.empty();
}
bool takes_binary(const Action& action) {
  return !action.signature.argument_binary.empty() || action.signature.argument_schema.empty();
}

std::string_view schema_or_any(const std::string& schema) {
  return schema.empty() ? kAnySchema : std::string_view(schema);
}

std::optional<std::string> text_or_null(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::string described_limits(const Action& action, const DescribedLimits& limits) {
  JsonObject object;
  for (const auto& [name, value] : limits) object.add_json(name, value);
  if (action.time_limit.count() > 0) object.add("time-limit-ms", action.time_limit.count());
  return std::string(object.take().text());
}

std::vector<Json> described_examples(const Action& action) {
  std::vector<Json> examples;
  for (const Example& example : action.examples) {
    JsonObject object;
    if (!example.value.empty()) object.add_json("value", example.value);
    examples.push_back(object.add_json("result", example.result).take());
  }
  return examples;
}

using Descriptions = std::map<std::string, Json, std::less<>>;

Result<Json> find_description(const Descriptions& descriptions,
                              const std::optional<std::string_view>& name) {
  if (name) {
    const auto found = descriptions.find(*name);
    if (found != descriptions.end()) return found->second;
    return protocol::fail(Status::kInvalidArgument,
                          "there is no action \"" + std::string(*name) + "\" to describe");
  }
  std::vector<Json> all;
  for (const auto& [each, description] : descriptions) all.push_back(description);
  std::string text;
  return ValueForm<std::vector<Json>>::append_json(text, all).and_then(
      [&text] { return Json::parse(text); });
}

void append_table_row(std::string& page, std::string_view what, std::string_view schema,
                      const std::string& binary) {
  page.append("| ").append(what).append(" | ");
  page += schema.empty() ? "as described" : "`" + std::string(schema) + "`";
  page.append(" | ").append(binary.empty() ? "-" : binary).append(" |\n");
}

}  // namespace

Json describe_action(const Action& action, const DescribedLimits& limits) {
  std::vector<std::string_view> types;
  if (takes_json(action)) types.push_back(protocol::kJsonContentType);
  if (takes_binary(action)) types.push_back(protocol::kBinaryEncoding);
  const Signature& signature = action.signature;
  return JsonObject()
      .add("name", action.name)
      .add("summary", action.summary)
      .add_json("argument", schema_or_any(signature.argument_schema))
      .add_json("result", schema_or_any(signature.result_schema))
      .add("binary-argument", text_or_null(signature.argument_binary))
      .add("binary-result", text_or_null(signature.result_binary))
      .add("content-types", types)
      .add_json("limits", described_limits(action, limits))
      .add("examples", described_examples(action))
      .take();
}

void add_describe(Registry& registry, const DescribedLimits& limits) {
  if (registry.find(kName) != nullptr) return;
  auto descriptions = std::make_shared<Descriptions>();
  Action action = make_action(
      std::string(kName),
      [descriptions](std::optional<std::string_view> name) {
        return find_description(*descriptions, name);
      },
      {.summary = "what an action takes, gives and is for; without a name, of all actions"});
  descriptions->emplace(kName, describe_action(action, limits));
  for (const auto& [name, each] : registry.actions()) {
    descriptions->emplace(name, describe_action(each, limits));
  }
  registry.add(std::move(action));
}

std::string actions_page(const Registry& registry) {
  std::string page =
      "# The actions\n\n"
      "What `appctl describe` says of the actions that `appd` has, as a page. It is made from the\n"
      "same data: do not edit it. Schemas are JSON Schema; integers have the limits of their "
      "type.\n";
  for (const auto& [name, action] : registry.actions()) {
    page.append("\n## `").append(name).append("`\n\n");
    page.append(action.summary).append("\n\n| | JSON | binary |\n|---|---|---|\n");
    append_table_row(page, "takes", action.signature.argument_schema,
                     action.signature.argument_binary);
    append_table_row(page, "gives", action.signature.result_schema, action.signature.result_binary);
    if (!action.examples.empty()) page += "\n```text\n";
    for (const Example& example : action.examples) {
      page.append(name).append(example.value.empty() ? "" : " ").append(example.value);
      page.append("  ->  ").append(example.result).append("\n");
    }
    if (!action.examples.empty()) page += "```\n";
  }
  return page;
}

std::vector<std::string> failing_examples(const Registry& registry) {
  std::vector<std::string> failures;
  protocol::JsonReader reader;
  Dispatcher dispatcher(registry, reader);
  protocol::MessageHeader header;
  header.content_type = protocol::kJsonContentType;
  header.content_encoding = "utf-8";
  for (const auto& [name, action] : registry.actions()) {
    if (action.waits()) continue;
    for (const Example& example : action.examples) {
      JsonObject call;
      call.add("action", name);
      if (!example.value.empty()) call.add_json("value", example.value);
      const Json content = call.take();
      const Reply& reply = dispatcher.dispatch(header, std::as_bytes(std::span(content.text())));
      const Json expected = JsonObject().add_json("result", example.result).take();
      if (reply.content() == expected.text()) continue;
      failures.push_back(name + " " + example.value + ": expected " + std::string(expected.text()) +
                         ", but " + std::string(reply.content()) + " came");
    }
  }
  return failures;
}

}  // namespace appd::handlers
