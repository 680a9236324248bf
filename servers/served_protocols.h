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

#include "appd/servers/sessions/session_maker.h"

namespace appd::servers {

struct ServedProtocol {
  std::string name;
  SessionMaker sessions;
  std::size_t index;  // of its slab, in each worker
};

// Filled before the first worker is made, then read by all their threads.
class ServedProtocols {
 public:
  static constexpr std::size_t kMost = 64;

  // Lower-case letters, digits and hyphens. Throws std::invalid_argument: not such a name, one that
  // is there, or kMost are.
  void add(std::string_view name, SessionMaker sessions);

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
// These alone.
[[nodiscard]] std::shared_ptr<const ServedProtocols> built_in_protocols();

}  // namespace appd::servers
