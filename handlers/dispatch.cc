#include "handlers/dispatch.h"

#include <optional>

#include "handlers/failure.h"
#include "protocol/text_encoding.h"

namespace appd::handlers {

using protocol::Error;
using protocol::fail;
using protocol::JsonKind;

namespace {

// A content of at least so many bytes is named while it is decoded (decoding_action()).
constexpr std::size_t kNamedContentBytes = 16 * 1024;

// The action of binary content that names no other.
constexpr std::string_view kBinaryAction = "binary";

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What an object calls: the members that count, and which of them were there twice.
struct CallMembers {
  std::optional<JsonView> action;
  std::optional<JsonView> value;
  std::string_view repeated;

  void add(std::string_view name, JsonView member) {
    if (name == "action") {
      set(action, member, "action");
    } else if (name == "value") {
      set(value, member, "value");
    }
  }

 private:
  void set(std::optional<JsonView>& slot, JsonView member, std::string_view name) {
    if (slot) repeated = name;
    slot = member;
  }
};

Result<void> check_members(const CallMembers& members) {
  if (!members.repeated.empty()) {
    return fail(Status::kInvalidContent,
                "\"" + std::string(members.repeated) + "\" must be in the content once, not twice");
  }
  if (!members.action) {
    return fail(Status::kInvalidContent,
                "the content has no \"action\"; it must be an object with a string \"action\"");
  }
  if (members.action->kind() != JsonKind::kString) {
    return fail(Status::kInvalidContent, "\"action\" must be a string, not " +
                                             std::string(json_kind_name(members.action->kind())));
  }
  return {};
}

// What the codecs say ("a comma or } is missing at byte 7"), with what they say it of.
tl::unexpected<Error> content_failure(const Error& error) {
  return reactor::fail(error.code, "invalid content: " + error.message);
}

void release_if_large(std::string& scratch) {
  if (scratch.capacity() <= Reply::kMaxKeptBytes) return;
  scratch.clear();
  scratch.shrink_to_fit();
}

}  // namespace

const Action& decoding_action() {
  static const Action decoding{
      .name = "decoding", .summary = "a content on its way to its action", .handler = {}};
  return decoding;
}

const Reply& Dispatcher::dispatch(const protocol::MessageHeader& header,
                                  std::span<const std::byte> content) {
  class NowhereToWait final : public CallStarter {
    bool start(const Action& /*action*/, const Request& /*request*/, Reply& reply) override {
      set_internal(reply, "the action waits, which is not possible here");
      return true;
    }
  } nowhere;
  return *dispatch(header, content, nowhere);
}

const Reply* Dispatcher::dispatch(const protocol::MessageHeader& header,
                                  std::span<const std::byte> content, CallStarter& starter) {
  reply_.clear();
  last_action_ = {};
  starter_ = &starter;
  pending_ = false;
  try {
    std::optional<RunningCall::Scope> decoding;
    if (content.size() >= kNamedContentBytes) decoding.emplace(running_, decoding_action());
    const Result<void> done = route(header, content);
    if (!done) {
      set_failure(reply_, done.error());
    } else if (!reply_.filled() && !pending_) {
      set_internal(reply_, "the action filled no reply");
    }
  } catch (...) {
    set_thrown(reply_);
  }
  release_if_large(text_);
  release_if_large(action_name_);
  return pending_ ? nullptr : &reply_;
}

Result<void> Dispatcher::route(const protocol::MessageHeader& header,
                               std::span<const std::byte> content) {
  if (!header.is_json()) return call_binary(header, content);
  // The JSON reader validates UTF-8 itself: decoding would look at every byte a second time.
  const bool utf8 = header.content_encoding == protocol::kUtf8Encoding;
  if (utf8) return call_json(header, as_text(content));
  const Result<std::string_view> text = decode(header, content);
  if (!text) return tl::unexpected(text.error());
  return call_json(header, *text);
}

Result<void> Dispatcher::call_json(const protocol::MessageHeader& header, std::string_view text) {
  Request request;
  request.header = &header;
  if (header.action) {
    const Result<JsonView> value = reader_.read_value(text);
    if (!value) return content_failure(value.error());
    request.value = *value;
    return call(*header.action, request);
  }
  if (const auto known = known_calls_.find(text)) {
    request.value = known->value;
    return call(*known->action, request);
  }
  CallMembers members;
  const Result<void> read = reader_.read_object(
      text, [&members](std::string_view name, JsonView member) { members.add(name, member); });
  if (!read) return content_failure(read.error());
  if (Result<void> checked = check_members(members); !checked) return checked;
  request.value = members.value;
  const Result<const Action*> action = find(members.action->string(action_name_));
  if (!action) return tl::unexpected(action.error());
  if (members.value) known_calls_.remember(text, *members.value, **action);
  return call(**action, request);
}

Result<void> Dispatcher::call_binary(const protocol::MessageHeader& header,
                                     std::span<const std::byte> content) {
  Request request;
  request.form = Request::Form::kBinary;
  request.payload = content;
  request.header = &header;
  if (header.action) return call(*header.action, request);

  if (content.size() == kPackedNameBytes + kPackedPayloadBytes) {
    const std::string_view name = as_text(content).substr(0, kPackedNameBytes);
    const Action* action = registry_->find(name);
    if (action != nullptr && action->packed_call) {
      request.payload = content.subspan(kPackedNameBytes);
      return call(name, request);
    }
  }
  return call(kBinaryAction, request);
}

Result<std::string_view> Dispatcher::decode(const protocol::MessageHeader& header,
                                            std::span<const std::byte> content) {
  const auto encoding = protocol::find_text_encoding(header.content_encoding);
  if (!encoding) {
    return fail(Status::kUnsupportedEncoding,
                "unknown content-encoding \"" + std::string(header.content_encoding) +
                    "\"; known are utf-8, utf-16, utf-16-le, utf-16-be, utf-32, utf-32-le, "
                    "utf-32-be, ascii and latin-1");
  }
  if (*encoding == protocol::TextEncoding::kUtf8) return as_text(content);
  // Where it matters the decoder of messages has refused a header without an order.
  const protocol::ByteOrder sender = header.byte_order.value_or(protocol::kNativeByteOrder);
  const Result<std::string_view> text = protocol::decode_text(*encoding, sender, content, text_);
  if (!text) return content_failure(text.error());
  return text;
}

Result<const Action*> Dispatcher::find(std::string_view name) const {
  if (const Action* action = registry_->find(name)) return action;
  return fail(Status::kInvalidAction, "invalid action \"" + std::string(name) + "\".");
}

Result<void> Dispatcher::call(std::string_view name, Request& request) {
  // Most calls are of the same action as the one before.
  if (last_called_ != nullptr && last_called_->name == name) return call(*last_called_, request);
  const Result<const Action*> action = find(name);
  if (!action) return tl::unexpected(action.error());
  return call(**action, request);
}

Result<void> Dispatcher::call(const Action& action, Request& request) {
  last_called_ = &action;
  last_action_ = action.name;
  request.action = action.name;
  request.source = starter_;
  if (action.waits()) {
    pending_ = !starter_->start(action, request, reply_);
    return {};
  }
  const RunningCall::Scope scope(running_, action);
  return action.handler(request, reply_);
}

}  // namespace appd::handlers
