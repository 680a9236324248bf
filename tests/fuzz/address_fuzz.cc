// An address that is taken prints as one that means the same. Input: the text.
#include "appd/protocol/address.h"
#include "appd/protocol/text/printable_text.h"
#include "appd/protocol/text/utf8.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace appd::protocol;
  const appd::fuzz::ExactCopy text(appd::fuzz::FuzzInput(data, size).rest());
  const auto address = parse_address(text.text());
  if (!address) {
    APPD_CHECK(status_of(address.error()) == Status::kInvalidArgument);
    const std::string& line = address.error().message;
    APPD_CHECK(!line.empty() && is_valid_utf8(line), line);
    APPD_CHECK(!has_hidden(line), line);
    return 0;
  }
  APPD_CHECK(address->transport != TransportKind::kUnix || !address->path.empty());
  const std::string printed = address->to_string();
  const auto again = parse_address(printed);
  APPD_CHECK(again, printed, again.error().message);
  APPD_CHECK(*again == *address, printed);
  APPD_CHECK(again->to_string() == printed, printed);
  return 0;
}
