#include "appd/protocol/text/json_scan.h"

#include <algorithm>

#include "appd/protocol/text/json_text.h"
#include "appd/reactor/check.h"

namespace appd::protocol::internal {
namespace {

// kUnknown: nobody has looked at the text; false is then no verdict. kValid: it is valid JSON, so
// that names may have escapes and values may nest, and nothing fails.
enum class Trust : bool { kUnknown, kValid };

class Scanner {
 public:
  // `depth`: of arrays and objects that are stepped into where nobody has looked at the text.
  Scanner(std::string_view text, std::size_t at, Trust trust, std::size_t depth = 0)
      : begin_(text.data()),
        next_(text.data() + at),
        end_(text.data() + text.size()),
        depth_left_(depth),
        valid_(trust == Trust::kValid) {}

  bool object(std::vector<JsonMember>& members) {
    if (!take('{')) return false;
    if (take('}')) return at_end();
    do {
      if (members.size() == kMemberBatch) return false;
      if (!member(members.emplace_back())) return false;
    } while (take(','));
    return take('}') && at_end();
  }
  // Of a valid text, behind a member: the next ones, until there are so many.
  void members(std::size_t most, std::vector<JsonMember>& members) {
    while (members.size() < most && take(',')) member(members.emplace_back());
  }
  // Of a valid text, behind the opening bracket, a member or an element.
  bool next(JsonMember& found) {
    take(',');
    return !take('}') && member(found);
  }
  bool next(JsonElement& found) {
    take(',');
    return !take(']') && value(found);
  }
  bool value(JsonElement& value) {
    skip_space();
    if (next_ == end_) return false;
    switch (*next_) {
      case '"':
        return string(value);
      case 't':
        return literal("true", JsonKind::kBool, value);
      case 'f':
        return literal("false", JsonKind::kBool, value);
      case 'n':
        return literal("null", JsonKind::kNull, value);
      case '[':
        return valid_ ? step_over(JsonKind::kArray, value) : step_into(JsonKind::kArray, value);
      case '{':
        return valid_ ? step_over(JsonKind::kObject, value) : step_into(JsonKind::kObject, value);
      default:
        return number(value);
    }
  }

 private:
  void skip_space() {
    while (next_ != end_ && (*next_ == ' ' || *next_ == '\n' || *next_ == '\r' || *next_ == '\t')) {
      ++next_;
    }
  }
  bool at_end() {
    skip_space();
    return next_ == end_;
  }
  bool take(char c) {
    if (next_ != end_ && *next_ == ' ') ++next_;  // usually all the space there is
    if (next_ == end_ || *next_ != c) {
      skip_space();
      if (next_ == end_ || *next_ != c) return false;
    }
    ++next_;
    return true;
  }
  [[nodiscard]] JsonSlice slice(const char* from, const char* to) const {
    return {static_cast<std::uint32_t>(from - begin_), static_cast<std::uint32_t>(to - begin_)};
  }

  bool member(JsonMember& member) {
    if (!take('"')) return false;
    const char* quote = find_special(next_, end_, begin_);
    const bool plain = quote != end_ && *quote == '"';
    if (!plain) {
      if (!valid_) return false;
      quote = find_string_end(quote, end_);
    }
    member.name = slice(next_, quote);
    next_ = quote + 1;
    if (!take(':') || !value(member.value)) return false;
    if (!plain) member.value.plain = false;  // JsonMember::name
    return true;
  }

  // An array or an object that nobody has looked at.
  bool step_into(JsonKind kind, JsonElement& value) {
    if (depth_left_ == 0) return false;
    --depth_left_;
    const char close = kind == JsonKind::kArray ? ']' : '}';
    const char* const begin = next_++;
    if (!take(close)) {
      JsonMember inner;
      do {
        if (kind == JsonKind::kArray ? !this->value(inner.value) : !member(inner)) return false;
      } while (take(','));
      if (!take(close)) return false;
    }
    ++depth_left_;
    value = {slice(begin, next_), kind, false};
    return true;
  }

  // An array or an object of a valid text.
  bool step_over(JsonKind kind, JsonElement& value) {
    const char* const begin = next_;
    std::size_t depth = 0;
    do {
      const std::string_view rest(next_, static_cast<std::size_t>(end_ - next_));
      next_ += rest.find_first_of("[]{}\"");
      const char c = *next_++;
      if (c == '"') {
        next_ = find_string_end(next_, end_) + 1;
      } else {
        const bool opens = c == '[' || c == '{';
        depth = opens ? depth + 1 : depth - 1;
      }
    } while (depth > 0);
    value = {slice(begin, next_), kind, false};
    return true;
  }

  bool string(JsonElement& value) {
    const char* const special = find_special(next_ + 1, end_, begin_);
    const bool plain = special != end_ && *special == '"';
    const char* const quote = plain ? special : find_string_end(special, end_);
    if (quote == nullptr) return false;
    value = {slice(next_, quote + 1), JsonKind::kString, plain};
    next_ = quote + 1;
    return true;
  }

  bool literal(std::string_view word, JsonKind kind, JsonElement& value) {
    const std::string_view rest(next_, static_cast<std::size_t>(end_ - next_));
    if (!rest.starts_with(word)) return false;
    value = {slice(next_, next_ + word.size()), kind, true};
    next_ += word.size();
    return true;
  }

  bool number(JsonElement& value) {
    const char* number_end = find_number_end(next_, end_);
    if (number_end == nullptr) return false;
    const bool fraction =
        std::any_of(next_, number_end, [](char c) { return c == '.' || c == 'e' || c == 'E'; });
    value = {slice(next_, number_end), fraction ? JsonKind::kFraction : JsonKind::kInteger, true};
    next_ = number_end;
    return true;
  }

  const char* begin_;
  const char* next_;
  const char* end_;
  std::size_t depth_left_;
  const bool valid_;
};

}  // namespace

bool scan_object(std::string_view text, std::size_t depth, std::vector<JsonMember>& members) {
  return Scanner(text, 0, Trust::kUnknown, depth).object(members);
}

std::optional<JsonElement> scan_nested(std::string_view text, std::size_t depth) {
  JsonElement value;
  Scanner scanner(text, 0, Trust::kUnknown, depth);
  const bool whole =
      scanner.value(value) && value.slice.begin == 0 && value.slice.end == text.size();
  if (!whole || (value.kind != JsonKind::kArray && value.kind != JsonKind::kObject)) return {};
  return value;
}

JsonElement scan_value(std::string_view text) {
  JsonElement value;
  APPD_CHECK(Scanner(text, 0, Trust::kValid).value(value));
  return value;
}

bool scan_next(std::string_view object, std::size_t at, JsonMember& member) {
  return Scanner(object, at, Trust::kValid).next(member);
}

bool scan_next(std::string_view array, std::size_t at, JsonElement& element) {
  return Scanner(array, at, Trust::kValid).next(element);
}

void scan_members(std::string_view text, std::size_t at, std::size_t most,
                  std::vector<JsonMember>& members) {
  Scanner(text, at, Trust::kValid).members(most, members);
}

}  // namespace appd::protocol::internal
