#include "appd/handlers/call_cache.h"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>

#include "call_fixture.h"

namespace appd::handlers::test {

namespace {

constexpr std::string_view kBegin = R"({"action": "search", "value": )";

// A cache that has seen `content`, which ends with `value` and a brace.
class Warm {
 public:
  explicit Warm(std::string_view value = R"("morpheus")") {
    remember(std::string(kBegin) + std::string(value) + "}", value.size());
  }

  void remember(const std::string& content, std::size_t value_bytes) {
    const std::string_view value =
        std::string_view(content).substr(content.size() - 1 - value_bytes, value_bytes);
    cache_.remember(content, *JsonView::parse(value), action_);
  }

  bool knows(std::string_view content) {
    std::optional<JsonView> value;
    const Action* const found = cache_.find(content, value);
    CHECK((found != nullptr) == value.has_value());
    return found != nullptr;
  }
  bool knows_value(std::string_view value) {
    return knows(std::string(kBegin) + std::string(value) + "}");
  }

 private:
  Action action_;
  CallCache cache_;
};

}  // namespace

TEST_CASE("call cache: a call is known again with another plain scalar at its end") {
  Warm warm;
  for (const std::string_view value :
       {R"("morpheus")", R"("")", R"("a rather long value, with 🐰 in it")", "0", "-12", "1e400"}) {
    CAPTURE(value);
    CHECK(warm.knows_value(value));
  }
}

TEST_CASE(
    "call cache: an array or object at its end is known as well, where the reader allows it") {
  CallCache cache(2);
  CallCache flat;
  Action action;
  const std::string first = std::string(kBegin) + R"({"key": "a", "list": [1]}})";
  const auto parsed =
      JsonView::parse(first.substr(kBegin.size(), first.size() - kBegin.size() - 1));
  REQUIRE(parsed.has_value());
  const JsonView value =
      parsed->in(std::string_view(first).substr(kBegin.size(), parsed->text().size()));
  cache.remember(first, value, action);
  flat.remember(first, value, action);
  std::optional<JsonView> found;
  const std::string other = std::string(kBegin) + R"({"list": [], "key": "b"}})";
  CHECK(cache.find(other, found) == &action);
  REQUIRE(found.has_value());
  CHECK(found->kind() == protocol::JsonKind::kObject);
  CHECK(found->text() == R"({"list": [], "key": "b"})");
  CHECK(flat.find(other, found) == nullptr);
  const std::string deep = std::string(kBegin) + R"({"list": [[]]}})";
  CHECK(cache.find(deep, found) == nullptr);
  const std::string more = std::string(kBegin) + R"({"key": "b"}, "more": {}})";
  CHECK(cache.find(more, found) == nullptr);
}

TEST_CASE("call cache: what is found is the action and the value that parsing gives") {
  Action action;
  CallCache cache;
  const std::string first = std::string(kBegin) + "1}";
  cache.remember(first, *JsonView::parse(std::string_view(first).substr(kBegin.size(), 1)), action);
  const std::string next = std::string(kBegin) + "4.5}";
  std::optional<JsonView> value;
  CHECK(cache.find(next, value) == &action);
  REQUIRE(value.has_value());
  CHECK(value->text() == "4.5");
  CHECK(value->kind() == protocol::JsonKind::kFraction);
}

TEST_CASE("call cache: anything but one plain scalar is left to the parser") {
  Warm warm;
  for (const std::string_view value : {"",
                                       " 1",
                                       "1 ",
                                       "01",
                                       "1.",
                                       "-",
                                       "+1",
                                       "nul",
                                       "null",
                                       "true",
                                       "[]",
                                       "{}",
                                       R"("a\"b")",
                                       R"("a)",
                                       R"(")",
                                       R"("a" )",
                                       "\"\x1f\"",
                                       "\"\xff\"",
                                       R"("a", "value": "b")",
                                       "1, \"x\": 2",
                                       R"("a"}, {"b")"}) {
    CAPTURE(value);
    CHECK_FALSE(warm.knows_value(value));
  }
}

TEST_CASE("call cache: another beginning or another end is another content") {
  Warm warm;
  CHECK_FALSE(warm.knows(R"({"action": "Search", "value": "morpheus"})"));
  CHECK_FALSE(warm.knows(R"({"action":"search", "value": "morpheus"})"));
  CHECK_FALSE(warm.knows(R"({"action": "search", "value": "morpheus"} )"));
  CHECK_FALSE(warm.knows(R"({"action": "search", "value": "morpheus")"));
  CHECK_FALSE(warm.knows(R"({"action": "search", "value": )"));
  CHECK_FALSE(warm.knows("}"));
  CHECK_FALSE(warm.knows(""));
}

TEST_CASE("call cache: only a content that ends with its value is remembered") {
  Warm warm;
  CHECK_FALSE(Warm("[1]").knows_value("[1]"));
  CHECK_FALSE(Warm("[1]").knows_value("1"));
  const std::string content = R"({"value": 1, "action": "search"})";
  CallCache cache;
  Action action;
  cache.remember(content, *JsonView::parse(std::string_view(content).substr(10, 1)), action);
  std::optional<JsonView> value;
  CHECK(cache.find(content, value) == nullptr);
}

TEST_CASE("call cache: beginnings past the limit are not remembered") {
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}}) {
    const std::string begin =
        std::string(CallCache::kMaxBeginBytes - kBegin.size() + more, ' ') + std::string(kBegin);
    Warm warm("[]");
    warm.remember(begin + "1}", 1);
    CHECK(warm.knows(begin + "2}") == (more == 0));
  }
}

TEST_CASE("call cache: what a large content begins with is not remembered") {
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}}) {
    const std::size_t around = kBegin.size() + std::string_view("\"\"}").size();
    const std::string text(CallCache::kMaxContentBytes - around + more, 'x');
    Warm warm("[]");
    warm.remember(std::string(kBegin) + '"' + text + "\"}", text.size() + 2);
    CHECK(warm.knows_value("1") == (more == 0));
  }
}

TEST_CASE("call cache: several actions are known at a time, and the oldest makes room") {
  Warm warm;
  for (std::size_t i = 0; i < CallCache::kEntries; ++i) {
    CHECK(warm.knows_value("1"));
    warm.remember("{\"n\": " + std::to_string(i) + ", \"value\": 1}", 1);
  }
  CHECK_FALSE(warm.knows_value("1"));
  CHECK(warm.knows(R"({"n": 0, "value": 2})"));
}

TEST_CASE("dispatch: a call that is known by its beginning is answered as if it were the first") {
  constexpr std::array<std::string_view, 24> kPieces = {"{",
                                                        "}",
                                                        R"("action": )",
                                                        R"("value": )",
                                                        R"("double")",
                                                        R"("search")",
                                                        ", ",
                                                        ":",
                                                        "1",
                                                        "-7",
                                                        "\"ring\"",
                                                        R"("a\u0062")",
                                                        "null",
                                                        "[1]",
                                                        " ",
                                                        "1.5",
                                                        "\"\xff\"",
                                                        "\"🐰",
                                                        "\"",
                                                        "\\",
                                                        R"("x": 1)",
                                                        R"("negate")",
                                                        "99999999999",
                                                        R"("echo")"};
  std::mt19937 random(7);
  Caller warm;
  for (int i = 0; i < 4000; ++i) {
    std::string content;
    if (random() % 4 != 0) {
      content = std::string("{\"action\": ") + std::string(kPieces[random() % 2 == 0 ? 4 : 23]) +
                ", \"value\": " + std::string(kPieces[random() % kPieces.size()]) + "}";
    }
    const std::size_t more = random() % (content.empty() ? 9 : 2);
    for (std::size_t piece = 0; piece < more; ++piece) {
      const std::size_t at = random() % (content.size() + 1);
      content.insert(at, kPieces[random() % kPieces.size()]);
    }
    CAPTURE(content);
    Caller fresh;
    REQUIRE(warm.json(content) == fresh.json(content));
  }
}

TEST_CASE("dispatch: with another registry a known call is the new one's") {
  Caller caller;
  CHECK(caller.call("double", "4") == json_result("8"));
  CHECK(caller.call("double", "5") == json_result("10"));
  Registry other;
  Action action;
  action.name = "double";
  action.handler = [](const Request& /*request*/, Reply& reply) -> Result<void> {
    reply.set_integer(0);
    return {};
  };
  other.add(std::move(action));
  caller.dispatcher.set_registry(other);
  CHECK(caller.call("double", "4") == json_result("0"));
}

}  // namespace appd::handlers::test
