#include <algorithm>

#include "appd/protocol/text/json_members.h"
#include "appd/protocol/text/json_text.h"

namespace appd::protocol::internal {
namespace {

class FlatScanner {
 public:
  explicit FlatScanner(std::string_view text)
      : begin_(text.data()), next_(text.data()), end_(text.data() + text.size()) {}

  bool object(std::vector<JsonMember>& members) {
    if (!take('{')) return false;
    if (take('}')) return at_end();
    do {
      if (members.size() == kMemberBatch) return false;
      JsonMember& member = members.emplace_back();
      if (!name(member.name) || !take(':') || !scalar(member.value)) return false;
    } while (take(','));
    return take('}') && at_end();
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

  // Its inside, without the quotes.
  bool name(JsonSlice& inside) {
    if (!take('"')) return false;
    const char* quote = find_special(next_, end_, begin_);
    if (quote == end_ || *quote != '"') return false;
    inside = slice(next_, quote);
    next_ = quote + 1;
    return true;
  }

  bool scalar(JsonPlace& value) {
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
      default:
        return number(value);
    }
  }

  bool string(JsonPlace& value) {
    const char* const special = find_special(next_ + 1, end_, begin_);
    const bool plain = special != end_ && *special == '"';
    const char* const quote = plain ? special : find_string_end(special, end_);
    if (quote == nullptr) return false;
    value = {slice(next_, quote + 1), JsonKind::kString, plain};
    next_ = quote + 1;
    return true;
  }

  bool literal(std::string_view word, JsonKind kind, JsonPlace& value) {
    const std::string_view rest(next_, static_cast<std::size_t>(end_ - next_));
    if (!rest.starts_with(word)) return false;
    value = {slice(next_, next_ + word.size()), kind, true};
    next_ += word.size();
    return true;
  }

  bool number(JsonPlace& value) {
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
};

}  // namespace

bool scan_flat_object(std::string_view text, std::vector<JsonMember>& members) {
  return FlatScanner(text).object(members);
}

}  // namespace appd::protocol::internal
