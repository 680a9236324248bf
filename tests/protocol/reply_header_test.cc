#include "appd/protocol/reply_header.h"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>

#include "bytes.h"

namespace appd::protocol {
namespace {

std::string written(ReplyHeader& header, const ContentFields& content,
                    const ReplyExtension* extension) {
  return std::string(testing::as_text(header.write(content, extension)));
}

std::string encoded(const ContentFields& content, const ReplyExtension* extension) {
  std::string out;
  encode_reply_header(content, extension, out);
  return out;
}

template <std::size_t kCount>
std::string_view one_of(const std::array<std::string_view, kCount>& choices, std::mt19937& random) {
  return choices[random() % kCount];
}

TEST_CASE("reply header: any run of replies has the encoder's bytes") {
  // Some begin at the place of a constant, and are not it.
  constexpr std::array<std::string_view, 6> kTypes = {kJsonContentType,
                                                      kServerBinaryType,
                                                      "",
                                                      "9",
                                                      kJsonContentType.substr(0, 4),
                                                      kServerBinaryType.substr(0, 6)};
  constexpr std::array<std::string_view, 5> kEncodings = {kUtf8Encoding, kBinaryEncoding, "\"12",
                                                          kUtf8Encoding.substr(0, 3),
                                                          kBinaryEncoding.substr(0, 3)};
  constexpr std::array<std::string_view, 3> kIds = {"", "17", R"("a")"};
  constexpr std::array<Status, 3> kStatuses = {Status::kOk, Status::kInternal, Status::kTimeout};
  std::mt19937 random(1);
  ReplyHeader header;
  ContentFields content;
  ReplyExtension extension;
  bool extended = false;
  for (int i = 0; i < 20'000; ++i) {
    switch (random() % 8) {
      case 0:
        content.content_type = one_of(kTypes, random);
        break;
      case 1:
        content.content_encoding = one_of(kEncodings, random);
        break;
      case 2:
        extension.request_id = one_of(kIds, random);
        break;
      case 3:
        extension.status = kStatuses[random() % kStatuses.size()];
        break;
      case 4:
        extension.keep_alive = !extension.keep_alive;
        break;
      case 5:
        extended = !extended;
        break;
      default:
        content.content_length = random() >> (random() % 32);
    }
    const ReplyExtension* const told = extended ? &extension : nullptr;
    REQUIRE(written(header, content, told) == encoded(content, told));
  }
}

TEST_CASE("reply header: the largest content-length has room") {
  ReplyHeader header;
  for (const std::uint64_t length : {UINT64_MAX, UINT64_MAX - 1, std::uint64_t{0}, UINT64_MAX}) {
    const ContentFields content{.content_length = length};
    CHECK(written(header, content, nullptr) == encoded(content, nullptr));
  }
}

TEST_CASE("reply header: where only the length's digits differ, nothing else is written") {
  ReplyHeader header;
  ContentFields content{.content_length = 41};
  std::span<const std::byte> bytes = header.write(content, nullptr);
  // A mark in place of the first byte stays, since only the digits are written over it.
  const_cast<std::byte&>(bytes.front()) = std::byte{0x5a};
  content.content_length = 52;
  CHECK(header.write(content, nullptr).front() == std::byte{0x5a});
  content.content_length = 100;
  CHECK(header.write(content, nullptr).front() == std::byte{0});
}

}  // namespace
}  // namespace appd::protocol
