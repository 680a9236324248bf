#include "protocol/json_text.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "protocol/utf8.h"

namespace appd::protocol::internal {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x8080808080808080;

bool is_special(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

// Non-zero iff one of the word's bytes is below `limit` (at most 0x80). The classic trick: the
// subtraction borrows into a byte's high bit; where it says yes wrongly, a lower byte is a true
// hit.
constexpr std::uint64_t any_below(std::uint64_t word, std::uint64_t limit) {
  return (word - kOnes * limit) & ~word & kHighBits;
}
constexpr std::uint64_t any_equal(std::uint64_t word, char c) {
  return any_below(word ^ (kOnes * static_cast<unsigned char>(c)), 1);
}

const char* find_special_by_words(const char* begin, const char* end) {
  const char* p = begin;
  for (; end - p >= 8; p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, sizeof word);
    const std::uint64_t hits = any_below(word, 0x20) | any_equal(word, '"') | any_equal(word, '\\');
    if (hits == 0) continue;
    // The first byte's hit, in the lowest bits on a little-endian machine, is always a true one.
    if constexpr (std::endian::native != std::endian::little) break;
    return p + std::countr_zero(hits) / 8;
  }
  while (p != end && !is_special(*p)) ++p;
  return p;
}

#ifdef __SSE2__
// A bit for each special byte of the sixteen at `p`, the first one's lowest.
unsigned special_bytes_of_16(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                    _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                                       _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes));
  return static_cast<unsigned>(_mm_movemask_epi8(special));
}
#endif

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Behind the digits at `p`; nullptr if there is not one.
const char* skip_digits(const char* p, const char* end) {
  if (p == end || !is_digit(*p)) return nullptr;
  while (p != end && is_digit(*p)) ++p;
  return p;
}

std::uint32_t hex_digit(char c) {
  if (is_digit(c)) return static_cast<std::uint32_t>(c - '0');
  return static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
}

// The four digits at `raw[at]`.
std::uint32_t hex4(std::string_view raw, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) value = (value << 4) | hex_digit(raw[i]);
  return value;
}

char short_escape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;  // " \ and /
  }
}

// The escape at the front of `raw`; returns its length there.
std::size_t append_escape(std::string& out, std::string_view raw) {
  if (raw[1] != 'u') {
    out.push_back(short_escape(raw[1]));
    return 2;
  }
  std::uint32_t unit = hex4(raw, 2);
  if (unit < 0xd800 || unit > 0xdbff) {
    append_utf8(out, unit);
    return 6;
  }
  std::uint32_t low = hex4(raw, 8);  // validated: the other half follows
  append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
  return 12;
}

}  // namespace

const char* find_special(const char* begin, const char* end, const char* readable) {
#ifdef __SSE2__
  const char* p = begin;
  for (; end - p >= 16; p += 16) {
    const unsigned hits = special_bytes_of_16(p);
    if (hits != 0) return p + std::countr_zero(hits);
  }
  if (end - readable < 16) return find_special_by_words(p, end);
  // The last sixteen, without those that are not looked for.
  const unsigned hits = special_bytes_of_16(end - 16) >> (16 - (end - p));
  return hits != 0 ? p + std::countr_zero(hits) : end;
#else
  static_cast<void>(readable);
  return find_special_by_words(begin, end);
#endif
}

const char* find_number_end(const char* begin, const char* end) {
  const char* p = begin;
  if (p != end && *p == '-') ++p;
  if (p != end && *p == '0') {
    ++p;
  } else {
    p = skip_digits(p, end);
    if (p == nullptr) return nullptr;
  }
  if (p != end && *p == '.') {
    p = skip_digits(p + 1, end);
    if (p == nullptr) return nullptr;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    return skip_digits(p, end);
  }
  return p;
}

void append_unescaped(std::string& out, std::string_view raw) {
  while (!raw.empty()) {
    std::size_t plain = raw.find('\\');
    if (plain == std::string_view::npos) plain = raw.size();
    out.append(raw.substr(0, plain));
    raw.remove_prefix(plain);
    if (!raw.empty()) raw.remove_prefix(append_escape(out, raw));
  }
}

}  // namespace appd::protocol::internal
