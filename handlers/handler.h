// What an action sees and gives: a request's values in, a reply's values out. No sockets, no loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/json.h"
#include "protocol/message_header.h"
#include "protocol/status.h"

namespace appd::handlers {

using protocol::JsonView;
using protocol::Result;
using protocol::Status;

// One call of an action. Everything is borrowed for the duration of the call.
struct Request {
  enum class Form : std::uint8_t { kJson, kBinary };

  std::string_view action;
  Form form = Form::kJson;
  std::optional<JsonView> value;                    // kJson; nullopt: the request had none
  std::span<const std::byte> payload;               // kBinary
  const protocol::MessageHeader* header = nullptr;  // never null in a call
};

// The content of a reply; reused for the next one, so that a usual reply allocates nothing.
class Reply {
 public:
  // {"result": VALUE} as text/json. `utf8` must be valid UTF-8; `json` is any JSON text.
  void set_string(std::string_view utf8);
  void set_integer(std::int64_t value);
  void set_json(std::string_view json);
  // Any bytes, with the type and encoding of the tutorial's server unless others are given.
  void set_binary(std::string_view bytes,
                  std::string_view content_type = protocol::kServerBinaryType,
                  std::string_view content_encoding = protocol::kBinaryEncoding);
  // {"result": "Error: TEXT"}. `detail` is for the log alone.
  void set_error(Status status, std::string_view text, std::string_view detail = {});

  [[nodiscard]] Status status() const { return status_; }
  [[nodiscard]] std::string_view content() const { return content_; }
  [[nodiscard]] std::string_view content_type() const { return content_type_; }
  [[nodiscard]] std::string_view content_encoding() const { return content_encoding_; }
  [[nodiscard]] std::string_view detail() const { return detail_; }

 private:
  void begin_json();
  Status status_ = Status::kOk;
  std::string content_;
  std::string content_type_;
  std::string content_encoding_;
  std::string detail_;
};

// Fills `reply`, or fails with invalid_argument, out_of_range or another status: the error's
// message is the reply's text. May throw: that is answered `internal`. Called on a loop's thread,
// on several loops at once: what it captures must be immutable or guarded.
using Handler = std::function<Result<void>(const Request& request, Reply& reply)>;

struct Action {
  std::string name;
  std::string summary;  // one line, for people
  Handler handler;
  // Also called by binary content that is exactly the name (6 bytes) and a 4-byte payload.
  bool packed_call = false;
};

}  // namespace appd::handlers
