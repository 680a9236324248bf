#include "appd/protocol/text/json_text.h"

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "appd/protocol/text/utf8.h"

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

// Whether any of the sixteen is special or not ASCII, likewise: as signed numbers the latter are
// below all others.
unsigned special_or_wide_bytes_of_16(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i hits = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                 _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                                    _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)));
  return static_cast<unsigned>(_mm_movemask_epi8(hits));
}

constexpr std::ptrdiff_t kBlockBytes = 64;

// Whether none of the block's bytes is special. Exclusive or with 2 puts the quotation mark (0x22)
// behind the control characters and moves no other byte there, so that the smallest tells of both.
bool is_plain_block(const char* block) {
  const __m128i two = _mm_set1_epi8(2);
  const __m128i backslash = _mm_set1_epi8('\\');
  __m128i nearest_control = _mm_set1_epi8(-1);
  __m128i nearest_backslash = _mm_set1_epi8(-1);
  for (const char* p = block; p != block + kBlockBytes; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    nearest_control = _mm_min_epu8(nearest_control, _mm_xor_si128(bytes, two));
    nearest_backslash = _mm_min_epu8(nearest_backslash, _mm_xor_si128(bytes, backslash));
  }
  const __m128i limited = _mm_min_epu8(nearest_control, _mm_set1_epi8(0x20));
  const __m128i hits = _mm_or_si128(_mm_cmpeq_epi8(limited, nearest_control),
                                    _mm_cmpeq_epi8(nearest_backslash, _mm_setzero_si128()));
  return _mm_movemask_epi8(hits) == 0;
}

// The first block that is not plain, or where less than a block is left.
const char* skip_plain_blocks(const char* p, const char* end) {
  while (end - p >= kBlockBytes && is_plain_block(p)) p += kBlockBytes;
  return p;
}
#endif

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Behind the digits at `p`; nullptr if there is not one.
const char* skip_digits(const char* p, const char* end) {
  if (p == end || !is_digit(*p)) return nullptr;
  while (p != end && is_digit(*p)) ++p;
  return p;
}

constexpr std::ptrdiff_t kUnitBytes = 6;  // \uXXXX

// The UTF-16 unit that the escape at `p` stands for; nothing if none is there.
std::optional<std::uint32_t> read_unit(const char* p, const char* end) {
  if (end - p < kUnitBytes || p[0] != '\\' || p[1] != 'u') return std::nullopt;
  std::uint32_t unit = 0;
  const auto read = std::from_chars(p + 2, p + kUnitBytes, unit, 16);
  if (read.ec != std::errc() || read.ptr != p + kUnitBytes) return std::nullopt;
  return unit;
}

bool is_high_half(std::uint32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low_half(std::uint32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

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
  const char* const p = raw.data();
  const char* const end = p + raw.size();
  const auto unit = read_unit(p, end);
  if (!unit) {
    out.push_back(short_escape(raw[1]));
    return 2;
  }
  if (!is_high_half(*unit)) {
    append_utf8(out, *unit);
    return kUnitBytes;
  }
  const std::uint32_t low = *read_unit(p + kUnitBytes, end);  // validated: the other half follows
  append_utf8(out, 0x10000 + ((*unit - 0xd800) << 10) + (low - 0xdc00));
  return 2 * kUnitBytes;
}

// Behind the character that the escape at `p` stands for; nullptr if it is not valid.
const char* skip_escape(const char* p, const char* end) {
  constexpr std::string_view kLetters = R"("\/bfnrt)";
  if (end - p >= 2 && kLetters.find(p[1]) != std::string_view::npos) return p + 2;
  const auto unit = read_unit(p, end);
  if (!unit || is_low_half(*unit)) return nullptr;
  if (!is_high_half(*unit)) return p + kUnitBytes;
  const auto second = read_unit(p + kUnitBytes, end);
  return second && is_low_half(*second) ? p + 2 * kUnitBytes : nullptr;
}

}  // namespace

const char* find_special(const char* begin, const char* end, const char* readable) {
#ifdef __SSE2__
  const char* p = begin;
  if (end - p >= 16 + kBlockBytes) {  // a long text, but mostly of short strings
    const unsigned hits = special_bytes_of_16(p);
    if (hits != 0) return p + std::countr_zero(hits);
    p = skip_plain_blocks(p + 16, end);
  }
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

bool is_plain_ascii(const char* begin, const char* end, const char* readable) {
  const char* p = begin;
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    if (special_or_wide_bytes_of_16(p) != 0) return false;
  }
  if (end - readable >= 16) {
    return special_or_wide_bytes_of_16(end - 16) >> (16 - (end - p)) == 0;
  }
#else
  static_cast<void>(readable);
#endif
  while (p != end && !is_special(*p) && static_cast<unsigned char>(*p) < 0x80) ++p;
  return p == end;
}

const char* find_string_end(const char* begin, const char* end) {
  const char* p = find_special(begin, end);
  while (p != end && *p == '\\') {
    p = skip_escape(p, end);
    if (p == nullptr) return nullptr;
    p = find_special(p, end);
  }
  return p != end && *p == '"' ? p : nullptr;
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
