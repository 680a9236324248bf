// What an action sees of a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "appd/handlers/peer.h"
#include "appd/protocol/message_header.h"
#include "appd/protocol/status.h"
#include "appd/protocol/text/json.h"
#include "appd/reactor/clock.h"

namespace appd::handlers {

using protocol::JsonView;
using protocol::Result;
using protocol::Status;

class CallContext;  // call_context.h

// One call of an action. Everything is borrowed for the duration of the call.
struct Request {
  enum class Form : std::uint8_t { kJson, kBinary };

  std::string_view action = {};
  Form form = Form::kJson;
  std::optional<JsonView> value = {};               // kJson; nullopt: the request had none
  std::span<const std::byte> payload = {};          // kBinary
  const protocol::MessageHeader* header = nullptr;  // never null in a call
  PeerSource* source = nullptr;                     // null: peer() knows nobody
  // In the worker pool: the deadline and the stop token of the call. Null elsewhere.
  const CallContext* context = nullptr;

  // The other end of the connection (peer.h). The first to ask on a connection pays for a system
  // call.
  [[nodiscard]] const Peer& peer() const;
  // The time of the loop's turn in which the call began: of the server's clock, which in a
  // simulated world is that world's.
  [[nodiscard]] reactor::TimePoint now() const;
  // As PeerSource says: T& of a program's own, for who has no parameter of that type, as a layer.
  [[nodiscard]] SessionData* session_data() const {
    return source != nullptr ? source->session_data() : nullptr;
  }
};

// Bytes of a packed call: binary content that is exactly a name and a payload of these lengths.
inline constexpr std::size_t kPackedNameBytes = 6;
inline constexpr std::size_t kPackedPayloadBytes = 4;

}  // namespace appd::handlers
