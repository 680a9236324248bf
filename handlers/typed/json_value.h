// A JSON value that owns its text: what an action keeps, or puts together for a reply.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "appd/handlers/handler.h"

namespace appd::handlers {

class Json {
 public:
  Json() = default;  // null
  // A copy, so that it may outlive the request.
  explicit Json(JsonView view) : text_(view.text()) {}

  // Errors: invalid_content, with the place and the reason.
  [[nodiscard]] static Result<Json> parse(std::string_view text);
  // `value` is of any type that an action may return (typed_value.h, which defines this). Throws
  // std::invalid_argument: text that is not UTF-8, a number that JSON cannot hold.
  template <class T>
  [[nodiscard]] static Json of(const T& value);

  // Valid JSON, always.
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  friend class JsonObject;
  std::string text_ = "null";
};

// Puts an object together, its members in the order of add().
//
//   Json point = JsonObject().add("x", 1).add("name", "corner").take();
class JsonObject {
 public:
  // `name` and string values are UTF-8; std::invalid_argument is thrown otherwise, and for a number
  // that JSON cannot hold. Names are not compared: adding one twice writes it twice. `value` is of
  // any type that an action may return (typed_value.h, which defines this).
  template <class T>
  JsonObject& add(std::string_view name, const T& value);

  // `json` is valid JSON text.
  JsonObject& add_json(std::string_view name, std::string_view json);

  // The object so far; this one is empty then.
  [[nodiscard]] Json take();

 private:
  std::string members_;
};

}  // namespace appd::handlers
