#include "appd/handlers/waiting/call_services.h"

namespace appd::handlers {

namespace {

// TEXT of {"result": "Error: TEXT"}.
std::string error_text(std::string_view content) {
  constexpr std::string_view kPrefix = "Error: ";
  protocol::JsonReader reader;
  std::string text;
  (void)reader.read_object(content, [&text](std::string_view name, JsonView value) {
    std::string scratch;
    if (name == "result" && value.kind() == protocol::JsonKind::kString) {
      text = value.string(scratch);
    }
  });
  if (text.starts_with(kPrefix)) text.erase(0, kPrefix.size());
  return text;
}

}  // namespace

Result<JsonView> CallReply::result() const {
  protocol::JsonReader reader;
  std::optional<JsonView> result;
  const auto read = reader.read_object(content, [&](std::string_view name, JsonView value) {
    if (name == "result") result = value;
  });
  if (!read) return tl::unexpected(read.error());
  if (!result) return protocol::fail(Status::kInvalidContent, "the reply has no \"result\"");
  return *result;
}

std::optional<reactor::TimePoint> CallRequest::deadline_within(
    std::optional<reactor::TimePoint> deadline, reactor::TimePoint now) const {
  if (!time_limit) return deadline;
  const reactor::TimePoint own =
      now + std::min<reactor::Duration>(*time_limit, protocol::kMaxDeadline);
  return deadline ? std::min(*deadline, own) : own;
}

Result<CallReply> to_call_reply(const Reply& reply) {
  if (reply.status() == Status::kInternal) {
    return protocol::fail(Status::kInternal, std::string(reply.detail()));
  }
  if (reply.status() != Status::kOk) {
    return protocol::fail(reply.status(), error_text(reply.content()));
  }
  return CallReply{.content_type = std::string(reply.content_type()),
                   .content_encoding = std::string(reply.content_encoding()),
                   .content = std::string(reply.content())};
}

}  // namespace appd::handlers
