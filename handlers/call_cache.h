// Calls that were read lately, known again by how their content begins.
//
// Clients call the same action again and again, and what differs is the value at the end:
// {"action": "search", "value": "morpheus"}. One comparison and a look at the value then take the
// place of parsing. What is found is what parsing would give: only contents that were parsed are
// remembered, up to the value that they end with, and only a plain scalar is taken in its place.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "appd/handlers/handler.h"

namespace appd::handlers {

class CallCache {
 public:
  // Longer beginnings are not remembered.
  static constexpr std::size_t kMaxBeginBytes = 256;
  // Actions at a time.
  static constexpr std::size_t kEntries = 4;

  struct Call {
    const Action* action;
    JsonView value;  // borrows from the content
  };

  // nullopt: parse it.
  [[nodiscard]] std::optional<Call> find(std::string_view content);

  // `content`, a JSON object that was parsed, calls `action`, which outlives the cache or the next
  // clear(); `value`, a part of it, is the value.
  void remember(std::string_view content, JsonView value, const Action& action);

  void clear() { *this = CallCache(); }

 private:
  struct Entry {
    std::string begin;  // of the content, up to the value
    const Action* action = nullptr;
  };

  std::array<Entry, kEntries> entries_;
  std::size_t latest_ = 0;  // where the last one was found
  std::size_t oldest_ = 0;  // where the next one goes
};

}  // namespace appd::handlers
