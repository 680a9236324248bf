// The fast ways are the full parser's: what they take, it takes, and reads alike.
// Input: JSON texts (headers, for one), each ended by a NUL byte.
#include <array>
#include <string>
#include <vector>

#include "appd/handlers/call_cache.h"
#include "appd/protocol/header_cache.h"
#include "appd/protocol/text/json_scan.h"
#include "appd/protocol/text/utf8.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/fuzz_input.h"
#include "tests/fuzz/support/header_text.h"

namespace {

using namespace appd::fuzz;
using namespace appd::protocol;

// An array around it is nothing for the fast scan.
bool full_parser_takes(JsonReader& reader, std::string_view text) {
  const auto value = reader.read_value("[" + std::string(text) + "]");
  return value.has_value();
}

// The object with one more member, which is too deep for the fast scan.
std::string with_nested_member(std::string_view object, bool empty) {
  static_assert(internal::kMostScannedDepth < 5);
  std::string text(object.substr(0, object.rfind('}')));
  return text + (empty ? R"("": [[[[[]]]]]})" : R"(, "": [[[[[]]]]]})");
}

void check_scan(JsonReader& reader, std::string_view text) {
  if (!is_valid_utf8(text)) return;
  std::vector<internal::JsonMember> members;
  if (!internal::scan_object(text, internal::kMostScannedDepth, members)) return;
  APPD_CHECK(full_parser_takes(reader, text), text);
  std::size_t index = 0;
  const std::string nested = with_nested_member(text, members.empty());
  const auto read = reader.read_object(nested, [&](std::string_view name, JsonView value) {
    if (index == members.size()) {
      APPD_CHECK(name.empty() && value.kind() == JsonKind::kArray);
    } else {
      const internal::JsonMember& member = members[index];
      APPD_CHECK(name == member.name.of(text), name);
      APPD_CHECK(value.text() == member.value.slice.of(text), value.text());
      APPD_CHECK(value.kind() == member.value.kind, value.text());
    }
    ++index;
  });
  APPD_CHECK(read, read.error().message, nested);
  APPD_CHECK(index == members.size() + 1, nested);
}

struct Parsed {
  bool valid = false;
  std::string fields;
};

// With a member more, so that the scan is not taken.
Parsed parse_in_full(JsonReader& reader, std::string_view json, HeaderRules rules) {
  MessageHeader header;
  std::string scratch;
  Parsed parsed;
  const bool is_object = json.rfind('}') != std::string_view::npos;
  const std::string nested = is_object ? with_nested_member(json, false) : std::string(json);
  parsed.valid = parse_message_header(reader, as_bytes(nested), rules, header, scratch).has_value();
  parsed.fields = describe(header);
  return parsed;
}

class CacheUnderTest {
 public:
  CacheUnderTest(JsonReader& reader, HeaderRules rules) : reader_(reader), rules_(rules) {}

  void look_up(std::string_view json) {
    const ExactCopy copy(json);
    const MessageHeader* found = cache_.find(copy.bytes(), rules_);
    if (found == nullptr) return;
    const Parsed parsed = parse_in_full(reader_, json, rules_);
    APPD_CHECK(parsed.valid, json);
    APPD_CHECK(describe(*found) == parsed.fields, describe(*found), parsed.fields);
  }

  // As the decoder does, texts with escapes left out; and then with other digits in the place of
  // content-length's.
  void remember(std::string_view json) {
    MessageHeader header;
    std::string scratch;
    const ExactCopy copy(json);
    if (!parse_message_header(reader_, copy.bytes(), rules_, header, scratch)) return;
    if (!scratch.empty()) return;
    cache_.remember(copy.bytes(), rules_, header);
    const std::string_view digits = header.content_length_digits;
    if (digits.empty()) return;
    const auto begin = static_cast<std::size_t>(digits.data() - copy.text().data());
    for (const std::string_view other : kOtherDigits) {
      look_up(std::string(json).replace(begin, digits.size(), other));
    }
  }

 private:
  static constexpr std::array<std::string_view, 14> kOtherDigits = {"0",
                                                                    "7",
                                                                    "10",
                                                                    "00",
                                                                    "01",
                                                                    "-1",
                                                                    "1.0",
                                                                    "1e1",
                                                                    " 5",
                                                                    "5 ",
                                                                    "999999999999999999",
                                                                    "9999999999999999999",
                                                                    "5, \"x\": 5",
                                                                    ""};

  JsonReader& reader_;
  HeaderCache cache_;
  HeaderRules rules_;
};

// A warm cache of calls finds what parsing finds.
class CallsUnderTest {
 public:
  explicit CallsUnderTest(JsonReader& reader) : reader_(reader), cache_(reader.scanned_depth()) {}

  void look_up(std::string_view content) {
    const ExactCopy copy(content);
    std::optional<JsonView> known;
    (void)cache_.find(copy.text(), known);
    const std::vector<Member> members = members_of(copy.text());
    if (known) {
      APPD_CHECK(!members.empty(), content);
      APPD_CHECK(members.back().value.text() == known->text(), content);
      APPD_CHECK(members.back().value.kind() == known->kind(), content);
      APPD_CHECK(full_parser_takes(reader_, content), content);
    }
    if (!members.empty()) cache_.remember(copy.text(), members.back().value, action_);
  }

 private:
  struct Member {
    std::string name;
    JsonView value;
  };

  std::vector<Member> members_of(std::string_view content) {
    std::vector<Member> members;
    (void)reader_.read_object(content, [&members](std::string_view name, JsonView value) {
      members.push_back({std::string(name), value});
    });
    return members;
  }

  JsonReader& reader_;
  appd::handlers::Action action_;
  appd::handlers::CallCache cache_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  JsonReader reader;
  CacheUnderTest strict(reader, HeaderRules::kAllRequired);
  CacheUnderTest lax(reader, HeaderRules::kLengthOnly);
  CallsUnderTest calls(reader);
  std::string_view rest = FuzzInput(data, size).rest();
  for (int texts = 0; !rest.empty() && texts < 6; ++texts) {
    const std::string_view text = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
    check_scan(reader, ExactCopy(text).text());
    calls.look_up(text);
    for (CacheUnderTest* cache : {&strict, &lax}) {
      cache->look_up(text);
      cache->remember(text);
    }
  }
  return 0;
}
