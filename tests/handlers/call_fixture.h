// Calls actions through a Dispatcher, as a session does: a case is three lines.
#pragma once

#include <cstddef>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/dispatch.h"

namespace appd::handlers::test {

// A reply's parts, copied, for comparing and printing.
struct Answer {
  Status status = Status::kOk;
  std::string content;
  std::string content_type = std::string(protocol::kJsonContentType);
  std::string content_encoding = "utf-8";

  bool operator==(const Answer&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Answer& answer) {
    return out << status_name(answer.status) << ' ' << answer.content_type << ' '
               << answer.content_encoding << ' ' << answer.content;
  }
};

inline Answer json_result(std::string_view value) {
  return {.content = "{\"result\": " + std::string(value) + "}"};
}

inline Answer binary_result(std::string_view bytes) {
  return {.content = std::string(bytes),
          .content_type = "binary/custom-server-binary-type",
          .content_encoding = "binary"};
}

// `text` as it stands between the quotes of the JSON string, behind "Error: ".
inline Answer error(Status status, std::string_view text) {
  Answer answer = json_result("\"Error: " + std::string(text) + "\"");
  answer.status = status;
  return answer;
}

inline protocol::MessageHeader header_of(std::string_view content_type,
                                         std::string_view content_encoding) {
  protocol::MessageHeader header;
  header.content_type = content_type;
  header.content_encoding = content_encoding;
  return header;
}

class Caller {
 public:
  Caller() { add_builtin_actions(registry, {}); }

  // With the header as it stands.
  Answer send(std::string_view content) {
    const auto bytes = std::as_bytes(std::span(content));
    Connection connection(peer);
    const Dispatched done = peer ? dispatcher.dispatch(header, bytes, connection)
                                 : Dispatched{.reply = &dispatcher.dispatch(header, bytes)};
    const Reply& reply = *done.reply;
    called = done.action_name();
    detail = reply.detail();
    return {reply.status(), std::string(reply.content()), std::string(reply.content_type()),
            std::string(reply.content_encoding())};
  }

  Answer json(std::string_view content, std::string_view encoding = "utf-8") {
    header.content_type = protocol::kJsonContentType;
    header.content_encoding = encoding;
    return send(content);
  }

  Answer binary(std::string_view content) {
    header.content_type = protocol::kClientBinaryType;
    header.content_encoding = protocol::kBinaryEncoding;
    return send(content);
  }

  // {"action": ACTION, "value": VALUE}; `value` is JSON text.
  Answer call(std::string_view action, std::string_view value) {
    return json("{\"action\": \"" + std::string(action) + "\", \"value\": " + std::string(value) +
                "}");
  }

  Answer call_without_value(std::string_view action) {
    return json("{\"action\": \"" + std::string(action) + "\"}");
  }

  // The whole payload goes to the action that the header names.
  Answer binary_to(std::string_view action, std::string_view payload) {
    header.action = action;
    return binary(payload);
  }

  Registry registry;
  protocol::JsonReader reader;
  Dispatcher dispatcher{registry, reader};
  protocol::MessageHeader header;  // what every call sends along
  std::string detail;              // of the last reply
  std::string called;              // the action of the last call, where it came over a connection
  std::optional<Peer> peer;        // whose connection the calls come over; nullopt: over none

 private:
  class Connection final : public DispatchDelegate {
   public:
    explicit Connection(const std::optional<Peer>& peer) : peer_(peer) {}
    const Peer& peer() override { return *peer_; }
    bool start(const Action& /*action*/, const Request& /*request*/, Reply& reply) override {
      reply.set_error(Status::kInternal, "nothing waits here");
      return true;
    }

   private:
    const std::optional<Peer>& peer_;
  };
};

}  // namespace appd::handlers::test
