// Calls that were read lately, known again by how their content begins.
//
// Clients call the same action again and again, and what differs is the value at the end:
// {"action": "search", "value": "morpheus"}. One comparison and a look at the value then take the
// place of parsing. What is found is what parsing would give: only contents that were parsed are
// remembered, up to the value that they end with, and only what the fast scanner takes is taken in
// its place.
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
  // Nor is what a larger content begins with: to look whether the next one could be found costs
  // another pass, and where such contents are decoded there is no next one (servers/calls).
  static constexpr std::size_t kMaxContentBytes = 128 * 1024;
  // Actions at a time.
  static constexpr std::size_t kEntries = 4;

  // `depth`: JsonReader::scanned_depth() of whoever parses what is not found here.
  explicit CallCache(std::size_t depth = 0) : depth_(depth) {}

  // The action that `content` calls, and the value, which borrows from it. Null: parse it.
  [[nodiscard]] const Action* find(std::string_view content, std::optional<JsonView>& value) {
    const Entry& latest = entries_[latest_];
    if (latest.begins(content)) return value_of(latest, content, value);
    return find_other(content, value);
  }

  // `content`, a JSON object that was parsed, calls `action`, which outlives the cache or the next
  // clear(); `value`, a part of it, is the value.
  void remember(std::string_view content, JsonView value, const Action& action);

  void clear() { *this = CallCache(depth_); }

 private:
  struct Entry {
    std::string begin;  // of the content, up to the value
    const Action* action = nullptr;

    [[nodiscard]] bool begins(std::string_view content) const {
      return !begin.empty() && content.starts_with(begin);
    }
  };

  [[nodiscard]] const Action* value_of(const Entry& entry, std::string_view content,
                                       std::optional<JsonView>& value) const;
  [[nodiscard]] const Action* find_other(std::string_view content, std::optional<JsonView>& value);

  std::size_t depth_;
  std::array<Entry, kEntries> entries_;
  std::size_t latest_ = 0;  // where the last one was found
  std::size_t oldest_ = 0;  // where the next one goes
};

}  // namespace appd::handlers
