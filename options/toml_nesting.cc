#include "appd/options/toml_nesting.h"

#include <algorithm>

namespace appd::options {
namespace {

constexpr std::string_view kTripleQuotes[] = {R"(""")", "'''"};
// TOML 1.0: one or two quotes may stand in front of the three that close a text.
constexpr std::size_t kQuotesInFrontOfEnd = 2;

// Walks over the text from one sign that has a meaning to the next: texts and comments are one
// step.
class Walker {
 public:
  Walker(std::size_t limit, std::string_view toml) : limit_(limit), toml_(toml) {}

  std::optional<std::size_t> find() {
    while (at_ < toml_.size()) {
      step(toml_[at_]);
      if (brackets_ > limit_ || dots_ > limit_) return lines_before(at_) + 1;
      ++at_;
    }
    return std::nullopt;
  }

 private:
  // Leaves at_ on the last character of what begins there.
  void step(char c) {
    switch (c) {
      case '"':
      case '\'':
        skip_text(c);
        break;
      case '#':
        at_ = std::min(toml_.find('\n', at_), toml_.size()) - 1;
        break;
      case '.':
        ++dots_;
        break;
      case '[':
      case '{':
        ++brackets_;
        dots_ = 0;
        break;
      case ']':
      case '}':
        if (brackets_ > 0) --brackets_;
        break;
      case '\n':
      case '=':
      case ',':
        dots_ = 0;
        break;
      default:
        break;
    }
  }

  void skip_text(char quote) {
    const std::string_view triple = kTripleQuotes[quote == '"' ? 0 : 1];
    const bool lines = toml_.substr(at_).starts_with(triple);
    at_ += lines ? triple.size() : 1;
    while (at_ < toml_.size()) {
      const std::string_view rest = toml_.substr(at_);
      if (lines && rest.starts_with(triple)) return end_of_lines(quote, triple.size());
      if (!lines && (rest[0] == quote || rest[0] == '\n')) break;
      at_ += quote == '"' && rest[0] == '\\' ? 2 : 1;
    }
  }

  void end_of_lines(char quote, std::size_t quotes) {
    at_ += quotes - 1;
    for (std::size_t i = 0; i < kQuotesInFrontOfEnd; ++i) {
      if (at_ + 1 < toml_.size() && toml_[at_ + 1] == quote) ++at_;
    }
  }

  [[nodiscard]] std::size_t lines_before(std::size_t end) const {
    const auto text = toml_.substr(0, end);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  const std::size_t limit_;
  const std::string_view toml_;
  std::size_t at_ = 0;
  std::size_t brackets_ = 0;  // that are open
  std::size_t dots_ = 0;      // of the key that may have begun here
};

}  // namespace

std::optional<std::size_t> line_nesting_beyond(std::size_t limit, std::string_view toml) {
  return Walker(limit, toml).find();
}

}  // namespace appd::options
