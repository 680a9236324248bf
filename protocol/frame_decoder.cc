#include "appd/protocol/frame_decoder.h"

#include <algorithm>

#include "appd/reactor/check.h"

namespace appd::protocol {
namespace {

// Of 1 to 8 bytes.
std::uint64_t load(std::span<const std::byte> from, ByteOrder order) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::byte next = order == ByteOrder::kBig ? from[i] : from[from.size() - 1 - i];
    value = value << 8 | std::to_integer<std::uint64_t>(next);
  }
  return value;
}

}  // namespace

Frame decode_frame(std::span<const std::byte> input, const LengthPrefix& prefix) {
  APPD_CHECK(prefix.bytes >= 1 && prefix.bytes <= 8, prefix.bytes);
  Frame frame;
  frame.bytes = prefix.bytes;
  if (input.size() < prefix.bytes) return frame;
  const std::uint64_t payload_bytes = load(input.first(prefix.bytes), prefix.order);
  // (The second is for lengths that no memory has.)
  if (payload_bytes > prefix.most || payload_bytes > SIZE_MAX - prefix.bytes) {
    frame.too_long = true;
    return frame;
  }
  frame.bytes += static_cast<std::size_t>(payload_bytes);
  if (input.size() < frame.bytes) return frame;
  frame.complete = true;
  frame.payload = input.subspan(prefix.bytes, static_cast<std::size_t>(payload_bytes));
  return frame;
}

Frame decode_delimited(std::span<const std::byte> input, std::string_view delimiter,
                       std::size_t most, std::size_t searched) {
  APPD_CHECK(!delimiter.empty());
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  Frame frame;
  const std::size_t end = text.find(delimiter, searched);
  if (end == std::string_view::npos) {
    // The delimiter may have begun.
    frame.too_long = text.size() >= delimiter.size() && text.size() - delimiter.size() >= most;
    frame.bytes = text.size() + 1;
    return frame;
  }
  frame.too_long = end > most;
  if (frame.too_long) return frame;
  frame.complete = true;
  frame.bytes = end + delimiter.size();
  frame.payload = input.first(end);
  return frame;
}

}  // namespace appd::protocol
