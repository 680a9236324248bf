// From a message to the action it calls to the reply (docs/protocol.md 2.1, dispatch; errors).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "appd/handlers/call_cache.h"
#include "appd/handlers/handler.h"
#include "appd/handlers/registry.h"
#include "appd/handlers/waiting/running_call.h"
#include "appd/protocol/message_header.h"
#include "appd/protocol/text/json.h"

namespace appd::handlers {

// Where messages come from, and where the calls wait whose answers come after dispatch().
// Implemented by sessions.
class DispatchDelegate : public PeerSource {
 public:
  // `connection`: whose calls they are; a number for logs.
  explicit DispatchDelegate(std::uint64_t connection = 0) : connection_(connection) {}
  [[nodiscard]] std::uint64_t connection() const { return connection_; }

  // It dispatches elsewhere than on the loop of the connection.
  [[nodiscard]] virtual bool off_loop() const { return false; }
  // Calls `action`, one that waits(), or any that is to be called on the loop where this is off it,
  // and catches what it throws. True: it is answered already, in
  // `reply`. False: the answer comes later.
  [[nodiscard]] virtual bool start(const Action& action, const Request& request, Reply& reply) = 0;

 protected:
  ~DispatchDelegate() = default;

 private:
  const std::uint64_t connection_;
};

// What became of a message.
struct Dispatched {
  const Action* action = nullptr;  // that it called; null: none was found. Valid as its registry
  // Valid until the next dispatch, and may be moved from. Null: the delegate has the call, and
  // answers it later.
  Reply* reply = nullptr;

  // The registered name, for logs; empty where none was found.
  [[nodiscard]] std::string_view action_name() const {
    return action != nullptr ? std::string_view(action->name) : std::string_view();
  }
};

// What a thread is in while it decodes a content that takes a moment.
[[nodiscard]] const Action& decoding_action();

// Finds the action that a message calls, and calls it:
//
//   1. the header names it: the whole content is its value (text/json) or its payload;
//   2. text/json: the content is an object, "action" names it, "value" is its value;
//   3. binary content that is a packed call (handler.h): the name calls it, the rest is its
//   payload;
//   4. else the action `binary` gets the whole content.
//
// One a loop: it keeps the memory of parsing and of the reply. Not thread-safe.
class Dispatcher {
 public:
  // Both outlive the dispatcher.
  Dispatcher(const Registry& registry, protocol::JsonReader& reader)
      : registry_(&registry), reader_(reader), known_calls_(reader.scanned_depth()) {}

  // From the next dispatch on.
  void set_registry(const Registry& registry) {
    registry_ = &registry;
    latest_action_ = nullptr;
    known_calls_.clear();
  }

  // Whatever goes wrong becomes an error reply: unsupported_encoding, invalid_content,
  // invalid_action, the action's own error, or internal. Never throws for what a peer sent or an
  // action did.
  [[nodiscard]] Dispatched dispatch(const protocol::MessageHeader& header,
                                    std::span<const std::byte> content, DispatchDelegate& delegate);
  // Where nothing can wait: an action that waits is answered `internal`.
  [[nodiscard]] Reply& dispatch(const protocol::MessageHeader& header,
                                std::span<const std::byte> content);

  // Contents that find_action() looks into for the name are at most so long.
  static constexpr std::size_t kMaxSearchedBytes = 64 * 1024;
  // The action that a message would call, without calling it: for logs, where it is not called.
  // Null: it calls none, or only a content longer than kMaxSearchedBytes says which.
  [[nodiscard]] const Action* find_action(const protocol::MessageHeader& header,
                                          std::span<const std::byte> content);

  // Which action the loop's thread is in.
  [[nodiscard]] RunningCall& running() { return running_; }

 private:
  // As resolve(), of a call that is known from earlier ones; null: it is not.
  [[nodiscard]] const Action* find_known(const protocol::MessageHeader& header,
                                         std::span<const std::byte> content, Request& request);
  // As resolve(); an error goes into the reply, and null is returned.
  [[nodiscard]] const Action* resolve_or_refuse(const protocol::MessageHeader& header,
                                                std::span<const std::byte> content,
                                                Request& request);
  // The action that a message calls, and what it is called with, in `request`.
  // Errors: those of dispatch() that are not the action's own.
  [[nodiscard]] Result<const Action*> resolve(const protocol::MessageHeader& header,
                                              std::span<const std::byte> content, Request& request);
  [[nodiscard]] Result<const Action*> resolve_json(const protocol::MessageHeader& header,
                                                   std::string_view text, Request& request);
  [[nodiscard]] Result<const Action*> resolve_binary(const protocol::MessageHeader& header,
                                                     std::span<const std::byte> content,
                                                     Request& request);
  // `content` as UTF-8. Errors: unsupported_encoding, invalid_content.
  [[nodiscard]] Result<std::string_view> decode(const protocol::MessageHeader& header,
                                                std::span<const std::byte> content);
  [[nodiscard]] const Action* look_up(std::string_view name) const;  // null: nobody registered it
  // Errors: invalid_action.
  [[nodiscard]] Result<const Action*> find(std::string_view name) const;
  // `request` comes without its action. False: the answer comes later.
  [[nodiscard]] bool call(const Action& action, Request& request, DispatchDelegate& delegate);

  const Registry* registry_;
  protocol::JsonReader& reader_;
  Reply reply_;
  std::string text_;                       // content decoded to UTF-8
  std::string action_name_;                // unescaped
  const Action* latest_action_ = nullptr;  // of registry_: a cache of find()
  CallCache known_calls_;                  // likewise
  RunningCall running_;
};

}  // namespace appd::handlers
