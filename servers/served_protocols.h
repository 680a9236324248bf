// The protocols that a server speaks, by name: how a session of each is made. Nothing else in a
// server knows which there are.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appd/servers/sessions/session.h"

namespace appd::servers {

// Makes a session in `memory`, which has the protocol's session_bytes.
using SessionFactory = Session* (*)(void* memory, SessionContext& context, Seat seat,
                                    reactor::AnyTransport transport);

struct ServedProtocol {
  std::string name;
  std::size_t session_bytes;
  SessionFactory make;
  std::size_t index;  // of its slab, in each worker
};

// Filled before the first worker is made, then read by all their threads.
class ServedProtocols {
 public:
  static constexpr std::size_t kMost = 64;

  // Lower-case letters, digits and hyphens. SessionType(SessionContext&, Seat, AnyTransport)
  // derives from Session first. Throws std::invalid_argument: not such a name, one that is there,
  // or kMost are.
  template <class SessionType>
  void add(std::string_view name) {
    static_assert(alignof(SessionType) <= alignof(std::max_align_t));
    add(name, sizeof(SessionType),
        [](void* memory, SessionContext& context, Seat seat, reactor::AnyTransport transport)
            -> Session* { return new (memory) SessionType(context, seat, std::move(transport)); });
  }
  void add(std::string_view name, std::size_t session_bytes, SessionFactory make);

  // Null: nobody speaks it.
  [[nodiscard]] const ServedProtocol* find(std::string_view name) const;
  [[nodiscard]] const std::deque<ServedProtocol>& all() const { return all_; }
  // In the order of their registration; good until the next add().
  [[nodiscard]] std::span<const std::string_view> names() const { return names_; }

 private:
  std::deque<ServedProtocol> all_;  // in which they stay where they are
  std::vector<std::string_view> names_;
};

// app, message-echo, framed-echo and raw-echo.
void add_built_in_protocols(ServedProtocols& protocols);
[[nodiscard]] std::shared_ptr<const ServedProtocols> built_in_protocols();

}  // namespace appd::servers
