#include <algorithm>
#include <array>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/typed/typed.h"
#include "appd/protocol/text/utf8.h"

namespace appd::handlers {

namespace {

constexpr std::string_view kAnswerPrefix = "First 10 bytes of request: ";
constexpr std::size_t kShownBytes = 10;

// The prefix and at most kShownBytes behind it.
class Answer {
 public:
  explicit Answer(std::string_view shown) : size_(kAnswerPrefix.size() + shown.size()) {
    const auto end = std::copy(kAnswerPrefix.begin(), kAnswerPrefix.end(), text_.begin());
    std::copy(shown.begin(), shown.end(), end);
  }
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, kAnswerPrefix.size() + kShownBytes> text_;
  std::size_t size_;
};

// Of binary content any bytes, of a JSON string whole characters.
void show_first_bytes(Bytes content, const Request& request, Reply& reply) {
  const std::string_view bytes(reinterpret_cast<const char*>(content.data()), content.size());
  if (request.form == Request::Form::kBinary) {
    reply.set_binary(Answer(bytes.substr(0, kShownBytes)).text());
  } else {
    reply.set_string(Answer(protocol::utf8_prefix(bytes, kShownBytes)).text());
  }
}

}  // namespace

Action make_binary(const BuiltinOptions&) {
  return make_action(
      "binary", show_first_bytes,
      {.summary = "the first 10 bytes of the request",
       .examples = {{R"("hello world")", R"("First 10 bytes of request: hello worl")"}},
       .signature = {.result_schema = ValueForm<std::string>::schema(),
                     .result_binary = "`First 10 bytes of request: ` and at most 10 bytes"},
       .plain_refusals = true});
}

}  // namespace appd::handlers
