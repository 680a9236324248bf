// A header that was understood keeps to what its comment promises, and says the same when it is
// written again. Input: one byte that chooses the rules, then part 2 of a message.
#include <limits>
#include <string>

#include "appd/protocol/message_encoder.h"
#include "appd/protocol/message_header.h"
#include "appd/protocol/text/utf8.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/fuzz_input.h"
#include "tests/fuzz/support/header_text.h"

namespace {

using namespace appd::fuzz;
using namespace appd::protocol;

void check_text(std::string_view text) {
  APPD_CHECK(is_valid_utf8(text) && text.size() <= kMaxFieldBytes, text.size());
}

// Holds for a header that was refused, too: a reply repeats parts of it.
void check_fields(const MessageHeader& header) {
  check_text(header.content_type);
  check_text(header.content_encoding);
  check_text(header.status.value_or(""));
  check_text(header.action.value_or("x"));
  APPD_CHECK(!header.action || !header.action->empty());
  APPD_CHECK(header.content_length <= std::numeric_limits<std::int64_t>::max());
  APPD_CHECK(!header.deadline ||
             (header.deadline->count() >= 0 && *header.deadline <= kMaxDeadline));
  APPD_CHECK(header.call_depth >= 0 && header.call_depth <= kMaxDepthField, header.call_depth);
  if (header.request_id.empty()) return;
  const auto id = JsonView::parse(header.request_id);
  APPD_CHECK(id && id->text() == header.request_id, header.request_id);
  APPD_CHECK(id->kind() == JsonKind::kString || id->kind() == JsonKind::kInteger);
}

// As requests and replies are written, which must not depend on what a peer sent.
void check_encoding(const MessageHeader& header) {
  const ContentFields content{.content_type = header.content_type,
                              .content_encoding = header.content_encoding,
                              .content_length = header.content_length};
  const ReplyExtension reply{
      .keep_alive = header.keep_alive, .request_id = header.request_id, .status = Status::kOk};
  std::string bytes;
  encode_reply_header(content, &reply, bytes);
  JsonReader reader;
  MessageHeader again;
  std::string scratch;
  const auto parsed = parse_message_header(reader, as_bytes(bytes).subspan(2),
                                           HeaderRules::kAllRequired, again, scratch);
  APPD_CHECK(parsed, parsed.error().message, bytes);
  MessageHeader expected = header;
  expected.byte_order = kNativeByteOrder;
  expected.has_connection = true;
  expected.deadline.reset();
  expected.action.reset();
  expected.status = "ok";
  APPD_CHECK(describe(again) == describe(expected), describe(again), describe(expected));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const HeaderRules rules =
      input.take_below(2) == 0 ? HeaderRules::kAllRequired : HeaderRules::kLengthOnly;
  const ExactCopy json(input.rest());
  JsonReader reader;
  MessageHeader header;
  std::string scratch;
  const auto parsed = parse_message_header(reader, json.bytes(), rules, header, scratch);
  check_fields(header);
  if (parsed) {
    check_encoding(header);
  } else {
    APPD_CHECK(status_of(parsed.error()) == Status::kBadHeader);
    APPD_CHECK(is_valid_utf8(parsed.error().message), parsed.error().message);
  }
  return 0;
}
