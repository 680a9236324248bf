// Headers that were parsed lately, known again by their bytes.
//
// Clients send the same header again and again, but for the digits of content-length: two
// comparisons and a few digits then take the place of parsing. What is found is what parsing would
// give, because only such headers are remembered that were parsed without error.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "appd/protocol/message_header.h"
#include "appd/protocol/owned_header.h"

namespace appd::protocol {

class HeaderCache {
 public:
  // Longer ones are not remembered: not usual, and costly to copy.
  static constexpr std::size_t kMaxHeaderBytes = 512;
  // Kinds of headers at a time; a JSON and a binary one from clients of two byte orders.
  static constexpr std::size_t kEntries = 4;

  // nullptr: parse it. Else the texts of the header borrow from the cache; all is valid until the
  // next call of either function.
  [[nodiscard]] const MessageHeader* find(std::span<const std::byte> json, HeaderRules rules);

  // `header` was parsed from `json` by `rules`, and none of its texts was escaped. Headers with a
  // request-id are passed over: the next one will have another.
  void remember(std::span<const std::byte> json, HeaderRules rules, const MessageHeader& header);

 private:
  struct Entry {
    std::string json;
    std::size_t digits_begin = 0;  // of content-length, in json
    std::size_t digits_end = 0;
    HeaderRules rules = HeaderRules::kAllRequired;
    OwnedHeader header;
  };

  [[nodiscard]] static bool match(Entry& entry, std::string_view json);

  std::array<Entry, kEntries> entries_;
  std::size_t latest_ = 0;  // where the last one was found
  std::size_t oldest_ = 0;  // where the next one goes
};

}  // namespace appd::protocol
