#include "appd/protocol/status.h"

#include <array>
#include <cstddef>

namespace appd::protocol {
namespace {

struct Entry {
  Status status;
  std::string_view name;
  std::string_view meaning;
};

// In the order of the enum, so that a status is an index.
constexpr std::array<Entry, 14> kEntries = {{
    {Status::kOk, "ok", "success"},
    {Status::kBadHeader, "bad_header", "the message's header is malformed"},
    {Status::kContentTooLarge, "content_too_large", "the content is larger than the limit"},
    {Status::kInvalidContent, "invalid_content", "the content is malformed"},
    {Status::kUnsupportedEncoding, "unsupported_encoding", "the text encoding is unknown"},
    {Status::kInvalidAction, "invalid_action", "there is no such action"},
    {Status::kInvalidArgument, "invalid_argument", "the value is not one to work with"},
    {Status::kOutOfRange, "out_of_range", "the value is out of range"},
    {Status::kDeadlineExceeded, "deadline_exceeded", "the deadline has passed"},
    {Status::kTimeout, "timeout", "it took too long"},
    {Status::kOverloaded, "overloaded", "a limit is reached"},
    {Status::kShuttingDown, "shutting_down", "the server shuts down"},
    {Status::kUnavailable, "unavailable", "a server that is needed cannot be reached"},
    {Status::kInternal, "internal", "internal error"},
}};

constexpr bool entries_follow_enum() {
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (static_cast<std::size_t>(kEntries[i].status) != i) return false;
  }
  return static_cast<std::size_t>(Status::kInternal) + 1 == kEntries.size();
}
static_assert(entries_follow_enum());

class StatusCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "appd.status"; }
  [[nodiscard]] std::string message(int value) const override {
    auto index = static_cast<std::size_t>(value);
    return index < kEntries.size() ? std::string(kEntries[index].meaning) : "unknown status";
  }
};

}  // namespace

std::string_view status_name(Status status) {
  return kEntries[static_cast<std::size_t>(status)].name;
}

std::optional<Status> status_from_name(std::string_view name) {
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return entry.status;
  }
  return std::nullopt;
}

const std::error_category& status_category() {
  static const StatusCategory category;
  return category;
}

std::error_code make_error_code(Status status) {
  return {static_cast<int>(status), status_category()};
}

Status status_of(const Error& error) {
  if (error.code.category() != status_category()) return Status::kInternal;
  return static_cast<Status>(error.code.value());
}

}  // namespace appd::protocol
