#include "appd/protocol/foreign_start.h"

#include <algorithm>
#include <array>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/message_decoder.h"

namespace appd::protocol {
namespace {

using namespace std::string_view_literals;

// White space in front of a header's { is looked through as far as this, so that a header that
// trickles in is not looked at again with each of its bytes.
constexpr std::size_t kLookedThroughBytes = 16;

// As few bytes as tell them apart: no more may be there when the start is refused.
struct Known {
  std::string_view begins;
  std::string_view name;
};
constexpr std::array kKnown{
    Known{"\x16\x03"sv, "a TLS hello"},
    Known{"\x15\x03"sv, "a TLS alert"},
    Known{"GET"sv, "an HTTP request"},
    Known{"HEA"sv, "an HTTP request"},
    Known{"POS"sv, "an HTTP request"},
    Known{"PUT"sv, "an HTTP request"},
    Known{"DEL"sv, "an HTTP request"},
    Known{"OPT"sv, "an HTTP request"},
    Known{"PAT"sv, "an HTTP request"},
    Known{"CON"sv, "an HTTP request"},
    Known{"TRA"sv, "an HTTP request"},
    Known{"PRI"sv, "an HTTP request"},
    Known{"HTT"sv, "an HTTP response"},
    Known{"SSH"sv, "an SSH greeting"},
    Known{"PRO"sv, "a PROXY header"},
    Known{"\r\n\r\n\0"sv, "a PROXY header"},
    Known{"{\""sv, "JSON without its length in front"},
};

bool is_json_space(std::byte byte) {
  const char c = static_cast<char>(byte);
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Of the header, as far as it is looked through: the part that is there.
std::span<const std::byte> looked_through(std::span<const std::byte> input) {
  if (input.size() <= kPrefixBytes) return {};
  const std::size_t bytes = std::min<std::size_t>(load_be16(input), kLookedThroughBytes);
  return input.subspan(kPrefixBytes, std::min(bytes, input.size() - kPrefixBytes));
}

}  // namespace

HeaderStart header_start(std::span<const std::byte> input) {
  const auto there = looked_through(input);
  const auto first = std::find_if_not(there.begin(), there.end(), is_json_space);
  if (first != there.end()) {
    return *first == std::byte{'{'} ? HeaderStart::kPossible : HeaderStart::kForeign;
  }
  const std::size_t all = input.size() < kPrefixBytes
                              ? kLookedThroughBytes
                              : std::min<std::size_t>(load_be16(input), kLookedThroughBytes);
  return there.size() < all ? HeaderStart::kUndecided : HeaderStart::kPossible;
}

std::string foreign_start_text(std::span<const std::byte> input) {
  const auto there = looked_through(input);
  const auto first = std::find_if_not(there.begin(), there.end(), is_json_space);
  const auto spaces = static_cast<std::size_t>(first - there.begin());
  const auto decided = input.first(kPrefixBytes + spaces + 1);
  const std::string_view name = looks_like(decided);
  std::string text = "the header is not a JSON object: it must begin with {, not with ";
  text += shown_bytes(decided.last(1));
  if (!name.empty()) text.append("; what came looks like ").append(name);
  return text;
}

std::string_view looks_like(std::span<const std::byte> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  for (const Known& known : kKnown) {
    if (text.starts_with(known.begins)) return known.name;
  }
  return {};
}

std::string shown_bytes(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (value >= 0x20 && value < 0x7f) {
      text += static_cast<char>(value);
      continue;
    }
    text.append("\\x").append(1, kDigits[value >> 4]).append(1, kDigits[value & 15]);
  }
  return text;
}

}  // namespace appd::protocol
