#include "servers/printable_text.h"

#include <algorithm>

#include "protocol/json.h"
#include "protocol/utf8.h"

namespace appd::servers {
namespace {

constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";
constexpr std::size_t kLongestCharacterBytes = 4;

// Bytes of the character that `bytes` begins with; 0 where it begins with none.
std::size_t character_bytes(std::string_view bytes) {
  const std::size_t longest = std::min(kLongestCharacterBytes, bytes.size());
  for (std::size_t length = 1; length <= longest; ++length) {
    if (protocol::is_valid_utf8(bytes.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

std::string_view valid_utf8(std::string_view bytes, std::string& scratch) {
  if (protocol::is_valid_utf8(bytes)) return bytes;
  scratch.clear();
  while (!bytes.empty()) {
    const std::size_t length = character_bytes(bytes);
    scratch.append(length > 0 ? bytes.substr(0, length) : kReplacementCharacter);
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return scratch;
}

std::string on_one_line(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string scratch;
  std::string line;
  for (const char c : valid_utf8(bytes, scratch)) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x20 && code != 0x7f) {
      line += c;
    } else {
      line += "\\u00";
      line += kHex[code >> 4];
      line += kHex[code & 0xf];
    }
  }
  return line;
}

std::string in_quotes(std::string_view bytes) {
  std::string scratch;
  std::string text;
  protocol::append_json_string(text, valid_utf8(bytes, scratch));
  return text;
}

}  // namespace appd::servers
