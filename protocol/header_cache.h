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

#include "appd/protocol/byte_order.h"
#include "appd/protocol/message_header.h"
#include "appd/protocol/owned_header.h"

namespace appd::protocol {

// Length prefix of part 1.
inline constexpr std::size_t kPrefixBytes = 2;

struct KnownHeader {
  const MessageHeader* header = nullptr;
  std::size_t bytes = 0;  // of prefix and header
};

class HeaderCache {
 public:
  // Longer ones are not remembered: not usual, and costly to copy.
  static constexpr std::size_t kMaxHeaderBytes = 512;
  // Kinds of headers at a time; a JSON and a binary one from clients of two byte orders.
  static constexpr std::size_t kEntries = 4;

  // The header at the front of `input`, which begins with the prefix of a message. Null: it is not
  // complete, or is to be parsed. Else its texts borrow from the cache; all is valid until the next
  // call of either function.
  [[nodiscard]] KnownHeader find_message(std::span<const std::byte> input, HeaderRules rules) {
    if (input.size() < kPrefixBytes) return {};
    const std::size_t bytes = kPrefixBytes + load_be16(input);
    if (input.size() < bytes) return {};
    return {find(input.subspan(kPrefixBytes, bytes - kPrefixBytes), rules), bytes};
  }
  // The same of a header without its prefix.
  [[nodiscard]] const MessageHeader* find(std::span<const std::byte> json, HeaderRules rules) {
    Entry& latest = entries_[latest_];
    if (latest.rules == rules && match(latest, json)) return &latest.header.view();
    return find_other(json, rules);
  }

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

  [[nodiscard]] static bool match(Entry& entry, std::span<const std::byte> json);
  [[nodiscard]] const MessageHeader* find_other(std::span<const std::byte> json, HeaderRules rules);

  std::array<Entry, kEntries> entries_;
  std::size_t latest_ = 0;  // where the last one was found
  std::size_t oldest_ = 0;  // where the next one goes
};

}  // namespace appd::protocol
