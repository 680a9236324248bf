#include "appd/clients/appctl/python_literal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <unordered_map>
#include <utility>
#include <vector>

#include "appd/protocol/text/json_scan.h"
#include "appd/protocol/text/json_text.h"
#include "appd/protocol/text/printable_text.h"
#include "appd/protocol/text/utf8.h"

namespace appd::clients {
namespace {

void append_hex(std::string& out, std::uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += "0123456789abcdef"[(value >> shift) & 0xf];
  }
}

char choose_quote(std::string_view text) {
  bool has_single = text.find('\'') != text.npos;
  bool has_double = text.find('"') != text.npos;
  return has_single && !has_double ? '"' : '\'';
}

// What has a short escape in both notations; false if `c` has none.
bool append_short_escape(std::string& out, char32_t c, char quote) {
  if (c == static_cast<unsigned char>(quote) || c == '\\') {
    out += '\\';
    out += static_cast<char>(c);
  } else if (c == '\t') {
    out += "\\t";
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else {
    return false;
  }
  return true;
}

void append_character(std::string& out, char32_t character, char quote) {
  if (append_short_escape(out, character, quote)) return;
  if (protocol::is_printable(character)) {
    protocol::append_utf8(out, character);
  } else if (character < 0x100) {
    out += "\\x";
    append_hex(out, character, 2);
  } else if (character < 0x10000) {
    out += "\\u";
    append_hex(out, character, 4);
  } else {
    out += "\\U";
    append_hex(out, character, 8);
  }
}

void append_string_literal(std::string& out, std::string_view utf8) {
  char quote = choose_quote(utf8);
  out += quote;
  while (!utf8.empty()) append_character(out, protocol::take_utf8(utf8), quote);
  out += quote;
}

// Python's repr of a float: the shortest digits that read back the same; plain from 1e-4 to below
// 1e16, always with a point or an exponent.
void append_float(std::string& out, double value) {
  if (std::isinf(value)) {
    out += value < 0 ? "-inf" : "inf";
    return;
  }
  char buffer[64];
  auto scientific =
      std::to_chars(std::begin(buffer), std::end(buffer), value, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<std::size_t>(scientific.ptr - buffer));
  std::size_t e = text.find('e');
  int exponent = 0;
  std::size_t digits_at = text[e + 1] == '+' ? e + 2 : e + 1;
  std::from_chars(text.data() + digits_at, text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 16) {
    out += text;
    return;
  }
  auto plain = std::to_chars(std::begin(buffer), std::end(buffer), value, std::chars_format::fixed);
  text = {buffer, static_cast<std::size_t>(plain.ptr - buffer)};
  out += text;
  if (text.find('.') == text.npos) out += ".0";
}

// Prints a validated JSON text in Python's notation. What is still to be printed is a stack, so
// that nesting costs memory and no call depth; where each bracket closes is found out once, in
// advance, so that stepping over a value takes one look-up and the whole stays linear.
class Printer {
 public:
  explicit Printer(std::string_view text) : text_(text) { match_brackets(); }

  std::string print() {
    push_value({0, 0});
    while (!todo_.empty()) {
      Item item = todo_.back();
      todo_.pop_back();
      switch (item.kind) {
        case Item::Kind::kText:
          out_ += item.text;
          break;
        case Item::Kind::kName:
          append_name(item.at.offset);
          break;
        case Item::Kind::kValue:
          print_value(item.at);
          break;
      }
    }
    return std::move(out_);
  }

 private:
  // A position in the text, and how many opening brackets stand before it.
  struct Position {
    std::size_t offset;
    std::size_t bracket;
  };
  struct Item {
    enum class Kind : std::uint8_t { kText, kName, kValue };
    Kind kind;
    Position at;
    const char* text;  // kText
  };
  struct Member {
    std::size_t name;
    Position value;
  };

  void push_text(const char* text) { todo_.push_back({Item::Kind::kText, {}, text}); }
  void push_name(std::size_t offset) { todo_.push_back({Item::Kind::kName, {offset, 0}, ""}); }
  void push_value(Position at) { todo_.push_back({Item::Kind::kValue, at, ""}); }

  void match_brackets();
  [[nodiscard]] std::size_t scalar_end(std::size_t offset) const;
  // Past white space, commas and colons.
  void step_to_token(Position& position) const;
  void step_over_value(Position& position) const;
  [[nodiscard]] std::string decode_string(std::size_t offset) const;
  void append_name(std::size_t offset) { append_string_literal(out_, decode_string(offset)); }
  void print_value(Position at);
  void print_number(std::string_view number);
  void expand_array(Position at);
  void expand_object(Position at);
  [[nodiscard]] std::vector<Member> members_of(Position at) const;

  std::string_view text_;
  protocol::JsonReader reader_;
  // Of the n-th opening bracket: where its closing one stands, and how many open up to there.
  std::vector<Position> closing_;
  std::vector<Item> todo_;
  std::string out_;
};

std::size_t Printer::scalar_end(std::size_t offset) const {
  return offset + protocol::internal::scan_value(text_.substr(offset)).slice.end;
}

void Printer::match_brackets() {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    switch (text_[i]) {
      case '"':
        i = scalar_end(i) - 1;
        break;
      case '[':
      case '{':
        open.push_back(closing_.size());
        closing_.push_back({});
        break;
      case ']':
      case '}':
        closing_[open.back()] = {i, closing_.size()};
        open.pop_back();
        break;
      default:
        break;
    }
  }
}

void Printer::step_to_token(Position& position) const {
  position.offset = text_.find_first_not_of(" \t\r\n,:", position.offset);
}

void Printer::step_over_value(Position& position) const {
  char first = text_[position.offset];
  if (first == '[' || first == '{') {
    position = closing_[position.bracket];
    ++position.offset;
  } else {
    position.offset = scalar_end(position.offset);
  }
}

std::string Printer::decode_string(std::size_t offset) const {
  std::string decoded;
  std::size_t end = scalar_end(offset);
  protocol::internal::append_unescaped(decoded, text_.substr(offset + 1, end - offset - 2));
  return decoded;
}

void Printer::print_value(Position at) {
  switch (text_[at.offset]) {
    case '[':
      return expand_array(at);
    case '{':
      return expand_object(at);
    case '"':
      return append_name(at.offset);
    case 'n':
      out_ += "None";
      return;
    case 't':
      out_ += "True";
      return;
    case 'f':
      out_ += "False";
      return;
    default:
      print_number(text_.substr(at.offset, scalar_end(at.offset) - at.offset));
  }
}

void Printer::print_number(std::string_view number) {
  if (number.find_first_of(".eE") != number.npos) {
    append_float(out_, reader_.read_value(number)->number());
  } else {
    out_ += number == "-0" ? "0" : number;  // Python's integers know no negative zero
  }
}

void Printer::expand_array(Position at) {
  out_ += '[';
  push_text("]");
  std::size_t first = todo_.size();
  Position position{at.offset + 1, at.bracket + 1};
  for (step_to_token(position); text_[position.offset] != ']'; step_to_token(position)) {
    if (todo_.size() > first) push_text(", ");
    push_value(position);
    step_over_value(position);
  }
  std::reverse(todo_.begin() + static_cast<std::ptrdiff_t>(first), todo_.end());
}

std::vector<Printer::Member> Printer::members_of(Position at) const {
  std::vector<Member> members;
  std::unordered_map<std::string, std::size_t> index_of;
  Position position{at.offset + 1, at.bracket + 1};
  for (step_to_token(position); text_[position.offset] != '}'; step_to_token(position)) {
    std::size_t name = position.offset;
    position.offset = scalar_end(name);
    step_to_token(position);
    auto [entry, is_new] = index_of.try_emplace(decode_string(name), members.size());
    if (is_new) {
      members.push_back({name, position});
    } else {
      members[entry->second].value = position;  // a dict keeps the first place, the last value
    }
    step_over_value(position);
  }
  return members;
}

void Printer::expand_object(Position at) {
  out_ += '{';
  push_text("}");
  std::vector<Member> members = members_of(at);
  for (std::size_t i = members.size(); i-- > 0;) {
    push_value(members[i].value);
    push_text(": ");
    push_name(members[i].name);
    if (i > 0) push_text(", ");
  }
}

}  // namespace

std::string bytes_literal(std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  char quote = choose_quote(text);
  std::string out = "b";
  out += quote;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (append_short_escape(out, byte, quote)) continue;
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      append_hex(out, byte, 2);
    }
  }
  out += quote;
  return out;
}

std::string string_literal(std::string_view utf8) {
  std::string out;
  append_string_literal(out, utf8);
  return out;
}

std::string json_literal(protocol::JsonView value) { return Printer(value.text()).print(); }

}  // namespace appd::clients
