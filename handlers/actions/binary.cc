#include <algorithm>
#include <array>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/typed/argument.h"
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

Result<void> show_first_bytes(const Request& request, Reply& reply) {
  if (request.form == Request::Form::kBinary) {
    const std::string_view bytes(reinterpret_cast<const char*>(request.payload.data()),
                                 request.payload.size());
    reply.set_binary(Answer(bytes.substr(0, kShownBytes)).text());
    return {};
  }
  std::string scratch;
  const Result<std::string_view> text = string_argument(request, scratch);
  if (!text) return tl::unexpected(text.error());
  reply.set_string(Answer(protocol::utf8_prefix(*text, kShownBytes)).text());
  return {};
}

}  // namespace

Action make_binary(const BuiltinOptions&) {
  Action action{.name = "binary",
                .summary = "the first 10 bytes of the request",
                .handler = show_first_bytes};
  action.signature = signature_of<std::string (*)(Bytes)>();
  action.signature.result_binary = "`First 10 bytes of request: ` and at most 10 bytes";
  action.examples = {{R"("hello world")", R"("First 10 bytes of request: hello worl")"}};
  return action;
}

}  // namespace appd::handlers
