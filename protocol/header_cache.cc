#include "protocol/header_cache.h"

namespace appd::protocol {
namespace {

// Any content-length of so many digits fits INT64_MAX.
constexpr std::size_t kMaxDigits = 18;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// `view`, a part of `from`, as the same part of `to`.
std::string_view moved(std::string_view view, std::string_view from, const std::string& to) {
  if (view.empty()) return {};
  return std::string_view(to).substr(static_cast<std::size_t>(view.data() - from.data()),
                                     view.size());
}

}  // namespace

// The content-length that `json` says if it differs from the entry in nothing else.
std::optional<std::uint64_t> HeaderCache::match(const Entry& entry, std::string_view json) {
  const std::string_view known = entry.json;
  const std::string_view head = known.substr(0, entry.digits_begin);
  const std::string_view tail = known.substr(entry.digits_end);
  if (json.size() <= head.size() + tail.size() || known.empty()) return std::nullopt;
  const std::size_t digit_count = json.size() - head.size() - tail.size();
  const std::string_view digits = json.substr(head.size(), digit_count);
  if (digit_count > kMaxDigits || (digits[0] == '0' && digit_count > 1)) return std::nullopt;
  if (!json.starts_with(head) || !json.ends_with(tail)) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return length;
}

const MessageHeader* HeaderCache::find(std::span<const std::byte> json, HeaderRules rules) {
  for (std::size_t i = 0; i < kEntries; ++i) {
    const std::size_t index = (latest_ + i) % kEntries;
    Entry& entry = entries_[index];
    if (entry.rules != rules) continue;
    const auto length = match(entry, as_text(json));
    if (!length) continue;
    latest_ = index;
    entry.header.content_length = *length;
    return &entry.header;
  }
  return nullptr;
}

void HeaderCache::remember(std::span<const std::byte> json, HeaderRules rules,
                           const MessageHeader& header) {
  if (json.size() > kMaxHeaderBytes || !header.request_id.empty()) return;
  const std::string_view text = as_text(json);
  const std::string_view digits = header.content_length_digits;
  if (digits.empty() || digits[0] == '-') return;
  Entry& entry = entries_[oldest_];
  latest_ = oldest_;
  oldest_ = (oldest_ + 1) % kEntries;
  entry.json.assign(text);
  entry.rules = rules;
  entry.digits_begin = static_cast<std::size_t>(digits.data() - text.data());
  entry.digits_end = entry.digits_begin + digits.size();
  entry.header = header;
  entry.header.content_length_digits = {};
  entry.header.content_type = moved(header.content_type, text, entry.json);
  entry.header.content_encoding = moved(header.content_encoding, text, entry.json);
  if (header.action) entry.header.action = moved(*header.action, text, entry.json);
  if (header.status) entry.header.status = moved(*header.status, text, entry.json);
}

}  // namespace appd::protocol
