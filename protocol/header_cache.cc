#include "appd/protocol/header_cache.h"

#include <cstring>

#include "appd/reactor/check.h"

namespace appd::protocol {
namespace {

// Any content-length of so many digits fits INT64_MAX.
constexpr std::size_t kMaxDigits = 18;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

// Whether `json` differs from the entry in content-length alone, which the entry's header then
// says.
bool HeaderCache::match(Entry& entry, std::span<const std::byte> bytes) {
  const std::string_view json = as_text(bytes);
  const std::size_t tail_bytes = entry.json.size() - entry.digits_end;
  const std::size_t other_bytes = entry.digits_begin + tail_bytes;
  if (json.size() <= other_bytes || other_bytes == 0) return false;
  const std::size_t digit_count = json.size() - other_bytes;
  const char* const digits = json.data() + entry.digits_begin;
  if (digit_count > kMaxDigits || (*digits == '0' && digit_count > 1)) return false;
  if (std::memcmp(json.data(), entry.json.data(), entry.digits_begin) != 0) return false;
  if (std::memcmp(digits + digit_count, entry.json.data() + entry.digits_end, tail_bytes) != 0) {
    return false;
  }
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < digit_count; ++i) {
    if (digits[i] < '0' || digits[i] > '9') return false;
    length = length * 10 + static_cast<std::uint64_t>(digits[i] - '0');
  }
  entry.header.view().content_length = length;
  return true;
}

const MessageHeader* HeaderCache::find_other(std::span<const std::byte> json, HeaderRules rules) {
  for (std::size_t i = 1; i < kEntries; ++i) {
    const std::size_t index = (latest_ + i) % kEntries;
    Entry& entry = entries_[index];
    if (entry.rules != rules || !match(entry, json)) continue;
    latest_ = index;
    return &entry.header.view();
  }
  return nullptr;
}

void HeaderCache::remember(std::span<const std::byte> json, HeaderRules rules,
                           const MessageHeader& header) {
  if (json.size() > kMaxHeaderBytes || !header.request_id.empty()) return;
  const std::string_view text = as_text(json);
  const std::string_view digits = header.content_length_digits;
  APPD_CHECK(!digits.empty(), text);
  if (digits[0] == '-') return;
  Entry& entry = entries_[oldest_];
  latest_ = oldest_;
  oldest_ = (oldest_ + 1) % kEntries;
  entry.json.assign(text);
  entry.rules = rules;
  entry.digits_begin = static_cast<std::size_t>(digits.data() - text.data());
  entry.digits_end = entry.digits_begin + digits.size();
  entry.header.assign(header);
}

}  // namespace appd::protocol
