#include "appd/handlers/dispatch.h"

#include <optional>
#include <utility>

#include "appd/handlers/failure.h"
#include "appd/protocol/text/text_encoding.h"

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

Reply& Dispatcher::dispatch(const protocol::MessageHeader& header,
                            std::span<const std::byte> content) {
  class NowhereToWait final : public DispatchDelegate {
    bool start(const Action& /*action*/, const Request& /*request*/, Reply& reply) override {
      set_internal(reply, "the action waits, which is not possible here");
      return true;
    }
  } nowhere;
  return *dispatch(header, content, nowhere).reply;
}

Dispatched Dispatcher::dispatch(const protocol::MessageHeader& header,
                                std::span<const std::byte> content, DispatchDelegate& delegate) {
  reply_.clear();
  Dispatched done{.reply = &reply_};
  try {
    Request request{.header = &header, .source = &delegate};
    std::optional<RunningCall::Scope> decoding;
    if (content.size() >= kNamedContentBytes) {
      decoding.emplace(running_, decoding_action(), delegate.connection());
    }
    done.action = find_known(header, content, request);
    if (done.action == nullptr) done.action = resolve_or_refuse(header, content, request);
    if (done.action != nullptr && !call(*done.action, request, delegate)) done.reply = nullptr;
  } catch (...) {
    set_thrown(reply_);
  }
  release_if_large(text_);
  release_if_large(action_name_);
  return done;
}

const Action* Dispatcher::find_known(const protocol::MessageHeader& header,
                                     std::span<const std::byte> content, Request& request) {
  if (header.action || !header.is_json() || !header.is_utf8()) return nullptr;
  return known_calls_.find(as_text(content), request.value);
}

const Action* Dispatcher::resolve_or_refuse(const protocol::MessageHeader& header,
                                            std::span<const std::byte> content, Request& request) {
  Result<const Action*> found = resolve(header, content, request);
  if (found) return latest_action_ = *found;
  set_failure(reply_, found.error());
  return nullptr;
}

bool Dispatcher::call(const Action& action, Request& request, DispatchDelegate& delegate) {
  request.action = action.name;
  if (action.waits() || (action.on_loop_only && delegate.off_loop())) {
    if (!delegate.start(action, request, reply_)) return false;
  } else {
    const RunningCall::Scope scope(running_, action, delegate.connection());
    const Result<void> done = action.handler(request, reply_);
    if (!done) set_failure(reply_, done.error());
  }
  if (!reply_.filled()) set_internal(reply_, "the action filled no reply");
  return true;
}

const Action* Dispatcher::find_action(const protocol::MessageHeader& header,
                                      std::span<const std::byte> content) {
  if (header.action) return registry_->find(*header.action);
  if (header.is_json() && content.size() > kMaxSearchedBytes) return nullptr;
  Request request{.header = &header};
  const Result<const Action*> found = resolve(header, content, request);
  return found ? *found : nullptr;
}

Result<const Action*> Dispatcher::resolve(const protocol::MessageHeader& header,
                                          std::span<const std::byte> content, Request& request) {
  if (!header.is_json()) return resolve_binary(header, content, request);
  // The JSON reader validates UTF-8 itself: decoding would look at every byte a second time.
  if (header.is_utf8()) return resolve_json(header, as_text(content), request);
  const Result<std::string_view> text = decode(header, content);
  if (!text) return tl::unexpected(text.error());
  return resolve_json(header, *text, request);
}

Result<const Action*> Dispatcher::resolve_json(const protocol::MessageHeader& header,
                                               std::string_view text, Request& request) {
  if (header.action) {
    const Result<JsonView> value = reader_.read_value(text);
    if (!value) return content_failure(value.error());
    request.value = *value;
    return find(*header.action);
  }
  CallMembers members;
  const Result<void> read = reader_.read_object(
      text, [&members](std::string_view name, JsonView member) { members.add(name, member); });
  if (!read) return content_failure(read.error());
  if (Result<void> checked = check_members(members); !checked) {
    return tl::unexpected(std::move(checked.error()));
  }
  request.value = members.value;
  Result<const Action*> action = find(members.action->string(action_name_));
  if (action && members.value) known_calls_.remember(text, *members.value, **action);
  return action;
}

Result<const Action*> Dispatcher::resolve_binary(const protocol::MessageHeader& header,
                                                 std::span<const std::byte> content,
                                                 Request& request) {
  request.form = Request::Form::kBinary;
  request.payload = content;
  if (header.action) return find(*header.action);
  if (content.size() == kPackedNameBytes + kPackedPayloadBytes) {
    const Action* action = look_up(as_text(content).substr(0, kPackedNameBytes));
    if (action != nullptr && action->packed_call) {
      request.payload = content.subspan(kPackedNameBytes);
      return action;
    }
  }
  return find(kBinaryAction);
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

// Most calls are of the same action as the one before.
const Action* Dispatcher::look_up(std::string_view name) const {
  if (latest_action_ != nullptr && latest_action_->name == name) return latest_action_;
  return registry_->find(name);
}

Result<const Action*> Dispatcher::find(std::string_view name) const {
  if (const Action* action = look_up(name)) return action;
  return fail(Status::kInvalidAction, "invalid action \"" + std::string(name) + "\".");
}

}  // namespace appd::handlers
