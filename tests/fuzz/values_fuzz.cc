// What a typed action takes, it writes as JSON that it takes again, and that is written the same.
// What it refuses, it refuses in UTF-8. Input: the value, JSON.
#include <forward_list>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "appd/handlers/typed/typed_value.h"
#include "appd/protocol/text/utf8.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/fuzz_input.h"

namespace values_fuzz {

enum class Color { kRed, kBlue };
APPD_NAMES(Color, {kRed, "red"}, {kBlue, "blue"});

struct Leaf {
  std::string key;
  std::optional<std::int64_t> ttl_ms;
  std::optional<Color> color;
};
APPD_FIELDS(Leaf, key, ttl_ms, color);

struct Tree {
  std::vector<Leaf> leaves;
  std::map<std::string, Leaf> named;
  std::optional<std::tuple<double, bool, Color>> triple;
  appd::handlers::Json rest;
};
APPD_FIELDS(Tree, leaves, named, triple, rest);

}  // namespace values_fuzz

namespace {

using namespace appd::fuzz;
using namespace appd::handlers;
using Form = ValueForm<values_fuzz::Tree>;

// nullopt: refused.
std::optional<std::string> taken(std::string_view text) {
  const Result<JsonView> view = JsonView::parse(text);
  if (!view) return std::nullopt;
  appd::protocol::MessageHeader header;
  const Request request{.action = "act", .value = *view, .header = &header};
  std::forward_list<std::string> texts;
  const auto value = Form::from_json(*view, Site{request, texts});
  if (!value) {
    APPD_CHECK(appd::protocol::is_valid_utf8(value.error().message));
    return std::nullopt;
  }
  std::string written;
  APPD_CHECK(Form::append_json(written, *value));
  return written;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ExactCopy copy(FuzzInput(data, size).rest());
  const auto written = taken(copy.text());
  if (!written) return 0;
  const auto again = taken(*written);
  APPD_CHECK(again && *again == *written, *written);
  return 0;
}
