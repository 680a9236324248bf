#include "appd/protocol/status.h"

#include <doctest/doctest.h>

#include <set>

namespace appd::protocol {
namespace {

constexpr int kCount = static_cast<int>(Status::kInternal) + 1;

TEST_CASE("status: every code has a name of its own that leads back to it") {
  std::set<std::string_view> names;
  for (int i = 0; i < kCount; ++i) {
    auto status = static_cast<Status>(i);
    names.insert(status_name(status));
    CHECK(status_from_name(status_name(status)) == status);
  }
  CHECK(names.size() == kCount);
}

TEST_CASE("status: the names are those of the wire") {
  CHECK(status_name(Status::kOk) == "ok");
  CHECK(status_name(Status::kBadHeader) == "bad_header");
  CHECK(status_name(Status::kContentTooLarge) == "content_too_large");
  CHECK(status_name(Status::kUnsupportedEncoding) == "unsupported_encoding");
  CHECK(status_name(Status::kDeadlineExceeded) == "deadline_exceeded");
  CHECK(status_name(Status::kShuttingDown) == "shutting_down");
  CHECK(status_name(Status::kUnavailable) == "unavailable");
}

TEST_CASE("status: an unknown name has no code") {
  CHECK_FALSE(status_from_name("OK").has_value());
  CHECK_FALSE(status_from_name("").has_value());
}

TEST_CASE("status: exactly five codes close the connection") {
  std::set<Status> closing;
  for (int i = 0; i < kCount; ++i) {
    if (closes_connection(static_cast<Status>(i))) closing.insert(static_cast<Status>(i));
  }
  CHECK(closing == std::set<Status>{Status::kBadHeader, Status::kContentTooLarge, Status::kTimeout,
                                    Status::kOverloaded, Status::kShuttingDown});
}

TEST_CASE("status: an error carries its status and its text") {
  Result<int> failed = fail(Status::kOutOfRange, "too much");
  REQUIRE_FALSE(failed);
  CHECK(status_of(failed.error()) == Status::kOutOfRange);
  CHECK(failed.error().message == "too much");
  CHECK((failed.error().code == Status::kOutOfRange));
}

TEST_CASE("status: an error of another domain is internal") {
  Error error{std::make_error_code(std::errc::connection_reset), "reset"};
  CHECK(status_of(error) == Status::kInternal);
}

TEST_CASE("status: each code says what it means") {
  for (int i = 0; i < kCount; ++i) CHECK_FALSE(status_category().message(i).empty());
  CHECK(status_category().message(kCount) == "unknown status");
  CHECK(status_category().message(-1) == "unknown status");
}

}  // namespace
}  // namespace appd::protocol
