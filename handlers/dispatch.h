// From a message to the action it calls to the reply (docs/protocol.md 2.1, dispatch; errors).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "handlers/handler.h"
#include "handlers/registry.h"
#include "protocol/json.h"
#include "protocol/message_header.h"

namespace appd::handlers {

// One a loop: it keeps the memory of parsing and of the reply. Not thread-safe.
class Dispatcher {
 public:
  // Both outlive the dispatcher.
  Dispatcher(const Registry& registry, protocol::JsonReader& reader)
      : registry_(registry), reader_(reader) {}

  // Calls the action; whatever goes wrong becomes an error reply. Valid until the next call.
  [[nodiscard]] const Reply& dispatch(const protocol::MessageHeader& header,
                                      std::span<const std::byte> content);

  // The action of the last dispatch, for logs; empty where none was found.
  [[nodiscard]] std::string_view last_action() const { return last_action_; }

 private:
  [[nodiscard]] Result<void> route(const protocol::MessageHeader& header,
                                   std::span<const std::byte> content);
  [[nodiscard]] Result<void> call_json(const protocol::MessageHeader& header,
                                       std::span<const std::byte> content);
  [[nodiscard]] Result<void> call_binary(const protocol::MessageHeader& header,
                                         std::span<const std::byte> content);
  [[nodiscard]] Result<void> call(std::string_view name, const Request& request);

  const Registry& registry_;
  protocol::JsonReader& reader_;
  Reply reply_;
  std::string text_;         // content decoded to UTF-8
  std::string action_name_;  // unescaped
  std::string last_action_;
};

}  // namespace appd::handlers
