#include "appd/clients/appctl/tutorial_form.h"

#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/text/utf8.h"

namespace appd::clients {
namespace {

constexpr std::string_view kPackedReplyName = "result";
constexpr std::size_t kPackedReplyBytes = 10;
constexpr std::string_view kInvalidActionText = "invalid action";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Result<std::int32_t> parse_int32(std::string_view action, const CallValue& value) {
  const std::string_view text =
      value.text ? trimmed(protocol::without_byte_order_mark(*value.text)) : std::string_view();
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc() && end == digits.data() + digits.size() && !digits.starts_with("+") &&
      !text.starts_with("+-")) {
    return number;
  }
  std::string message = "the value of " + std::string(action) +
                        " must be a whole number from -2147483648 to 2147483647, ";
  message += value.text ? "not \"" + std::string(text) + '"' : "and there is none";
  message += ": it goes as the tutorial's client sends it; --json sends any value as JSON";
  return fail(ClientError::kInvalidRequest, std::move(message));
}

Result<Request> packed_request(std::string_view action, const CallValue& value,
                               const std::vector<std::string>& fields) {
  const auto number = parse_int32(action, value);
  if (!number) return tl::unexpected(number.error());
  std::array<std::byte, 4> packed;
  protocol::store_be32(packed, static_cast<std::uint32_t>(*number));
  std::string bytes(reinterpret_cast<const char*>(packed.data()), packed.size());
  return build_request(action, {.text = std::move(bytes)}, ValueForm::kBinary, fields);
}

// A plain reply has no status: its text alone tells what went wrong.
bool is_unknown_action(const Reply& error) {
  if (error.status) return *error.status == "invalid_action";
  const auto text = error.result_text();
  return !text && text.error().message.starts_with(kInvalidActionText);
}

bool is_about_the_value(const Reply& error) {
  if (is_unknown_action(error)) return false;
  return !error.status || *error.status == "invalid_argument" ||
         *error.status == "invalid_content" || *error.status == "out_of_range";
}

}  // namespace

TutorialForm tutorial_form(std::string_view action, ValueForm form) {
  if (form == ValueForm::kBinary) return TutorialForm::kBytes;
  if (form != ValueForm::kAutomatic) return TutorialForm::kNone;
  if (action == "binary") return TutorialForm::kBytes;
  if (action == "double" || action == "negate") return TutorialForm::kPackedNumber;
  return action == "search" ? TutorialForm::kString : TutorialForm::kNone;
}

std::optional<std::int32_t> unpack_number(std::string_view content) {
  if (content.size() != kPackedReplyBytes || !content.starts_with(kPackedReplyName)) {
    return std::nullopt;
  }
  const auto packed = std::as_bytes(std::span(content)).subspan(kPackedReplyName.size());
  return static_cast<std::int32_t>(protocol::load_be32(packed));
}

Result<Request> build_tutorial_request(std::string_view action, CallValue value, ValueForm form,
                                       const std::vector<std::string>& fields) {
  switch (tutorial_form(action, form)) {
    case TutorialForm::kPackedNumber:
      return packed_request(action, value, fields);
    case TutorialForm::kBytes:
      return build_request(action, std::move(value), ValueForm::kBinary, fields);
    case TutorialForm::kString:
      return build_request(action, std::move(value), ValueForm::kString, fields);
    case TutorialForm::kNone:
      break;
  }
  return build_request(action, std::move(value), form, fields);
}

std::optional<std::string> tutorial_hint(std::string_view action, ValueForm form,
                                         const Reply& reply) {
  const bool value = reply.is_error && is_about_the_value(reply);
  const bool unknown = reply.is_error && is_unknown_action(reply);
  const std::string name(action);
  switch (tutorial_form(action, form)) {
    case TutorialForm::kNone:
      break;
    case TutorialForm::kString:
      if (!value) break;
      return name +
             " was sent a string, as the tutorial's client does; --json sends JSON as it "
             "stands";
    case TutorialForm::kPackedNumber:
      // What took the bytes for something else answers them with bytes.
      if (!value && !unknown && (reply.is_json() || unpack_number(reply.content))) break;
      return name +
             " was sent as the tutorial's client does, its name and an integer of 32 bits "
             "as binary content; --json sends JSON";
    case TutorialForm::kBytes:
      if (!value && !unknown) break;
      return "the bytes of \"" + name +
             "\" and of the value were sent as binary content, as the "
             "tutorial's client does, which is for the action \"binary\"; --json sends JSON, and "
             "--binary with --file names the action in the header";
  }
  return std::nullopt;
}

}  // namespace appd::clients
