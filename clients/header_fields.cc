#include "appd/clients/header_fields.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "appd/protocol/text/json.h"
#include "appd/protocol/text/utf8.h"

namespace appd::clients {
namespace {

using protocol::JsonKind;
using protocol::JsonView;

struct Field {
  std::string name;
  std::string key;   // name in lower case
  std::string json;  // value as JSON text
  JsonKind kind;
  std::string string;  // its characters, of a string
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Result<Field> parse_field(const std::string& text) {
  const auto refuse = [&](std::string_view why) {
    return fail(ClientError::kInvalidRequest, "--header \"" + text + "\": " + std::string(why));
  };
  if (!protocol::is_valid_utf8(text)) return refuse("not valid UTF-8");
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) return refuse("must be NAME=VALUE");
  Field field{.name = text.substr(0, equals),
              .key = {},
              .json = text.substr(equals + 1),
              .kind = JsonKind::kString,
              .string = {}};
  field.key = lower(field.name);
  if (field.key == "byteorder" || field.key == "content-length") {
    return refuse("follows from the content and cannot be set");
  }
  if (const auto value = JsonView::parse(field.json)) {
    std::string scratch;
    field.kind = value->kind();
    if (field.kind == JsonKind::kString) field.string = value->string(scratch);
    field.json = std::string(value->text());
  } else {
    field.string = field.json;
    field.json.clear();
    protocol::append_json_string(field.json, field.string);
  }
  return field;
}

// A field of the right kind for one of Request's own places. false: there is none.
bool place_known(const Field& field, Request& request) {
  if (field.key == "request-id") {
    request.request_id = field.json;
    return true;
  }
  if (field.key == "deadline-ms" && field.kind == JsonKind::kInteger) {
    const auto value = JsonView::parse(field.json)->integer();
    if (!value) return false;
    request.deadline = std::chrono::milliseconds(*value);
    return true;
  }
  if (field.kind != JsonKind::kString) return false;
  if (field.key == "connection" && (field.string == "keep-alive" || field.string == "close")) {
    request.keep_alive = field.string == "keep-alive";
  } else if (field.key == "action") {
    request.action = field.string;
  } else if (field.key == "content-type") {
    request.content_type = field.string;
  } else if (field.key == "content-encoding") {
    request.content_encoding = field.string;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<void> add_header_fields(const std::vector<std::string>& fields, Request& request) {
  std::vector<std::string> seen;
  for (const std::string& text : fields) {
    auto field = parse_field(text);
    if (!field) return tl::unexpected(field.error());
    if (std::find(seen.begin(), seen.end(), field->key) != seen.end()) {
      return fail(ClientError::kInvalidRequest, "--header " + field->name + " is given twice");
    }
    seen.push_back(field->key);
    if (place_known(*field, request)) continue;
    if (field->key == "content-type" || field->key == "content-encoding") {
      return fail(ClientError::kInvalidRequest, "--header " + field->name + " must be a string");
    }
    request.other_fields.emplace_back(std::move(field->name), std::move(field->json));
  }
  return {};
}

}  // namespace appd::clients
